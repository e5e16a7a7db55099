"""A few rows at once: the same short statement each time, which a database plans but once.

SQLite takes a list of values, PostgreSQL the columns as arrays. Either way it is one statement:
each one lets the event loop go on, and then waits for its turn.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.dialects import postgresql

from kembar_shared.chassis.database import is_sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Table

    from kembar_shared.chassis.database import Connection

_PLAIN: Final = frozenset({int, float, bool})
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # the library's, unannotated


class Told:
    """What a statement told; within `unanswered`, ask afterwards."""

    def __init__(self, cursor: Any) -> None:  # Any: of either driver
        self._cursor = cursor

    @property
    def count(self) -> int:
        """How many rows it wrote."""
        return int(self._cursor.rowcount)

    def rows(self) -> list[tuple[Any, ...]]:
        """Return what it found."""
        return list(self._cursor.fetchall())


def unanswered(conn: Connection) -> AbstractContextManager[object]:
    """Send PostgreSQL the statements within without waiting for each one's answer."""
    if is_sqlite(conn):
        return nullcontext()
    connection: Any = conn.connection.driver_connection  # Any: the driver's own
    pipeline: AbstractContextManager[object] = connection.pipeline()
    return pipeline


def insert(
    conn: Connection,
    table: Table,
    names: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    *,
    tail: str = "",
) -> Told:
    """Insert *rows*, each a value for each of *names*.

    Args:
        conn: A writing transaction.
        table: A table.
        names: Its columns.
        rows: What to insert.
        tail: What to do on a conflict.
    """
    columns = ", ".join(names)

    def statement(source: str) -> str:
        return f"INSERT INTO {table.name} ({columns}) {source} {tail}"

    kinds = {name: _kind(table, name) for name in names}
    return write(conn, statement, kinds, rows)


def write(
    conn: Connection,
    statement: Callable[[str], str],
    kinds: Mapping[str, str],
    rows: Sequence[tuple[Any, ...]],
    *,
    more: Sequence[Any] = (),
) -> Told:
    """Do what a statement does with *rows*.

    Args:
        conn: A writing transaction.
        statement: Returns its text, given a query that yields the rows.
        kinds: PostgreSQL's type of each column, by name.
        rows: The rows.
        more: On PostgreSQL, the parameters behind them.
    """
    cursor = conn.connection.cursor()
    if not rows:
        return Told(cursor)
    if is_sqlite(conn):
        cursor.execute(statement(_values(rows)), list(chain.from_iterable(rows)))
    else:
        cursor.execute(statement(_unnested(list(kinds.values()))), (*_columns(rows), *more))
    return Told(cursor)


def matching(
    conn: Connection,
    query: str,
    kinds: Mapping[str, str],
    rows: Sequence[tuple[Any, ...]],
    *,
    lock: str = "",
) -> Told:
    """Ask what *query* finds for *rows*, which it joins by the name of `w`.

    Args:
        conn: A transaction.
        query: What is asked.
        kinds: PostgreSQL's type of each column of *rows*, by name.
        rows: What is looked for; at least one.
        lock: How PostgreSQL shall hold what is found.
    """
    held = "" if is_sqlite(conn) else lock
    names = ", ".join(kinds)
    return write(conn, lambda source: f"WITH w ({names}) AS ({source}) {query} {held}", kinds, rows)


def ask(conn: Connection, statement: str, parameters: Sequence[Any] = ()) -> Told:
    """Ask the driver itself, in its own way of naming parameters."""
    cursor = conn.connection.cursor()
    cursor.execute(statement, parameters)
    return Told(cursor)


@cache
def _kind(table: Table, name: str) -> str:
    return table.c[name].type.compile(_DIALECT)


def _values(rows: Sequence[tuple[Any, ...]]) -> str:
    marks = ", ".join("?" * len(rows[0]))
    return "VALUES " + ", ".join((f"({marks})",) * len(rows))


def _unnested(kinds: Sequence[str]) -> str:
    arrays = ", ".join(f"%s::{kind.lower()}[]" for kind in kinds)
    return f"SELECT * FROM unnest({arrays})"


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    return [f"{{{_elements(column)}}}" for column in zip(*rows, strict=True)]


def _elements(column: tuple[Any, ...]) -> str:
    """Spell the elements of an array; numbers are spelled as they are."""
    is_plain = _PLAIN.issuperset(map(type, column))
    return ",".join(map(str if is_plain else _element, column))


def _element(value: str | float | bool | None) -> str:  # noqa: FBT001  a value
    """Spell a value as an element of an array.

    The driver would look each one's type up first.

    Source: PostgreSQL documentation, Arrays, "Array Input and Output Syntax".
    """
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return "NULL" if value is None else str(value)
