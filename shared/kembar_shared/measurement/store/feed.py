"""Places in the order of commits for many events at once, in few statements."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from kembar_shared.chassis.database import is_sqlite, spelled_instant
from kembar_shared.measurement.store.rows import Told, ask, insert, write
from kembar_shared.measurement.store.tables import EVENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kembar_shared.chassis.database import Connection

_TICK: Final = timedelta(microseconds=1)
_TAKE: Final = """
    UPDATE feed SET seq = seq + %s,
        recorded_at = greatest(%s, recorded_at + interval '1 microsecond')
                    + %s * interval '1 microsecond'
"""
_ADD: Final = """
    WITH w (kind, client, back) AS ({source})
    INSERT INTO event (kind, client, seq, recorded_at)
    SELECT w.kind, w.client, f.seq - w.back, f.recorded_at - w.back * interval '1 microsecond'
    FROM w CROSS JOIN feed f ORDER BY w.back DESC
    RETURNING id, seq, recorded_at
"""
_ADDED: Final = {"kind": "text", "client": "text", "back": "integer"}


class Place(NamedTuple):
    """Where an event stands.

    Attributes:
        seq: Its place in the order of commits.
        at: Its instant.
        id: Its number.
    """

    seq: int
    at: datetime
    id: int = 0


class Placed:
    """Events that were added; within `rows.unanswered`, ask afterwards."""

    def __init__(self, told: Told) -> None:
        self._told = told

    def places(self) -> list[Place]:
        """Return where each of them stands, in their order."""
        return sorted(Place(seq, _instant(at), id_) for id_, seq, at in self._told.rows())


def last(conn: Connection) -> Place:
    """Return the place of the newest event, in a writing transaction on SQLite."""
    ((seq, at),) = ask(conn, "SELECT seq, recorded_at FROM feed").rows()
    return Place(seq, _instant(at))


def add(conn: Connection, kind: str, clients: Sequence[str]) -> Placed:
    """Note that each of *clients* did something, one after the other.

    As with `events.end`, no other event gets a place until the transaction ends.
    """
    count = len(clients)
    if not is_sqlite(conn):
        ask(conn, _TAKE, (count, datetime.now(UTC), count - 1))
        told = [(kind, client, count - n) for n, client in enumerate(clients, 1)]
        return Placed(write(conn, lambda source: _ADD.format(source=source), _ADDED, told))
    newest = last(conn)
    first = max(datetime.now(UTC), newest.at + _TICK)
    rows = [
        (kind, client, newest.seq + 1 + n, spelled_instant(conn, first + n * _TICK))
        for n, client in enumerate(clients)
    ]
    ask(conn, "UPDATE feed SET seq = ?, recorded_at = ?", rows[-1][2:])
    names = ("kind", "client", "seq", "recorded_at")
    return Placed(insert(conn, EVENT, names, rows, tail="RETURNING id, seq, recorded_at"))


def _instant(at: datetime | str) -> datetime:
    return datetime.fromisoformat(at).replace(tzinfo=UTC) if isinstance(at, str) else at
