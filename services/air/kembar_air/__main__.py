"""The command `kembar-air`."""

from __future__ import annotations

from kembar_air.settings import AirSettings
from kembar_shared.chassis import cli
from kembar_shared.measurement.settings import MAKE_ROOM, PACKAGES


def main() -> None:
    """Run the air service."""
    cli.run("air", AirSettings, "kembar_air.app:build", PACKAGES, make_room=MAKE_ROOM)


if __name__ == "__main__":
    main()
