"""Index values, station by station."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from kembar_shared.measurement import rollups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from kembar_shared.chassis.database import Connection
    from kembar_shared.measurement.indicators import Domain

_MOST_AT_ONCE: Final = 64


def values(
    conn: Connection,
    domain: Domain,
    stations: Sequence[str],
    days: tuple[date, date],
    *,
    index: str | None,
    skipped: int,
    limit: int,
) -> pl.DataFrame:
    """Return the next index values by station, day and index: *limit* and some more, if there are.

    Args:
        conn: A reading transaction.
        domain: What computes them.
        stations: Codes, in order.
        days: First local day, and the first one no longer asked for.
        index: Only this one.
        skipped: How many values of the first station were answered before.
        limit: How many are enough.
    """
    found: list[pl.DataFrame] = []
    start, at_once, enough = 0, 8, limit
    while start < len(stations) and enough >= 0:
        frame = rollups.days(conn, *days, stations=stations[start : start + at_once])
        computed = domain.indices(frame).sort("station", "period", "index")
        if index is not None:
            computed = computed.filter(pl.col("index") == index)
        found.append(computed.slice(skipped if start == 0 else 0))
        enough -= found[-1].height
        start += at_once
        at_once = min(at_once * 2, _MOST_AT_ONCE)
    # A station without any value may know fewer parameters, and so fewer members of a detail.
    filled = [frame for frame in found if not frame.is_empty()]
    return pl.concat(filled) if filled else pl.DataFrame(schema={"station": pl.String})


def newest(
    conn: Connection, domain: Domain, ages: Mapping[str, timedelta], now: datetime
) -> list[dict[str, Any]]:
    """Return the newest value of each index at each station: `station`, `index`, `period`, `value`.

    Args:
        conn: A reading transaction.
        domain: What computes them.
        ages: How far back the period of a value may begin, for each station by its code.
        now: The time.
    """
    found: list[dict[str, Any]] = []
    following = now.date() + timedelta(days=2)
    for age in sorted(set(ages.values())):
        first = (now - age).date() - timedelta(days=1)
        stations = sorted(code for code in ages if ages[code] == age)
        for start in range(0, len(stations), _MOST_AT_ONCE):
            part = stations[start : start + _MOST_AT_ONCE]
            frame = rollups.days(conn, first, following, stations=part)
            if frame.is_empty():
                continue
            computed = domain.indices(frame).select("station", "index", "period", "value")
            numbered = computed.drop_nulls("value").sort("period", maintain_order=True)
            last = numbered.unique(["station", "index"], keep="last", maintain_order=True)
            found += last.to_dicts()
    return found
