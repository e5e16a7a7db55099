"""Reading measurements, rollups, receipts: bounded pages, nothing counted in full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, and_, func, literal, or_, select, union_all

from kembar_shared.measurement.models import (
    Latest,
    Measurement,
    MeasurementRevision,
    Rejection,
    Rollup,
    Series,
    Station,
    Upload,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, RowMapping

    from kembar_shared.chassis.database import Connection

_station = Station.__table__  # type: ignore[attr-defined]  # SQLModel sets it
_series = Series.__table__  # type: ignore[attr-defined]  # SQLModel sets it
_upload = Upload.__table__  # type: ignore[attr-defined]  # SQLModel sets it
_rejection = Rejection.__table__  # type: ignore[attr-defined]  # SQLModel sets it
_now = Measurement.__table__  # type: ignore[attr-defined]  # SQLModel sets it
_past = MeasurementRevision.__table__  # type: ignore[attr-defined]  # SQLModel sets it
_rollup = Rollup.__table__  # type: ignore[attr-defined]  # SQLModel sets it
_latest = Latest.__table__  # type: ignore[attr-defined]  # SQLModel sets it

_LABELS = (
    _station.c.code.label("station"),
    _station.c.timezone,
    _series.c.parameter,
    _series.c.material,
    _series.c.source,
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which measurements are asked for; an absent member does not narrow.

    Attributes:
        stations: Codes of the stations the caller may see and asked for.
        parameters: Codes of parameters.
        from_us: First instant, microseconds since 1970 UTC.
        to_us: First instant no longer asked for.
    """

    stations: tuple[str, ...] | None = None
    parameters: tuple[str, ...] | None = None
    material: str | None = None
    source: str | None = None
    from_us: int | None = None
    to_us: int | None = None
    flag: int | None = None

    def series(self) -> list[ColumnElement[bool]]:
        """Return the conditions on the series."""
        wanted: list[ColumnElement[bool]] = []
        if self.stations is not None:
            wanted.append(_station.c.code.in_(self.stations))
        if self.parameters is not None:
            wanted.append(_series.c.parameter.in_(self.parameters))
        if self.material is not None:
            wanted.append(_series.c.material == self.material)
        if self.source is not None:
            wanted.append(_series.c.source == self.source)
        return wanted

    def rows(self, table: Any) -> list[ColumnElement[bool]]:
        """Return the conditions on the rows of *table*."""
        wanted: list[ColumnElement[bool]] = []
        if self.from_us is not None:
            wanted.append(table.c.time_us >= self.from_us)
        if self.to_us is not None:
            wanted.append(table.c.time_us < self.to_us)
        if self.flag is not None:
            wanted.append(table.c.flag == self.flag)
        return wanted


def measurements(
    conn: Connection,
    selection: Selection,
    *,
    after: tuple[int, int] | None,
    limit: int,
    as_of: datetime | None,
) -> Sequence[RowMapping]:
    """Return measurements by series and time, as they count now or counted at *as_of*."""
    known = None
    if as_of is not None:
        wanted = select(func.max(_upload.c.id)).where(_upload.c.received_at <= as_of)
        known = conn.execute(wanted).scalar() or 0
    versions = [_versions(_now, selection, after, known)]
    if known is not None:
        versions.append(_versions(_past, selection, after, known))
    union = union_all(*versions).subquery()
    wanted = select(union).order_by(union.c.series_id, union.c.time_us).limit(limit)
    return conn.execute(wanted).mappings().all()


def _versions(
    table: Any, selection: Selection, after: tuple[int, int] | None, known: int | None
) -> Select[Any]:
    conditions = [*selection.series(), *selection.rows(table)]
    if after is not None:
        series_id, time_us = after
        conditions.append(
            or_(
                table.c.series_id > series_id,
                and_(table.c.series_id == series_id, table.c.time_us > time_us),
            )
        )
    if known is not None:
        conditions.append(table.c.upload_id <= known)
        if table is _past:
            conditions.append(table.c.replaced_by > known)
    columns = [column for column in table.c if column.name not in {"replaced_by", "upload_id"}]
    return (
        select(*sorted(columns, key=lambda c: c.name), *_LABELS, _upload.c.code.label("upload"))
        .join(_series, _series.c.id == table.c.series_id)
        .join(_station, _station.c.id == _series.c.station_id)
        .join(_upload, _upload.c.id == table.c.upload_id)
        .where(*conditions)
    )


def revisions(conn: Connection, series_id: int, time_us: int) -> Sequence[RowMapping]:
    """Return the values that one measurement had before, oldest first."""
    wanted = (
        select(_past, _upload.c.code.label("upload"))
        .join(_upload, _upload.c.id == _past.c.upload_id)
        .where(_past.c.series_id == series_id, _past.c.time_us == time_us)
        .order_by(_past.c.revision)
    )
    return conn.execute(wanted).mappings().all()


def latest(
    conn: Connection, selection: Selection, *, after: int, limit: int
) -> Sequence[RowMapping]:
    """Return the newest measurement of each series that no check failed."""
    wanted = (
        _versions(_now, selection, None, None)
        .join(
            _latest,
            and_(_latest.c.series_id == _now.c.series_id, _latest.c.time_us == _now.c.time_us),
        )
        .where(_now.c.series_id > after)
        .order_by(_now.c.series_id)
        .limit(limit)
    )
    return conn.execute(wanted).mappings().all()


def newest_values(conn: Connection) -> Sequence[RowMapping]:
    """Return station, parameter, time and value of each series' newest measurement."""
    wanted = (
        select(*_LABELS, _series.c.cadence, _latest.c.time_us, _latest.c.value)
        .join(_series, _series.c.id == _latest.c.series_id)
        .join(_station, _station.c.id == _series.c.station_id)
    )
    return conn.execute(wanted).mappings().all()


def rollups(
    conn: Connection,
    selection: Selection,
    *,
    digits: int,
    first_day: int,
    end_day: int,
    after: tuple[int, int] | None,
    limit: int,
) -> Sequence[RowMapping]:
    """Return sums per series and bucket; grains of measurements are kept apart.

    Args:
        conn: A reading transaction.
        selection: Series asked for.
        digits: By what `first_day` is divided: 1 a day, 100 a month, 10,000 a year.
        first_day: First local day asked for, yyyymmdd.
        end_day: First local day no longer asked for.
        after: Series and bucket of the last one answered.
        limit: Most rows.
    """
    # A quotient of two integers is an integer on SQLite and PostgreSQL alike.
    bucket = _rollup.c.first_day.op("/")(literal(digits)).label("bucket")
    conditions = [
        *selection.series(),
        _rollup.c.first_day >= first_day,
        _rollup.c.first_day < end_day,
        _rollup.c.grain <= {1: 0, 100: 1, 10_000: 2}[digits],
    ]
    if after is not None:
        conditions.append(
            or_(
                _rollup.c.series_id > after[0],
                and_(_rollup.c.series_id == after[0], bucket > after[1]),
            )
        )
    wanted = (
        select(
            _rollup.c.series_id,
            bucket,
            _rollup.c.grain,
            *_LABELS,
            _series.c.cadence,
            func.sum(_rollup.c.n).label("n"),
            func.sum(_rollup.c.total).label("total"),
            func.min(_rollup.c.least).label("least"),
            func.max(_rollup.c.greatest).label("greatest"),
            func.sum(_rollup.c.n_below).label("n_below"),
            func.sum(_rollup.c.n_above).label("n_above"),
            func.max(_rollup.c.below_limit).label("below_limit"),
            func.count().label("sampled"),
        )
        .join(_series, _series.c.id == _rollup.c.series_id)
        .join(_station, _station.c.id == _series.c.station_id)
        .where(*conditions)
        .group_by(_rollup.c.series_id, bucket, _rollup.c.grain, *_LABELS, _series.c.cadence)
        .order_by(_rollup.c.series_id, bucket, _rollup.c.grain)
        .limit(limit)
    )
    return conn.execute(wanted).mappings().all()


def days(conn: Connection, *, first_day: int, end_day: int) -> Sequence[Any]:
    """Return every rollup of the local days asked for, with its station and series."""
    wanted = (
        select(
            _station.c.code,
            _station.c.jurisdiction,
            _station.c.origin,
            _station.c.altitude_m,
            _station.c.water_class,
            _series.c.parameter,
            _series.c.material,
            _series.c.source,
            _series.c.cadence,
            _rollup.c.grain,
            _rollup.c.first_day,
            _rollup.c.n,
            _rollup.c.total,
            _rollup.c.least,
            _rollup.c.greatest,
            _rollup.c.n_below,
            _rollup.c.n_above,
            _rollup.c.below_limit,
        )
        .join(_series, _series.c.id == _rollup.c.series_id)
        .join(_station, _station.c.id == _series.c.station_id)
        .where(_rollup.c.first_day >= first_day, _rollup.c.first_day < end_day)
        .order_by(_station.c.code, _series.c.id, _rollup.c.first_day)
    )
    return conn.execute(wanted).all()


def upload(conn: Connection, code: str) -> RowMapping | None:
    """Return the receipt with this code, if there is one."""
    wanted = select(_upload).where(_upload.c.code == code)
    return conn.execute(wanted).mappings().one_or_none()


def rejections(conn: Connection, upload_id: int, *, after: int, limit: int) -> Sequence[RowMapping]:
    """Return the failing cells of an upload in the order of its lines."""
    wanted = (
        select(_rejection)
        .where(_rejection.c.upload_id == upload_id, _rejection.c.number > after)
        .order_by(_rejection.c.number)
        .limit(limit)
    )
    return conn.execute(wanted).mappings().all()
