"""Every SQL statement of the kernel: `writing` changes, `stations` and `reading` answer."""

from kembar_shared.measurement.store import reading, stations, writing

__all__ = ["reading", "stations", "writing"]
