"""Sums per local day, month and year.

A bucket that holds nothing but the rows of one upload is summed up from these; every other one is
computed anew from what is stored. Nothing is ever added to a sum.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from kembar_shared.chassis.database import is_cluster, is_sqlite
from kembar_shared.measurement.periods import Period, local_midnight_us
from kembar_shared.measurement.store import bulk
from kembar_shared.measurement.store.tables import ROLLUP
from kembar_shared.measurement.vocabulary import COUNTED_FLAGS, Grain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kembar_shared.chassis.database import Connection

GRAINS: Final = (Grain.DAY, Grain.MONTH, Grain.YEAR)

BUCKET: Final = {"series_id": pl.Int32, "grain": pl.Int16, "first_day": pl.Int32}

GRAIN_SQL: Final = "CASE WHEN {span} > 0 THEN 0 WHEN {span} = -1 THEN 1 ELSE 2 END"

COUNTED: Final = frozenset(COUNTED_FLAGS)
"""Flags of the values that are summed up."""

_QUARTER_US: Final = 15 * 60 * 1_000_000
_TRUNCATION: Final = {0: "1d", 1: "1mo", 2: "1y"}
_COUNTED: Final = [int(flag) for flag in COUNTED_FLAGS]
_COUNTED_SQL: Final = ", ".join(map(str, _COUNTED))
_FORGET: Final = """
    WITH t (series_id, grain, first_day, start_us, end_us) AS (VALUES {values})
    DELETE FROM rollup WHERE (series_id, grain, first_day) IN (
        SELECT series_id, grain, first_day FROM t)
"""
_BY_SPAN: Final = """
    SELECT {key}, m.span, count(m.value) AS n, sum(m.value) AS total, min(m.value) AS least,
           max(m.value) AS greatest, count(CASE WHEN m.qualifier = '<' THEN 1 END) AS n_below,
           count(CASE WHEN m.qualifier = '>' THEN 1 END) AS n_above,
           max(CASE WHEN m.qualifier = '<' THEN m.limit_value END) AS below_limit,
           count(DISTINCT CASE WHEN m.span > 0
                 THEN (m.time_us - t.start_us) / (m.span * CAST(60000000 AS BIGINT))
                 ELSE 0 END) AS slots
    FROM {rows}
      m.series_id = t.series_id AND m.time_us >= t.start_us AND m.time_us < t.end_us
      AND {grain} = t.grain AND m.flag IN ({counted})
    GROUP BY {key}, m.span
"""
_RECOMPUTE: Final = """
    WITH t (series_id, grain, first_day, start_us, end_us) AS ({buckets})
    INSERT INTO rollup (series_id, grain, first_day, n, total, least, greatest, n_below, n_above,
                        below_limit, slots, covered_min)
    SELECT series_id, grain, first_day, sum(n), sum(total), min(least), max(greatest),
           sum(n_below), sum(n_above), max(below_limit), sum(slots),
           sum(CASE WHEN span > 0 THEN slots * span ELSE 0 END)
    FROM {by_span} WHERE true GROUP BY series_id, grain, first_day
"""
_SUMS: Final = (
    "n", "total", "least", "greatest", "n_below", "n_above", "below_limit", "slots", "covered_min",
)  # fmt: skip
_OVER: Final = f"""
    ON CONFLICT (series_id, grain, first_day)
    DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _SUMS)}
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
        `first_day`, yyyymmdd, of the day, month or year the row stands for or in, and `slot`, which
        of the spans of that length in the day it is.
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
        grain=_grain(),
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
    slot = (pl.col("time_us") - pl.col("start_us")) // (pl.col("span").cast(pl.Int64) * 60_000_000)
    return quarters.join(placed, on=key, how="left", maintain_order="left").select(
        "first_day", slot=pl.when(pl.col("span") > 0).then(slot).otherwise(0).cast(pl.Int32)
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


def _grain() -> pl.Expr:
    """Return the code of the calendar period that a span lies in, as `GRAIN_SQL` does."""
    span = pl.col("span")
    return pl.when(span > 0).then(0).when(span == -1).then(1).otherwise(2).cast(pl.Int16)


def add(conn: Connection, fresh: pl.DataFrame, zones: Mapping[int, str]) -> None:
    """Add the sums of rows that were inserted into series without any others in their span of time.

    Args:
        conn: The transaction that inserted them.
        fresh: What `summed` made of the rows.
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
    return placed.select("series_id", _grain().alias("grain"), "first_day").unique()


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
        by_span = _by_span(conn, within if is_cluster(conn) else "")
        conn.exec_driver_sql(_RECOMPUTE.format(buckets=f"VALUES {values}", by_span=by_span))


def renewing(conn: Connection, buckets: str, within: str = "") -> str:
    """Return the statement that computes sums anew for buckets that got rows and lost none.

    Args:
        conn: Whose dialect.
        buckets: A query of `BUCKET`, and the instants between which each bucket lies.
        within: On PostgreSQL, a condition on `m.time_us` that tells the partitions.
    """
    return _RECOMPUTE.format(buckets=buckets, by_span=_by_span(conn, within)) + _OVER


def _by_span(conn: Connection, within: str = "") -> str:
    """Return the sums of each bucket in `t` and each span of its values.

    SQLite looks each bucket's rows up by itself; PostgreSQL would rather read the whole table.
    Citus takes nothing but a join, and reads the whole span: up to a hundred times as much.
    """
    grain = GRAIN_SQL.format(span="m.span")
    if is_sqlite(conn) or is_cluster(conn):
        key = "m.series_id, t.grain, t.first_day"
        rows = f"t JOIN measurement m ON {within + ' AND' if within and is_cluster(conn) else ''}"
        sums = _BY_SPAN.format(key=key, rows=rows, grain=grain, counted=_COUNTED_SQL)
        return f"({sums}) AS sums"
    rows = f"measurement m WHERE {within + ' AND' if within else ''}"
    sums = _BY_SPAN.format(key="m.series_id", rows=rows, grain=grain, counted=_COUNTED_SQL)
    inner = sums.replace("SELECT m.series_id, m.span", "SELECT m.span")
    return f"t CROSS JOIN LATERAL ({inner.replace('GROUP BY m.series_id,', 'GROUP BY')}) AS sums"


def summed(rows: pl.DataFrame, zones: Mapping[int, str]) -> pl.DataFrame:
    """Sum the rows that count up by series and period, as `_RECOMPUTE` does.

    Args:
        rows: Columns of `staging.ROWS`, by series and time.
        zones: Time zone of each series.

    Returns:
        Rows of `rollup`.
    """
    return pl.concat(
        [_summed(part.hstack(places(part, zones))) for part in bulk.whole_series(rows)]
    )


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    absent = [
        pl.lit(None, pl.String).alias("qualifier"),
        pl.lit(None, pl.Float64).alias("limit_value"),
    ]
    filled = rows.lazy().with_columns(
        column for column in absent if column.meta.output_name() not in rows.columns
    )
    value, is_below = pl.col("value"), pl.col("qualifier") == "<"
    by_span = (
        filled.filter(pl.col("flag").is_in(_COUNTED))
        .group_by("series_id", "span", "first_day", maintain_order=True)
        .agg(
            n=value.count(),
            total=value.sum(),
            least=value.min(),
            greatest=value.max(),
            n_below=is_below.sum(),
            n_above=(pl.col("qualifier") == ">").sum(),
            below_limit=pl.col("limit_value").filter(is_below).max(),
            slots=pl.col("slot").n_unique(),
        )
        .collect()
    )
    whole = ("n", "n_below", "n_above", "slots")
    return (
        by_span.with_columns(covered_min=pl.col("slots") * pl.col("span").clip(0))
        .group_by("series_id", _grain().alias("grain"), "first_day", maintain_order=True)
        .agg(
            *(pl.col(name).sum().cast(pl.Int32) for name in (*whole, "covered_min")),
            pl.when(pl.col("n").sum() > 0).then(pl.col("total").sum()).alias("total"),
            pl.col("least").min(),
            pl.col("greatest").max(),
            pl.col("below_limit").max(),
        )
    )


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
