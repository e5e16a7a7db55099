"""What a writer of small posts knows of series and partitions, and how it finds out what is not so.

Looked up once, it is used again and again: on PostgreSQL it is compared once the series are held,
on SQLite it is forgotten where anything has happened since.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kembar_shared.chassis.database import is_sqlite
from kembar_shared.measurement.periods import instant_of_us
from kembar_shared.measurement.store import feed, partitions
from kembar_shared.measurement.store.rows import matching, write

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kembar_shared.chassis.database import Connection
    from kembar_shared.measurement.periods import Period
    from kembar_shared.measurement.store.rows import Told

_SERIES: Final = """
    SELECT st.code, s.parameter, s.id, st.timezone
    FROM w JOIN station st ON st.code = w.station
    JOIN series s ON s.station_id = st.id AND s.parameter = w.parameter
     AND s.material = '' AND s.source = ''
    ORDER BY s.id
"""
_LABEL: Final = {"station": "text", "parameter": "text"}

Label = tuple[str, str]
"""Codes of station and parameter."""


class NoSeries(Exception):
    """Some series are not there yet; nothing was written."""

    def __init__(self, labels: set[Label]) -> None:
        super().__init__()
        self.labels = labels


class Outdated(Exception):
    """What was known of series is no longer so, and was forgotten; nothing may be kept."""


@dataclass(slots=True)
class Known:
    """What one writer knows from the transactions that it committed.

    Attributes:
        last: Place of its newest event; where no newer one is, nothing has changed since.
        series: Number and time zone of series.
        rooms: Partitions that are there.
    """

    last: feed.Place | None = None
    series: dict[Label, tuple[int, str]] = field(default_factory=dict)
    rooms: set[Period] = field(default_factory=set)

    def learn(self, conn: Connection, labels: Collection[Label]) -> None:
        """Look up those of the series that are not known."""
        if is_sqlite(conn) and self.last is not None and feed.last(conn)[:2] != self.last[:2]:
            self.series.clear()
        if not all(label in self.series for label in labels):
            for label in labels:
                self.series.pop(label, None)
            self.series |= _series_in(matching(conn, _SERIES, _LABEL, list(labels)))

    def compare(self, labels: Collection[Label], held: Told | None) -> None:
        """Compare what is known of the series *labels* with what `hold` returned.

        Raises:
            Outdated: It is not so any more.
        """
        if held is None:
            return
        now = _series_in(held)
        if any(now.get(label) != self.series[label] for label in labels):
            self.series.clear()
            raise Outdated

    def has_room(self, conn: Connection, times_us: Collection[int]) -> bool:
        """Say whether the partitions of measurements at these instants are there."""
        if is_sqlite(conn):
            return True
        days = {instant_of_us(time_us).date() for time_us in times_us}
        needed = {partitions.partition_of(day) for day in days}
        if needed <= self.rooms:
            return True
        self.rooms |= needed.difference(partitions.missing(conn, days))
        return needed <= self.rooms


def hold(conn: Connection, labels: Collection[Label]) -> Told | None:
    """Let nobody else write to the series until the end; return what they are now.

    SQLite lets in one writer at a time, and there is nothing to compare.
    """
    if is_sqlite(conn):
        return None
    return matching(conn, _SERIES, _LABEL, list(labels), lock="FOR UPDATE OF s")


def make_series(conn: Connection, cadences: Mapping[Label, str]) -> None:
    """Make the series of stations that are there; each with the cadence of its parameter."""
    rows = [(parameter, cadence, station) for (station, parameter), cadence in cadences.items()]
    write(
        conn,
        lambda source: (
            f"""
            WITH w (parameter, cadence, station) AS ({source})
            INSERT INTO series (station_id, parameter, material, source, cadence)
            SELECT st.id, w.parameter, '', '', w.cadence FROM w
            JOIN station st ON st.code = w.station WHERE true
            ORDER BY st.id, w.parameter ON CONFLICT DO NOTHING
        """
        ),
        {"parameter": "text", "cadence": "text", "station": "text"},
        sorted(rows, key=lambda row: (row[2], row[0])),
    )


def _series_in(told: Told) -> dict[Label, tuple[int, str]]:
    return {(station, parameter): (id_, zone) for station, parameter, id_, zone in told.rows()}
