"""Which series are asked for, and reading them one after the other.

A page is filled series by series, each from one stretch of its table's key: however many
measurements there are, no page makes the database sort or pass over more than it answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select

from kembar_shared.measurement.periods import local_midnight_us
from kembar_shared.measurement.store.tables import SERIES, STATION, UPLOAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from sqlalchemy import ColumnElement, Select, Table

    from kembar_shared.chassis.database import Connection

VERSION: Final = (
    "series_id", "time_us", "value", "limit_value", "upload_id", "line", "revision", "judged_by",
    "span", "flag", "qualifier", "sent", "extra",
)  # fmt: skip
"""Columns of one version of a measurement."""

_Found = TypeVar("_Found")

Row = dict[str, Any]
"""A row with its station's labels; Any: one member for each column."""

_MOST_AT_ONCE: Final = 16
"""Series of one statement, once the first ones turned out short."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which measurements are asked for; an absent member does not narrow.

    Attributes:
        stations: Codes of the stations the caller may see and asked for.
        parameters: Codes of parameters.
        material: Code of a material of waste.
        source: Code of a source of waste.
        from_us: First instant, microseconds since 1970 UTC.
        to_us: First instant no longer asked for.
        from_day: First day of each station's own calendar.
        to_day: First day of each station's own calendar that is no longer asked for.
        flag: Quality flag.
    """

    stations: tuple[str, ...] | None = None
    parameters: tuple[str, ...] | None = None
    material: str | None = None
    source: str | None = None
    from_us: int | None = None
    to_us: int | None = None
    from_day: date | None = None
    to_day: date | None = None
    flag: int | None = None

    def series(self) -> list[ColumnElement[bool]]:
        """Return the conditions on the series and its station."""
        wanted: list[ColumnElement[bool]] = []
        if self.stations is not None:
            wanted.append(STATION.c.code.in_(self.stations))
        if self.parameters is not None:
            wanted.append(SERIES.c.parameter.in_(self.parameters))
        if self.material is not None:
            wanted.append(SERIES.c.material == self.material)
        if self.source is not None:
            wanted.append(SERIES.c.source == self.source)
        return wanted

    def bounds_us(self, zone: str) -> tuple[int | None, int | None]:
        """Return the first instant asked for in *zone*, and the first that is no longer."""
        first, following = self.from_us, self.to_us
        if self.from_day is not None:
            first = local_midnight_us(self.from_day, ZoneInfo(zone))
        if self.to_day is not None:
            following = local_midnight_us(self.to_day, ZoneInfo(zone))
        return first, following

    def rows(self, table: Table, zones: Mapping[int, str]) -> list[ColumnElement[bool]]:
        """Return the conditions on the rows of *table*.

        Args:
            table: Holds measurements.
            zones: Time zone of each of the series whose rows are asked for.
        """
        bounds = {zone: self.bounds_us(zone) for zone in sorted(set(zones.values()))}
        # The outermost instants are for the key and the partitions.
        wanted = _between(
            table,
            min((first for first, _ in bounds.values() if first is not None), default=None),
            max((last for _, last in bounds.values() if last is not None), default=None),
        )
        if len(set(bounds.values())) > 1:
            of_zone = {zone: [i for i, each in zones.items() if each == zone] for zone in bounds}
            wanted.append(
                or_(
                    *(
                        and_(table.c.series_id.in_(ids), *_between(table, *bounds[zone]))
                        for zone, ids in of_zone.items()
                    )
                )
            )
        if self.flag is not None:
            wanted.append(table.c.flag == self.flag)
        return wanted


def _between(table: Table, first_us: int | None, end_us: int | None) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if first_us is not None:
        wanted.append(table.c.time_us >= first_us)
    if end_us is not None:
        wanted.append(table.c.time_us < end_us)
    return wanted


def series_of(conn: Connection, selection: Selection, *, first: int = 0) -> dict[int, Row]:
    """Return the labels of each series asked for, in order, from the one numbered *first* on."""
    wanted = _labels().where(SERIES.c.id >= first, *selection.series()).order_by(SERIES.c.id)
    return {row["id"]: dict(row) for row in conn.execute(wanted).mappings()}


def labels_of(conn: Connection, ids: Iterable[int]) -> dict[int, Row]:
    """Return the labels of the series *ids*."""
    wanted = _labels().where(SERIES.c.id.in_(set(ids)))
    return {row["id"]: dict(row) for row in conn.execute(wanted).mappings()}


def in_turn(
    ids: Sequence[int], limit: int, fetch: Callable[[Sequence[int], int], Sequence[_Found]]
) -> list[_Found]:
    """Return at most *limit* rows of the series *ids*, in order.

    Args:
        ids: Numbers of series, ascending.
        limit: Most rows.
        fetch: Returns at most so many rows of these series, ordered by series.
    """
    found: list[_Found] = []
    start, at_once = 0, 1
    while start < len(ids) and len(found) < limit:
        rows = fetch(ids[start : start + at_once], limit - len(found))
        found += rows
        start += at_once
        at_once = min(at_once * 2, _MOST_AT_ONCE)
    return found


def with_uploads(conn: Connection, rows: Sequence[Row]) -> list[Row]:
    """Return *rows* with `upload`, the code of the upload that each value came with."""
    ids = {row["upload_id"] for row in rows}
    wanted = select(UPLOAD.c.id, UPLOAD.c.code).where(UPLOAD.c.id.in_(ids))
    codes = {row.id: row.code for row in conn.execute(wanted)}
    return [row | {"upload": codes[row["upload_id"]]} for row in rows]


def _labels() -> Select[Any]:
    return select(
        SERIES.c.id,
        STATION.c.code.label("station"),
        STATION.c.timezone,
        STATION.c.origin,
        SERIES.c.parameter,
        SERIES.c.material,
        SERIES.c.source,
        SERIES.c.cadence,
    ).join(STATION, STATION.c.id == SERIES.c.station_id)
