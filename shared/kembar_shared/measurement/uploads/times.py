"""Cells of time: instants with an offset, or clock times of a zone the sender declared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement.periods import us_of_instant
from kembar_shared.measurement.uploads.faults import fault_of, no_faults

if TYPE_CHECKING:
    from kembar_shared.measurement.uploads.declared import Declaration

EARLIEST: Final = datetime(1950, 1, 1, tzinfo=UTC)
AHEAD: Final = timedelta(hours=24)

# Spelled out, for \d would take the digits of every script.
_ISO = r"^(?<y>[0-9]{4})-(?<m>[0-9]{2})-(?<d>[0-9]{2})"
_DMY = r"^(?<d>[0-9]{1,2})[/.-](?<m>[0-9]{1,2})[/.-](?<y>[0-9]{4})"
_USUAL = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-5][0-9]:[0-5][0-9]"
    r"[+-](?:0[0-9]|1[0-3]):[0-5][0-9]$"
)
_CLOCK = (
    r"(?:[T ](?<h>[0-9]{1,2}):(?<n>[0-5][0-9])(?::(?<s>[0-5][0-9])(?:\.(?<f>[0-9]{1,6}))?)?)?"
    r" *(?<o>Z|z|[+-][0-9]{2}:?[0-5][0-9])?$"
)


def check(
    frame: pl.DataFrame, declared: Declaration, *, now: datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Add `time_us` to *frame* and name the cells that hold no usable instant."""
    cells = frame.select("time").unique().drop_nulls()
    instants = _fast(cells, declared)
    slow = instants.filter(pl.col("time_us").is_null()).select("time")
    if not slow.is_empty():
        quick = instants.filter(pl.col("time_us").is_not_null())
        instants = pl.concat([quick, _read(slow, declared)])
    timed = frame.join(instants, on="time", how="left", maintain_order="left")
    return timed, _faults(timed, declared, now)


def usual(time: pl.Series, declared: Declaration, *, now: datetime) -> pl.Series:
    """Return `time_us` of the cells with a usable instant in the most usual form, else null."""
    latest_us, earliest_us = us_of_instant(now + AHEAD), us_of_instant(EARLIEST)
    at = pl.col("time_us")
    instants = _fast(time.unique().drop_nulls().to_frame(), declared).with_columns(
        pl.when(at.is_between(earliest_us, latest_us)).then(at)
    )
    return time.replace_strict(instants["time"], instants["time_us"], default=None).alias("time_us")


def _fast(cells: pl.DataFrame, declared: Declaration) -> pl.DataFrame:
    """Read the most usual form alone, `2026-01-31T13:05:00+07:00`."""
    is_usual = pl.col("time").str.contains(_USUAL) & (declared.dates == "iso")
    instant = (
        pl.when(is_usual)
        .then(pl.col("time"))
        .str.to_datetime("%Y-%m-%dT%H:%M:%S%:z", time_unit="us", time_zone="UTC", strict=False)
    )
    return cells.select(
        "time",
        instant.dt.epoch("us").alias("time_us"),
        pl.lit(value=False).alias("is_local"),
        pl.lit(value=True).alias("is_read"),
    )


def _read(cells: pl.DataFrame, declared: Declaration) -> pl.DataFrame:
    """Read every form that means one instant."""
    pattern = (_ISO if declared.dates == "iso" else _DMY) + _CLOCK
    parts = cells.with_columns(p=pl.col("time").str.extract_groups(pattern)).unnest("p")
    number = {part: pl.col(part).cast(pl.Int32, strict=False).fill_null(0) for part in "ymdhns"}
    wall = pl.concat_str(
        [
            number["y"].cast(pl.String).str.zfill(4),
            pl.lit("-"),
            number["m"].cast(pl.String).str.zfill(2),
            pl.lit("-"),
            number["d"].cast(pl.String).str.zfill(2),
            pl.lit("T"),
            number["h"].cast(pl.String).str.zfill(2),
            pl.lit(":"),
            number["n"].cast(pl.String).str.zfill(2),
            pl.lit(":"),
            number["s"].cast(pl.String).str.zfill(2),
            pl.lit("."),
            pl.col("f").fill_null("").str.pad_end(6, "0"),
        ]
    ).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    digits = pl.col("o").str.replace_all(r"[^0-9]", "")
    offset_min = pl.when(pl.col("o").str.to_lowercase() == "z").then(0).otherwise(
        digits.str.head(2).cast(pl.Int32, strict=False) * 60
        + digits.str.tail(2).cast(pl.Int32, strict=False)
    ) * pl.when(pl.col("o").str.starts_with("-")).then(-1).otherwise(1)
    local = _in_zone(pl.col("wall"), declared)
    return (
        parts.with_columns(wall=wall, offset_min=offset_min)
        .with_columns(
            offset_min=pl.when(pl.col("offset_min").abs() <= 14 * 60)
            .then("offset_min")
            .cast(pl.Int64),
            is_local=pl.col("o").is_null(),
        )
        .with_columns(
            time_us=pl.when(pl.col("is_local"))
            .then(local)
            .otherwise(pl.col("wall").dt.epoch("us") - pl.col("offset_min") * 60_000_000)
        )
        .select("time", "time_us", "is_local", is_read=pl.col("wall").is_not_null())
    )


def _in_zone(wall: pl.Expr, declared: Declaration) -> pl.Expr:
    """Return the instants of clock times in the declared zone; none where there are 0 or 2."""
    if declared.timezone is None:
        return pl.lit(None, pl.Int64)
    zoned = wall.dt.replace_time_zone(str(declared.timezone), ambiguous="null", non_existent="null")
    return zoned.dt.epoch("us")


def _faults(timed: pl.DataFrame, declared: Declaration, now: datetime) -> pl.DataFrame:
    latest_us, earliest_us = us_of_instant(now + AHEAD), us_of_instant(EARLIEST)
    if timed["time_us"].null_count() == 0 and _all_within(timed, earliest_us, latest_us):
        return no_faults()
    is_given, at = pl.col("time").is_not_null(), pl.col("time_us")
    is_unread = is_given & ~pl.col("is_read").fill_null(value=False)
    is_bare = pl.col("is_read") & pl.col("is_local")
    dateless = pl.col("time").str.contains(r"^[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}")
    is_undeclared = is_unread & dateless & pl.lit(declared.dates == "iso")
    cases = (
        (~is_given, "time-missing", ""),
        (is_undeclared, "date-order-undeclared", "dates=dmy"),
        (is_unread & ~is_undeclared, "time-unreadable", "2026-01-31T13:05:00+07:00"),
        (is_bare & pl.lit(declared.timezone is None), "time-without-offset", "+07:00"),
        (
            is_bare & at.is_null() & pl.lit(declared.timezone is not None),
            "time-ambiguous",
            "+07:00",
        ),
        (pl.col("is_read") & ~pl.col("is_local") & at.is_null(), "time-unreadable", "+07:00"),
        (at > latest_us, "time-in-future", ""),
        (at < earliest_us, "time-too-old", "1950-01-01"),
    )
    return pl.concat([fault_of(timed, where, "time", code, hint) for where, code, hint in cases])


def _all_within(timed: pl.DataFrame, earliest_us: int, latest_us: int) -> bool:
    return bool(timed.select(pl.col("time_us").is_between(earliest_us, latest_us).all()).item())
