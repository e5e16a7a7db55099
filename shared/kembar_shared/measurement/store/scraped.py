"""What a scrape shows: newest values, days, indices and figures, and whether any of it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import Select, select

from kembar_shared.measurement.store import events, heads
from kembar_shared.measurement.store.tables import (
    CHANGE,
    COMPUTED_HEAD,
    EVENT,
    FEED,
    FIGURE,
    INDEX,
    LATEST,
    ROLLUP,
    SERIES,
    STATION,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Row

    from kembar_shared.chassis.database import Connection

_MOST_NAMED: Final = 5_000
"""Series that are asked for by their number; with more, all of them are."""

_AT_ONCE: Final = 1_000


class Heads(NamedTuple):
    """How far everything is, as places of events."""

    newest: int
    figures: tuple[int, str]
    indices: tuple[int, str]


class Labels(NamedTuple):
    """What a series is called by."""

    series_id: int
    station: str
    jurisdiction: str
    timezone: str
    origin: str
    parameter: str
    material: str
    source: str
    cadence: str


class Newest(NamedTuple):
    """The newest value of a series."""

    series_id: int
    time_us: int
    value: float | None
    qualifier: str | None
    flag: int


class Day(NamedTuple):
    """What the values of a series within a local day, yyyymmdd, add up to."""

    series_id: int
    first_day: int
    n: int
    n_below: int
    n_above: int
    slots: int
    mean_total: float | None
    below_total: float | None
    covered_min: int


class Index(NamedTuple):
    """An index, or a statistic of a day, of a station's day, month or year."""

    station: str
    jurisdiction: str
    timezone: str
    origin: str
    code: str
    first_day: int
    value: float | None
    unit: str
    category: str | None
    state: str


def heads_of(conn: Connection) -> Heads:
    """Return up to which events everything was recorded and computed."""
    newest = conn.execute(select(FEED.c.seq)).scalar_one()
    computed = {row.id: (row.seq, row.rules) for row in conn.execute(select(COMPUTED_HEAD))}
    return Heads(newest, computed[heads.FIGURES], computed[heads.INDICES])


def touched(conn: Connection, *, done: int, upto: int) -> set[int] | None:
    """Return the series of which anything changed after one event, up to another.

    None: a station was made or changed, and with it perhaps the labels of series.
    """
    between = (EVENT.c.seq > done, EVENT.c.seq <= upto)
    moved = select(EVENT.c.id).where(*between, EVENT.c.kind == events.STATION_CHANGED).limit(1)
    if conn.execute(moved).first() is not None:
        return None
    wanted = (
        select(CHANGE.c.series_id)
        .join(EVENT, EVENT.c.id == CHANGE.c.event_id)
        .where(*between)
        .distinct()
    )
    return {row[0] for row in _rows(conn, wanted)}


def labels(conn: Connection, series: Collection[int] | None) -> Iterator[Labels]:
    """Yield what series (None: all) are called by."""
    wanted = select(
        SERIES.c.id,
        STATION.c.code,
        STATION.c.jurisdiction,
        STATION.c.timezone,
        STATION.c.origin,
        SERIES.c.parameter,
        SERIES.c.material,
        SERIES.c.source,
        SERIES.c.cadence,
    ).join(STATION, STATION.c.id == SERIES.c.station_id)
    for statement in _parts(wanted, SERIES.c.id, series):
        yield from map(Labels._make, _rows(conn, statement))


def newest(conn: Connection, series: Collection[int] | None) -> Iterator[Newest]:
    """Yield the newest value of series (None: of all); with many, of others too."""
    wanted = select(*(LATEST.c[name] for name in Newest._fields))
    is_many = series is not None and len(series) > _MOST_NAMED
    for statement in _parts(wanted, LATEST.c.series_id, None if is_many else series):
        yield from map(Newest._make, _rows(conn, statement))


def days(conn: Connection, series: Collection[int], *, since: int) -> Iterator[Day]:
    """Yield the sums of the days, from *since* (yyyymmdd) on, of series, the newest last."""
    wanted = (
        select(*(ROLLUP.c[name] for name in Day._fields))
        .where(ROLLUP.c.grain == 0, ROLLUP.c.first_day >= since)
        .order_by(ROLLUP.c.series_id, ROLLUP.c.first_day)
    )
    for statement in _parts(wanted, ROLLUP.c.series_id, series):
        yield from map(Day._make, _rows(conn, statement))


def indices(conn: Connection, *, since: int) -> Iterator[Index]:
    """Yield every index value of periods that begin on *since* (yyyymmdd) or later, in order."""
    wanted = (
        select(
            STATION.c.code,
            STATION.c.jurisdiction,
            STATION.c.timezone,
            STATION.c.origin,
            INDEX.c.index_code,
            INDEX.c.first_day,
            INDEX.c.value,
            INDEX.c.unit,
            INDEX.c.category,
            INDEX.c.state,
        )
        .join(STATION, STATION.c.id == INDEX.c.station_id)
        .where(INDEX.c.first_day >= since)
        .order_by(INDEX.c.first_day)
    )
    return map(Index._make, _rows(conn, wanted))


def figures(conn: Connection) -> list[dict[str, Any]]:
    """Return every figure's state, value and origin, for choosing the newest."""
    columns = ("jurisdiction", "indicator", "period", "value", "unit", "state", "origin")
    wanted = select(*(FIGURE.c[name] for name in columns))
    return [dict(row) for row in conn.execute(wanted).mappings()]


def _rows(conn: Connection, wanted: Select[Any]) -> Iterator[Row[Any]]:
    """Yield rows that are fetched many at a time: one by one takes twice as long."""
    for part in conn.execute(wanted).partitions(_AT_ONCE):
        yield from part


def _parts(
    wanted: Select[Any],  # Any: of several kinds of rows
    key: Any,  # Any: a column
    numbers: Collection[int] | None,
) -> Iterator[Select[Any]]:
    if numbers is None:
        yield wanted
        return
    ordered = sorted(numbers)
    for first in range(0, len(ordered), _AT_ONCE):
        yield wanted.where(key.in_(ordered[first : first + _AT_ONCE]))
