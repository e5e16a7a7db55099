"""Sums per local day, month and year.

A bucket that holds nothing but the rows of one upload is summed up from these; every other one is
computed anew from what is stored. Nothing is ever added to a sum.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import polars as pl
from sqlalchemy import func, select

from kembar_shared.chassis.database import is_cluster
from kembar_shared.measurement.periods import DAY_MIN, Period, local_midnight_us
from kembar_shared.measurement.store import bulk, summing
from kembar_shared.measurement.store.series import hold
from kembar_shared.measurement.store.tables import ROLLUP, SERIES, STATION
from kembar_shared.measurement.vocabulary import COUNTED_FLAGS, Grain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kembar_shared.chassis.database import Connection

GRAINS: Final = (Grain.DAY, Grain.MONTH, Grain.YEAR)

BUCKET: Final = {"series_id": pl.Int32, "grain": pl.Int16, "first_day": pl.Int32}

COUNTED: Final = frozenset(COUNTED_FLAGS)
"""Flags of the values that are summed up."""

_SERIES_AT_ONCE: Final = 200
_BUCKETS_AT_ONCE: Final = 2_000
"""About how much is computed anew in one transaction, while others wait to write."""

_QUARTER_US: Final = 15 * 60 * 1_000_000
_TRUNCATION: Final = {0: "1d", 1: "1mo", 2: "1y"}
_FORGET: Final = """
    WITH t (series_id, grain, first_day, start_us, end_us) AS (VALUES {values})
    DELETE FROM rollup WHERE (series_id, grain, first_day) IN (
        SELECT series_id, grain, first_day FROM t)
"""
_PRESENT: Final = """
    WITH t (series_id, grain, first_day) AS (VALUES {values})
    SELECT t.series_id, t.grain, t.first_day FROM t JOIN rollup r
      ON r.series_id = t.series_id AND r.grain = t.grain AND r.first_day = t.first_day
"""


def places(rows: pl.DataFrame, zones: Mapping[int, str]) -> pl.DataFrame:
    """Return where each row lies in its station's calendar.

    Args:
        rows: `series_id`, `time_us` and `span`.
        zones: Time zone of each series.

    Returns:
        `first_day`, yyyymmdd, of the day, month or year the row stands for or in; `slot`, which of
        the spans of that length in the day it is; and `is_late`, whether that has begun before.
    """
    return pl.concat(_places(part, zones) for part in rows.iter_slices(bulk.SLICE))


def _places(rows: pl.DataFrame, zones: Mapping[int, str]) -> pl.DataFrame:
    names = sorted(set(zones.values()))
    number_of = {series: names.index(zone) for series, zone in zones.items()}
    quarters = rows.select(
        "time_us",
        "span",
        quarter=pl.col("time_us") // _QUARTER_US,
        zone=pl.col("series_id").replace_strict(number_of, return_dtype=pl.Int16),
        grain=grain_of_span(),
    )
    # No clock is ever changed but at a whole quarter of an hour.
    key = ("zone", "grain", "quarter")
    placed = pl.concat(
        _first_days(part, names[zone], grain)
        for (zone, grain), part in quarters.select(key)
        .unique()
        .partition_by("zone", "grain", as_dict=True)
        .items()
    )
    passed = pl.col("time_us") - pl.col("start_us")
    length = pl.col("span").cast(pl.Int64) * 60_000_000
    slot = pl.when(is_short()).then(passed // length).otherwise(0)
    return (
        quarters.join(placed, on=key, how="left", maintain_order="left")
        .with_columns(slot=slot.cast(pl.Int32))
        .select("first_day", "slot", is_late=is_short() & (passed > pl.col("slot") * length))
    )


def _first_days(quarters: pl.DataFrame, zone: str, grain: int) -> pl.DataFrame:
    """Add `first_day` and `start_us`, its local midnight, to quarters of an hour."""
    instant = pl.from_epoch(pl.col("quarter") * _QUARTER_US, time_unit="us")
    local = instant.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    days = quarters.with_columns(first_day=_number(local.dt.date().dt.truncate(_TRUNCATION[grain])))
    starts = {day: bounds_us(day, grain, zone)[0] for day in days["first_day"].unique().to_list()}
    return days.with_columns(
        start_us=pl.col("first_day").replace_strict(starts, return_dtype=pl.Int64)
    )


def grain_of_span() -> pl.Expr:
    """Return the code of the calendar period that a span lies in, as `summing.GRAIN_SQL` does."""
    span = pl.col("span")
    return pl.when(span > 0).then(0).when(span == -1).then(1).otherwise(2).cast(pl.Int16)


def renew_after(conn: Connection, after: int) -> int | None:
    """Compute the sums of the next series anew from what is stored.

    Args:
        conn: A writing transaction.
        after: Number of the last series that is done.

    Returns:
        Number of the last series that is done now; None where there was no other.
    """
    counts = conn.execute(
        select(ROLLUP.c.series_id, func.count().label("n"), STATION.c.timezone)
        .join(SERIES, SERIES.c.id == ROLLUP.c.series_id)
        .join(STATION, STATION.c.id == SERIES.c.station_id)
        .where(ROLLUP.c.series_id > after)
        .group_by(ROLLUP.c.series_id, STATION.c.timezone)
        .order_by(ROLLUP.c.series_id)
        .limit(_SERIES_AT_ONCE)
    ).all()
    if not counts:
        return None
    before = list(accumulate((row.n for row in counts), initial=0))
    together = [row for row, n in zip(counts, before, strict=False) if n < _BUCKETS_AT_ONCE]
    ids = [row.series_id for row in together]
    hold(conn, ids)
    key = (ROLLUP.c[name] for name in BUCKET)
    kept = conn.execute(select(*key).where(ROLLUP.c.series_id.in_(ids))).all()
    recompute(conn, buckets(kept), {row.series_id: row.timezone for row in together})
    return int(ids[-1])


def is_short() -> pl.Expr:
    """Say of which values there are several in a day."""
    return pl.col("span").is_between(1, DAY_MIN - 1)


def add(conn: Connection, fresh: pl.DataFrame, zones: Mapping[int, str]) -> None:
    """Add the sums of rows that were inserted into series without any others in their span of time.

    Args:
        conn: The transaction that inserted them.
        fresh: What `fresh.summed` made of the rows.
        zones: Time zone of each series.
    """
    # What is stored of these series lies before or after: only the outermost days are shared.
    first_day = pl.col("first_day")
    edges = fresh.group_by("series_id", "grain").agg(
        pl.concat_list(first_day.min(), first_day.max()).first()
    )
    shared = _present(conn, edges.explode("first_day").unique())
    bulk.append(conn, ROLLUP.name, fresh.join(shared, on=list(BUCKET), how="anti"))
    recompute(conn, shared, zones)


def buckets(rows: Iterable[Any]) -> pl.DataFrame:
    """Return rows of series, grain and first day as buckets."""
    return pl.DataFrame([tuple(row) for row in rows], schema=BUCKET, orient="row")


def buckets_of_instants(rows: Sequence[Any], zones: Mapping[int, str]) -> pl.DataFrame:
    """Return the buckets that rows of series, instant and span lie in."""
    schema = {"series_id": pl.Int32, "time_us": pl.Int64, "span": pl.Int16}
    frame = pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
    if frame.is_empty():
        return pl.DataFrame(schema=BUCKET)
    placed = frame.hstack(places(frame, zones))
    return placed.select("series_id", grain_of_span().alias("grain"), "first_day").unique()


def recompute(conn: Connection, touched: pl.DataFrame, zones: Mapping[int, str]) -> None:
    """Compute the sums of the buckets *touched* anew from what is stored."""
    if touched.is_empty():
        return
    zone = pl.col("series_id").replace_strict(zones, return_dtype=pl.String)
    zoned = touched.with_columns(timezone=zone)
    bounds = pl.DataFrame(
        [
            (zone, grain, first_day, *bounds_us(first_day, grain, zone))
            for zone, grain, first_day in zoned.select("timezone", "grain", "first_day")
            .unique()
            .rows()
        ],
        schema={"timezone": pl.String, "grain": pl.Int16, "first_day": pl.Int32}
        | {"start_us": pl.Int64, "end_us": pl.Int64},
        orient="row",
    )
    bounded = zoned.join(bounds, on=["timezone", "grain", "first_day"]).sort(list(BUCKET))
    low, high = bounded["start_us"].min(), bounded["end_us"].max()
    within = f"m.time_us >= {low!r} AND m.time_us < {high!r}"
    for values in bulk.values(bounded.select(*BUCKET, "start_us", "end_us")):
        conn.exec_driver_sql(_FORGET.format(values=values))
        given, told = f"VALUES {values}", within if is_cluster(conn) else ""
        conn.exec_driver_sql(summing.plain(conn, given, told, over=False))
        conn.exec_driver_sql(summing.odd(conn, given, told))


def _present(conn: Connection, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return which of the buckets *wanted* have sums already."""
    return buckets(
        row
        for values in bulk.values(wanted.select(*BUCKET))
        for row in conn.exec_driver_sql(_PRESENT.format(values=values))
    )


def _number(day: pl.Expr) -> pl.Expr:
    """Return a date as yyyymmdd."""
    return (
        day.dt.year() * 10_000 + day.dt.month().cast(pl.Int32) * 100 + day.dt.day().cast(pl.Int32)
    ).cast(pl.Int32)


@lru_cache(maxsize=4096)
def bounds_us(first_day: int, grain: int, zone: str) -> tuple[int, int]:
    """Return the instants at which a bucket begins and the next one does."""
    day = date(first_day // 10_000, first_day // 100 % 100, first_day % 100)
    period = Period(day, GRAINS[grain])
    return (
        local_midnight_us(period.first, ZoneInfo(zone)),
        local_midnight_us(period.following, ZoneInfo(zone)),
    )
