"""What a figure rests on, down to the lines of uploads; and which figures rest on an upload."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final

from sqlalchemy import select, tuple_

from kembar_shared.measurement.store import sums
from kembar_shared.measurement.store.selecting import VERSION, Row, with_uploads
from kembar_shared.measurement.store.tables import (
    CHANGE,
    FIGURE,
    MEASUREMENT,
    ROLLUP,
    SERIES,
    STATION,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import RowMapping

    from kembar_shared.chassis.database import Connection

Place = tuple[int, int, int]
"""Number of a series, first day and grain of a sum."""

_LABELS: Final = ("parameter", "material", "source")


@dataclass(frozen=True, slots=True)
class Reach:
    """Between which instants an upload brought values of a station's series."""

    jurisdiction: str
    timezone: str
    first_us: int
    last_us: int


def figure(conn: Connection, key: tuple[str, str, str]) -> RowMapping | None:
    """Return the figure of a jurisdiction, indicator and period, if there is one."""
    columns = (FIGURE.c.jurisdiction, FIGURE.c.indicator, FIGURE.c.period)
    return conn.execute(select(FIGURE).where(tuple_(*columns) == tuple_(*key))).mappings().first()


def sums_of(
    conn: Connection,
    jurisdiction: str,
    days: tuple[int, int],
    grain: int,
    *,
    after: Place,
    limit: int,
) -> list[Row]:
    """Return the sums of a jurisdiction's series between two local days, with their labels.

    Args:
        conn: A reading transaction.
        jurisdiction: Its code.
        days: First local day, yyyymmdd, and the first one no longer asked for.
        grain: Of the longest; a year's total is in no month.
        after: Place of the last one answered; zeros for the beginning.
        limit: Most sums.
    """
    key = (ROLLUP.c.series_id, ROLLUP.c.first_day, ROLLUP.c.grain)
    wanted = (
        select(
            ROLLUP,
            STATION.c.code.label("station"),
            STATION.c.timezone,
            STATION.c.origin,
            *(SERIES.c[name] for name in _LABELS),
        )
        .join(SERIES, SERIES.c.id == ROLLUP.c.series_id)
        .join(STATION, STATION.c.id == SERIES.c.station_id)
        .where(
            STATION.c.jurisdiction == jurisdiction,
            ROLLUP.c.first_day >= days[0],
            ROLLUP.c.first_day < days[1],
            ROLLUP.c.grain <= grain,
            tuple_(*key) > tuple_(*after),
        )
        .order_by(*key)
        .limit(limit)
    )
    return [dict(row) for row in conn.execute(wanted).mappings()]


def measurements_of(conn: Connection, rows: Sequence[Row]) -> dict[Place, list[Row]]:
    """Return the measurements that are in each of some sums, in the order of their time.

    Those that stand for another length of time than the ones summed are in none.

    Args:
        conn: A reading transaction.
        rows: What `sums_of` returns.
    """
    found: dict[Place, list[Row]] = {}
    by_series: dict[int, list[Row]] = {}
    for row in rows:
        by_series.setdefault(row["series_id"], []).append(row)
    for series_id, buckets in by_series.items():
        spans = sorted(
            (b["grain"], *sums.bounds_us(b["first_day"], b["grain"], b["timezone"]), b["first_day"])
            for b in buckets
        )
        of_days = [b for b in buckets if b["grain"] == 0]
        lengths = {b["first_day"]: b["covered_min"] // b["slots"] for b in of_days}
        wanted = (
            select(*(MEASUREMENT.c[name] for name in VERSION))
            .where(
                MEASUREMENT.c.series_id == series_id,
                MEASUREMENT.c.time_us >= min(first for _, first, _, _ in spans),
                MEASUREMENT.c.time_us < max(following for _, _, following, _ in spans),
                MEASUREMENT.c.flag.in_([int(flag) for flag in sums.COUNTED]),
            )
            .order_by(MEASUREMENT.c.time_us)
        )
        labels = {name: buckets[0][name] for name in ("station", "timezone", "origin", *_LABELS)}
        read = [labels | dict(row) for row in conn.execute(wanted).mappings()]
        for version in with_uploads(conn, read):
            grain = 0 if version["span"] > 0 else 1 if version["span"] == -1 else 2
            # The span that begins last before the value, if it reaches as far.
            at = bisect_right(spans, (grain, version["time_us"], inf)) - 1
            is_in = at >= 0 and spans[at][0] == grain and version["time_us"] < spans[at][2]
            if is_in and (grain or version["span"] == lengths[spans[at][3]]):
                found.setdefault((series_id, spans[at][3], grain), []).append(version)
    return found


def reach(conn: Connection, upload: int) -> list[Reach]:
    """Return where and between which instants the values of an upload lie."""
    wanted = (
        select(STATION.c.jurisdiction, STATION.c.timezone, CHANGE.c.first_us, CHANGE.c.last_us)
        .join(SERIES, SERIES.c.id == CHANGE.c.series_id)
        .join(STATION, STATION.c.id == SERIES.c.station_id)
        .where(CHANGE.c.event_id == upload)
    )
    return [Reach(*row) for row in conn.execute(wanted)]


def figures_of(
    conn: Connection,
    periods: Collection[tuple[str, str]],
    *,
    after: tuple[str, str, str],
    limit: int,
) -> list[Row]:
    """Return the figures of jurisdictions and periods, in the order of their keys.

    Args:
        conn: A reading transaction.
        periods: Jurisdiction and period.
        after: Jurisdiction, indicator and period of the last one answered.
        limit: Most figures.
    """
    key = (FIGURE.c.jurisdiction, FIGURE.c.indicator, FIGURE.c.period)
    wanted = (
        select(FIGURE)
        .where(
            FIGURE.c.jurisdiction.in_({jurisdiction for jurisdiction, _ in periods}),
            tuple_(*key) > tuple_(*after),
        )
        .order_by(*key)
    )
    found = []
    for row in conn.execute(wanted).mappings():
        if (row["jurisdiction"], row["period"]) in periods:
            found.append(dict(row))
        if len(found) >= limit:
            break
    return found
