"""The trail in the database: appended to, read, never changed."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

import sqlalchemy as sa

from kembar_shared.chassis import logs
from kembar_shared.chassis.audit.chain import Head, Row, extend
from kembar_shared.chassis.database import is_sqlite
from kembar_shared.chassis.problems import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kembar_shared.chassis.audit.chain import Entry
    from kembar_shared.chassis.database import Connection

OPTION: Final = "kembar_trail"
"""Under which an engine carries its `Keeper`."""

FETCHED_ROWS: Final = 2_000

_ENTRY: Final = sa.Table(
    "audit_entry",
    sa.MetaData(),
    sa.Column("seq", sa.BigInteger, primary_key=True),
    sa.Column("at_us", sa.BigInteger),
    sa.Column("client", sa.Text),
    sa.Column("action", sa.Text),
    sa.Column("subject", sa.Text),
    sa.Column("result", sa.Text),
    sa.Column("count", sa.BigInteger),
    sa.Column("detail", sa.Text),
    sa.Column("request_id", sa.Text),
    sa.Column("hash", sa.Text),
)
_NAMES: Final = ", ".join(column.name for column in _ENTRY.columns)
_HEAD: Final = "SELECT seq, at_us, hash, mac FROM audit_head"
_KINDS: Final = ", ".join(
    f"{column.name} {'bigint' if isinstance(column.type, sa.BigInteger) else 'text'}"
    for column in _ENTRY.columns
)
# Raw statements, and for PostgreSQL one parameter: an upload waits for them, and the driver takes
# longer over arrays of texts than over everything else here.
_INSERT: Final = {
    True: f"INSERT INTO audit_entry ({_NAMES}) VALUES ({', '.join('?' * len(Row._fields))})",
    False: f"INSERT INTO audit_entry ({_NAMES}) SELECT * FROM json_to_recordset(%s::json) "
    f"AS entry ({_KINDS})",
}
_UPDATE: Final = {
    True: "UPDATE audit_head SET seq = ?, at_us = ?, hash = ?, mac = ?",
    False: "UPDATE audit_head SET seq = %s, at_us = %s, hash = %s, mac = %s",
}


class Keeper(Protocol):
    """Who has the key of an engine's trail."""

    @property
    def key(self) -> bytes:
        """The key."""

    def touched(self) -> None:
        """Hear that entries were written, which are not committed yet."""


class NoTrail(Exception):
    """An engine has no trail: a mistake in how the process was put together."""


def append(conn: Connection, entries: Sequence[Entry]) -> None:
    """Write *entries* down, together with what the transaction of *conn* does, or not at all.

    Call it last of all, after an event got its place: until the transaction ends, nobody else
    appends.

    Raises:
        NoTrail: The engine was given no `Trail`.
        DatabaseUnavailable: The head is gone; the trail cannot go on.
    """
    keeper: Keeper | None = conn.get_execution_options().get(OPTION)
    if keeper is None:
        raise NoTrail
    known = [entry if entry.request_id else _asked_by(entry) for entry in entries]
    on_sqlite = is_sqlite(conn)
    cursor = conn.connection.cursor()
    cursor.execute(_HEAD if on_sqlite else f"{_HEAD} FOR UPDATE")
    found = cursor.fetchone()
    if found is None:
        raise DatabaseUnavailable from LookupError("audit_head has no row")
    rows, head = extend(keeper.key, Head(*found), known, now_us=time.time_ns() // 1000)
    if on_sqlite:
        cursor.executemany(_INSERT[True], rows)
        cursor.execute(_UPDATE[True], head)
    else:
        driver: Any = conn.connection.driver_connection  # Any: the driver's own
        with driver.pipeline():
            cursor.execute(_INSERT[False], [_as_json(rows)])
            cursor.execute(_UPDATE[False], head)
    keeper.touched()


def head(conn: Connection) -> Head | None:
    """Return the head; None where somebody took it away."""
    found = conn.exec_driver_sql(_HEAD).one_or_none()
    return None if found is None else Head(*found)


def hash_at(conn: Connection, seq: int) -> str | None:
    """Return the hash of the entry *seq*; None where there is none."""
    return conn.execute(sa.select(_ENTRY.c.hash).where(_ENTRY.c.seq == seq)).scalar()


def is_there(conn: Connection) -> bool:
    """Say whether the database has a trail at all: an older release made none."""
    return sa.inspect(conn).has_table(_ENTRY.name)


def every(conn: Connection) -> Iterator[Row]:
    """Yield every entry in order, a few at a time."""
    wanted = sa.select(_ENTRY).order_by(_ENTRY.c.seq)
    for row in conn.execute(wanted, execution_options={"yield_per": FETCHED_ROWS}):
        yield Row(*row)


def read(
    conn: Connection,
    *,
    after: int,
    limit: int,
    from_us: int | None,
    to_us: int | None,
    client: str | None,
    action: str | None,
) -> list[Row]:
    """Return entries in order.

    Args:
        conn: A transaction.
        after: Only entries with a greater number.
        limit: At most so many.
        from_us: Only entries of this instant or later, in microseconds since 1970.
        to_us: Only entries before this instant.
        client: Only what this client did.
        action: Only this.
    """
    wanted = sa.select(_ENTRY).where(_ENTRY.c.seq > after)
    # Numbers and instants rise together: the key leads to where a span begins and ends.
    if from_us is not None:
        wanted = wanted.where(_ENTRY.c.seq >= _first(from_us))
    if to_us is not None:
        wanted = wanted.where(_ENTRY.c.seq < sa.func.coalesce(_first(to_us), 2**62))
    for column, value in ((_ENTRY.c.client, client), (_ENTRY.c.action, action)):
        if value is not None:
            wanted = wanted.where(column == value)
    rows = conn.execute(wanted.order_by(_ENTRY.c.seq).limit(limit))
    return [Row(*row) for row in rows]


def _first(at_us: int) -> sa.ScalarSelect[int]:
    """Return the number of the first entry of *at_us* or later."""
    found = sa.select(_ENTRY.c.seq).where(_ENTRY.c.at_us >= at_us)
    return found.order_by(_ENTRY.c.at_us, _ENTRY.c.seq).limit(1).scalar_subquery()


def _as_json(rows: Sequence[Row]) -> str:
    names = [column.name for column in _ENTRY.columns]
    return json.dumps([dict(zip(names, row, strict=True)) for row in rows])


def _asked_by(entry: Entry) -> Entry:
    return entry._replace(request_id=logs.request_id())
