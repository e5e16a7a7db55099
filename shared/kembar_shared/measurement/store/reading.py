"""Reading measurements and rollups: bounded pages, nothing counted in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import and_, case, func, literal, or_, select, union_all

from kembar_shared.measurement.store.selecting import (
    VERSION,
    Row,
    Selection,
    in_turn,
    series_of,
    with_uploads,
)
from kembar_shared.measurement.store.tables import (
    EVENT,
    LATEST,
    MEASUREMENT,
    REVISION,
    ROLLUP,
    SERIES,
    STATION,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, RowMapping, Select, Table

    from kembar_shared.chassis.database import Connection


_SERIES_AT_ONCE: Final = 5_000
_SUMMED: Final = (
    "grain", "n", "total", "least", "greatest", "n_below", "n_above", "slots", "covered_min",
    "left_out",
)  # fmt: skip


# A quotient of two integers is an integer on SQLite and PostgreSQL alike.
_LENGTH: Final = case(
    (ROLLUP.c.grain == 0, ROLLUP.c.covered_min.op("/")(func.nullif(ROLLUP.c.slots, 0))), else_=1
)
_WEIGHT: Final = ROLLUP.c.slots * _LENGTH
_WEIGHTED: Final = ROLLUP.c.mean_total * _LENGTH


class Sums(NamedTuple):
    """Sums of a series in a local day, month or year, of values of one grain.

    Attributes:
        series_id: The series.
        bucket: The period: yyyymmdd, yyyymm or yyyy.
        grain: What each value stands for: 0 a day or less, 1 a month, 2 a year.
        n: How many values there are.
        total: Their sum.
        least: The smallest.
        greatest: The largest.
        n_below: How many results lie below a limit.
        n_above: How many lie above one.
        slots: How many different spans of time they stand for.
        covered_min: Minutes in those.
        left_out: How many values stand for another length of time than those that were summed.
        mean: Of those spans, each weighed by its length.
        sampled: On how many days, or in how many months or years, there are any.
        months: In how many months.
    """

    series_id: int
    bucket: int
    grain: int
    n: int
    total: float | None
    least: float | None
    greatest: float | None
    n_below: int
    n_above: int
    slots: int
    covered_min: int
    left_out: int
    mean: float | None
    sampled: int
    months: int


def measurements(
    conn: Connection,
    selection: Selection,
    *,
    after: tuple[int, int] | None,
    limit: int,
    as_of: datetime | None,
) -> list[Row]:
    """Return measurements by series and time, as they count now or counted at *as_of*."""
    labels = series_of(conn, selection, first=after[0] if after else 0)

    def fetch(ids: Sequence[int], most: int) -> Sequence[RowMapping]:
        zones = {id_: labels[id_]["timezone"] for id_ in ids}
        wanted = _versions(MEASUREMENT, zones, selection, after)
        ordered = wanted.order_by(MEASUREMENT.c.series_id, MEASUREMENT.c.time_us)
        if as_of is not None:
            past = _versions(REVISION, zones, selection, after)
            union = union_all(
                _known_at(wanted, MEASUREMENT, as_of), _known_at(past, REVISION, as_of)
            ).subquery()
            ordered = select(union).order_by(union.c.series_id, union.c.time_us)
        return conn.execute(ordered.limit(most)).mappings().all()

    rows = in_turn(list(labels), limit, fetch)
    return with_uploads(conn, [labels[row["series_id"]] | dict(row) for row in rows])


def latest(conn: Connection, selection: Selection, *, after: int, limit: int) -> list[Row]:
    """Return the newest measurement of each series that no check failed."""
    labels = series_of(conn, selection, first=after + 1)
    wanted = select(*(LATEST.c[name] for name in VERSION)).order_by(LATEST.c.series_id)
    found: list[Row] = []
    ids = list(labels)
    for start in range(0, len(ids), _SERIES_AT_ONCE):
        chosen = wanted.where(LATEST.c.series_id.in_(ids[start : start + _SERIES_AT_ONCE]))
        rows = conn.execute(chosen.limit(limit - len(found))).mappings()
        found += [labels[row["series_id"]] | dict(row) for row in rows]
        if len(found) >= limit:
            break
    return with_uploads(conn, found)


def rollups(
    conn: Connection,
    selection: Selection,
    *,
    digits: int,
    first_day: int,
    end_day: int,
    after: tuple[int, int] | None,
    limit: int,
) -> list[tuple[Row, Sums]]:
    """Return the labels of a series and sums, per series and bucket; grains are kept apart.

    Args:
        conn: A reading transaction.
        selection: Series asked for.
        digits: By what `first_day` is divided: 1 a day, 100 a month, 10,000 a year.
        first_day: First local day asked for, yyyymmdd.
        end_day: First local day no longer asked for.
        after: Series and bucket of the last one answered.
        limit: Most rows.
    """
    labels = series_of(conn, selection, first=after[0] if after else 0)
    bucket = ROLLUP.c.first_day.op("/")(literal(digits))
    conditions = [
        ROLLUP.c.first_day >= first_day,
        ROLLUP.c.first_day < end_day,
        ROLLUP.c.grain <= {1: 0, 100: 1, 10_000: 2}[digits],
    ]
    if after is not None:
        conditions.append(or_(ROLLUP.c.series_id > after[0], bucket > after[1]))

    chosen = _as_kept() if digits == 1 else _sums(bucket)

    def fetch(ids: Sequence[int], most: int) -> Sequence[Any]:
        wanted = chosen.where(ROLLUP.c.series_id.in_(ids), *conditions).limit(most)
        return conn.execute(wanted).all()

    found = map(Sums._make, in_turn(list(labels), limit, fetch))
    return [(labels[sums.series_id], sums) for sums in found]


def _as_kept() -> Select[Any]:
    """Return what `_sums` does of days, which are kept as they are asked for."""
    once = literal(1)
    return select(
        ROLLUP.c.series_id,
        ROLLUP.c.first_day.label("bucket"),
        *(ROLLUP.c[name] for name in _SUMMED),
        (ROLLUP.c.mean_total / func.nullif(ROLLUP.c.slots, 0)).label("mean"),
        once.label("sampled"),
        once.label("months"),
    ).order_by(ROLLUP.c.series_id, ROLLUP.c.first_day, ROLLUP.c.grain)


def _sums(bucket: ColumnElement[int]) -> Select[Any]:
    named = bucket.label("bucket")
    return (
        select(
            ROLLUP.c.series_id,
            named,
            ROLLUP.c.grain,
            func.sum(ROLLUP.c.n).label("n"),
            func.sum(ROLLUP.c.total).label("total"),
            func.min(ROLLUP.c.least).label("least"),
            func.max(ROLLUP.c.greatest).label("greatest"),
            func.sum(ROLLUP.c.n_below).label("n_below"),
            func.sum(ROLLUP.c.n_above).label("n_above"),
            func.sum(ROLLUP.c.slots).label("slots"),
            func.sum(ROLLUP.c.covered_min).label("covered_min"),
            func.sum(ROLLUP.c.left_out).label("left_out"),
            (func.sum(_WEIGHTED) / func.nullif(func.sum(_WEIGHT), 0)).label("mean"),
            func.count().label("sampled"),
            func.count(ROLLUP.c.first_day.op("/")(literal(100)).distinct()).label("months"),
        )
        .group_by(ROLLUP.c.series_id, named, ROLLUP.c.grain)
        .order_by(ROLLUP.c.series_id, named, ROLLUP.c.grain)
    )


def days(
    conn: Connection,
    *,
    first_day: int,
    end_day: int,
    jurisdiction: str | None = None,
    stations: Sequence[str] | None = None,
    parameters: Sequence[str] | None = None,
) -> Sequence[Any]:
    """Return the rollups of the local days asked for, with their stations and series.

    Args:
        conn: A reading transaction.
        first_day: First local day, yyyymmdd.
        end_day: First local day no longer asked for.
        jurisdiction: Only of its stations.
        stations: Only of these stations, by their codes.
        parameters: Only of these parameters.
    """
    conditions = [ROLLUP.c.first_day >= first_day, ROLLUP.c.first_day < end_day]
    if parameters is not None:
        conditions.append(SERIES.c.parameter.in_(parameters))
    if jurisdiction is not None:
        conditions.append(STATION.c.jurisdiction == jurisdiction)
    if stations is not None:
        conditions.append(STATION.c.code.in_(stations))
    wanted = (
        select(
            STATION.c.code,
            STATION.c.jurisdiction,
            STATION.c.origin,
            STATION.c.altitude_m,
            STATION.c.water_class,
            SERIES.c.parameter,
            SERIES.c.material,
            SERIES.c.source,
            SERIES.c.cadence,
            ROLLUP.c.grain,
            ROLLUP.c.first_day,
            ROLLUP.c.n,
            ROLLUP.c.total,
            ROLLUP.c.least,
            ROLLUP.c.greatest,
            ROLLUP.c.n_below,
            ROLLUP.c.n_above,
            ROLLUP.c.below_limit,
            ROLLUP.c.slots,
            ROLLUP.c.covered_min,
            ROLLUP.c.mean_total,
            ROLLUP.c.below_total,
            ROLLUP.c.left_out,
        )
        .join(SERIES, SERIES.c.id == ROLLUP.c.series_id)
        .join(STATION, STATION.c.id == SERIES.c.station_id)
        .where(*conditions)
        .order_by(STATION.c.code, SERIES.c.id, ROLLUP.c.first_day)
    )
    return conn.execute(wanted).all()


def _versions(
    table: Table, zones: Mapping[int, str], selection: Selection, after: tuple[int, int] | None
) -> Select[Any]:
    conditions = [table.c.series_id.in_(list(zones)), *selection.rows(table, zones)]
    if after is not None and after[0] in zones:
        series_id, time_us = after
        conditions.append(or_(table.c.series_id > series_id, table.c.time_us > time_us))
    return select(*(table.c[name] for name in VERSION)).where(*conditions)


def _known_at(versions: Select[Any], table: Table, instant: datetime) -> Select[Any]:
    """Keep the versions that counted at *instant*."""
    made = EVENT.alias()
    known = versions.join(
        made,
        and_(
            made.c.id == func.coalesce(table.c.judged_by, table.c.upload_id),
            made.c.recorded_at <= instant,
        ),
    )
    if table is not REVISION:
        return known
    replaced = EVENT.alias()
    return known.join(
        replaced,
        and_(replaced.c.id == table.c.replaced_by, replaced.c.recorded_at > instant),
    )
