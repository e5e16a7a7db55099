"""Every SQL statement of the kernel: what writes, what reads, and what both share."""

from kembar_shared.measurement.store import (
    acts,
    changes,
    events,
    figures,
    heads,
    hours,
    indices,
    judging,
    lineage,
    partitions,
    posts,
    reading,
    series,
    staging,
    stations,
    sums,
    writing,
)
from kembar_shared.measurement.store.selecting import Selection

__all__ = [
    "Selection",
    "acts",
    "changes",
    "events",
    "figures",
    "heads",
    "hours",
    "indices",
    "judging",
    "lineage",
    "partitions",
    "posts",
    "reading",
    "series",
    "staging",
    "stations",
    "sums",
    "writing",
]
