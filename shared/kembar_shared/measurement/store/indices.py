"""Index values as they were last computed, and which of them are due to be computed anew."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl
from sqlalchemy import delete, func, select, tuple_

from kembar_shared.measurement.indicators import INDEX_SCHEMA
from kembar_shared.measurement.periods import EPOCH
from kembar_shared.measurement.store import bulk
from kembar_shared.measurement.store.tables import CHANGE, EVENT, INDEX, SERIES, STATION
from kembar_shared.measurement.vocabulary import Grain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from kembar_shared.chassis.database import Connection

Key = tuple[int, int, str, int]
"""Number of the station, first day, index and grain of a value."""

GRAINS: Final = (Grain.DAY, Grain.MONTH, Grain.YEAR)
_KEY: Final = ("station_id", "first_day", "index_code", "grain")
_KEPT: Final[dict[str, pl.DataType]] = {
    "first_day": pl.Int32(),
    "grain": pl.Int16(),
    "parameters": pl.String(),
    "missing": pl.String(),
}
_LISTS: Final = ("parameters", "missing", "detail")


@dataclass(frozen=True, slots=True)
class Touched:
    """Between which instants something happened to a station's measurements."""

    station_id: int
    station: str
    timezone: str
    first_us: int
    last_us: int


def touched(
    conn: Connection, *, done: int, upto: int, parameters: Sequence[str] | None = None
) -> list[Touched]:
    """Return what each event after *done*, up to *upto*, touched at each station.

    Args:
        conn: A reading transaction.
        done: Place of the last event that is not asked for.
        upto: Place of the last one that is.
        parameters: Only what it touched of these.
    """
    wanted = (
        select(
            STATION.c.id.label("station_id"),
            STATION.c.code.label("station"),
            STATION.c.timezone,
            func.min(CHANGE.c.first_us).label("first_us"),
            func.max(CHANGE.c.last_us).label("last_us"),
        )
        .join(SERIES, SERIES.c.station_id == STATION.c.id)
        .join(CHANGE, CHANGE.c.series_id == SERIES.c.id)
        .join(EVENT, EVENT.c.id == CHANGE.c.event_id)
        .where(EVENT.c.seq > done, EVENT.c.seq <= upto)
        .group_by(STATION.c.id, STATION.c.code, STATION.c.timezone, EVENT.c.id)
    )
    if parameters is not None:
        wanted = wanted.where(SERIES.c.parameter.in_(parameters))
    return [Touched(*row) for row in conn.execute(wanted)]


def changed_since(conn: Connection, instant: datetime) -> list[str]:
    """Return the codes of the stations that were changed since *instant*."""
    wanted = select(STATION.c.code).where(STATION.c.changed_at >= instant)
    return list(conn.execute(wanted).scalars())


def recorded_at(conn: Connection, seq: int) -> datetime:
    """Return when the event with this place was recorded; the beginning of time for none."""
    found = conn.execute(select(EVENT.c.recorded_at).where(EVENT.c.seq == seq)).scalar()
    return EPOCH if found is None else found


def whole(conn: Connection, stations: Sequence[str] | None) -> list[Touched]:
    """Return between which instants stations (None: all) have ever had measurements."""
    wanted = (
        select(
            STATION.c.id,
            STATION.c.code,
            STATION.c.timezone,
            func.min(CHANGE.c.first_us),
            func.max(CHANGE.c.last_us),
        )
        .join(SERIES, SERIES.c.station_id == STATION.c.id)
        .join(CHANGE, CHANGE.c.series_id == SERIES.c.id)
        .group_by(STATION.c.id, STATION.c.code, STATION.c.timezone)
    )
    if stations is not None:
        wanted = wanted.where(STATION.c.code.in_(stations))
    return [Touched(*row) for row in conn.execute(wanted)]


def replace(
    conn: Connection, stations: Mapping[str, int], days: tuple[int, int], values: pl.DataFrame
) -> None:
    """Let *values* take the place of what stations have between two days.

    Args:
        conn: A writing transaction.
        stations: Numbers of stations by their code.
        days: First local day, yyyymmdd, and the first one that is left alone.
        values: Columns of `INDEX_SCHEMA` and `digest`, of these stations and days alone.
    """
    conn.execute(
        delete(INDEX).where(
            INDEX.c.station_id.in_(list(stations.values())),
            INDEX.c.first_day >= days[0],
            INDEX.c.first_day < days[1],
        )
    )
    year, month, day = (
        part.cast(pl.Int32)
        for part in (
            pl.col("period").dt.year(), pl.col("period").dt.month(), pl.col("period").dt.day()
        )
    )  # fmt: skip
    numbered = year * 10_000 + month * 100 + day
    rows = values.select(
        pl.col("station").replace_strict(stations, return_dtype=pl.Int32).alias("station_id"),
        numbered.alias("first_day"),
        pl.col("index").alias("index_code"),
        pl.col("grain")
        .replace_strict({g.value: i for i, g in enumerate(GRAINS)}, return_dtype=pl.Int16)
        .alias("grain"),
        "value",
        "unit",
        "category",
        "state",
        "method",
        _as_json("parameters"),
        _as_json("missing"),
        "critical",
        "detail",
        "digest",
    )
    bulk.append(conn, INDEX.name, rows.sort(_KEY))


def read(
    conn: Connection,
    stations: Sequence[str],
    days: tuple[int, int],
    *,
    index: str | None,
    after: Key | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return index values by station, day, index and grain, with `station` and `origin`.

    Args:
        conn: A reading transaction.
        stations: Codes of the stations asked for.
        days: First local day, yyyymmdd, and the first one no longer asked for.
        index: Only this one.
        after: Key of the last value answered.
        limit: Most values.
    """
    conditions: list[ColumnElement[bool]] = [
        STATION.c.code.in_(stations),
        INDEX.c.first_day >= days[0],
        INDEX.c.first_day < days[1],
    ]
    if index is not None:
        conditions.append(INDEX.c.index_code == index)
    key = [INDEX.c[name] for name in _KEY]
    if after is not None:
        conditions += [INDEX.c.station_id >= after[0], tuple_(*key) > tuple_(*after)]
    wanted = (
        select(INDEX, STATION.c.code.label("station"), STATION.c.origin)
        .join(STATION, STATION.c.id == INDEX.c.station_id)
        .where(*conditions)
        .order_by(*key)
        .limit(limit)
    )
    found = [dict(row) for row in conn.execute(wanted).mappings()]
    for row in found:
        row.update({name: json.loads(row[name]) for name in _LISTS})
    return found


def frame(
    conn: Connection,
    stations: Sequence[str],
    days: tuple[int, int],
    only: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Return the index values of stations between two local days (`INDEX_SCHEMA`).

    Args:
        conn: A reading transaction.
        stations: Codes of the stations asked for.
        days: First local day, yyyymmdd, and the first one no longer asked for.
        only: Codes of the indices asked for; None: all.
    """
    names = {"first_day": "period", "index_code": "index"}
    columns = [column for column in INDEX.c if column.name not in {"station_id", "digest"}]
    wanted = (
        select(STATION.c.code.label("station"), *columns)
        .join(STATION, STATION.c.id == INDEX.c.station_id)
        .where(
            STATION.c.code.in_(stations),
            INDEX.c.first_day >= days[0],
            INDEX.c.first_day < days[1],
        )
        .order_by(*(INDEX.c[name] for name in _KEY))
    )
    if only is not None:
        wanted = wanted.where(INDEX.c.index_code.in_(only))
    schema = {"station": pl.String()} | {
        column.name: _KEPT.get(column.name) or INDEX_SCHEMA[names.get(column.name, column.name)]
        for column in columns
    }
    rows = [tuple(row) for row in conn.execute(wanted)]
    kept = pl.DataFrame(rows, schema=schema, orient="row").rename(names)
    day = pl.col("period")
    return kept.with_columns(
        period=pl.date(day // 10_000, day // 100 % 100, day % 100),
        grain=pl.col("grain").replace_strict(
            {i: grain.value for i, grain in enumerate(GRAINS)}, return_dtype=pl.String
        ),
        parameters=pl.col("parameters").str.json_decode(pl.List(pl.String)),
        missing=pl.col("missing").str.json_decode(pl.List(pl.String)),
    ).select(INDEX_SCHEMA.names())


def _as_json(name: str) -> pl.Expr:
    """Write a list of codes, which hold no quotation marks, as JSON."""
    quoted = pl.format('["{}"]', pl.col(name).list.join('","'))
    return pl.when(pl.col(name).list.len() > 0).then(quoted).otherwise(pl.lit("[]")).alias(name)
