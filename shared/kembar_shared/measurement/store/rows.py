"""A few rows at once: the same short statement each time, which a database plans but once.

SQLite takes a list of values, PostgreSQL the columns as arrays. Either way it is one statement:
each one lets the event loop go on, and then waits for its turn.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql

from kembar_shared.chassis.database import is_sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Table

    from kembar_shared.chassis.database import Connection

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # the library's, unannotated


class Written:
    """What a statement wrote."""

    def __init__(self, cursor: Any) -> None:  # Any: of either driver
        self._cursor = cursor

    @property
    def count(self) -> int:
        """How many rows it wrote; within `unanswered`, ask afterwards."""
        return int(self._cursor.rowcount)


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
) -> Written:
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
) -> Written:
    """Write what a statement makes of *rows*.

    Args:
        conn: A writing transaction.
        statement: Returns its text, given a query that yields the rows.
        kinds: PostgreSQL's type of each column, by name.
        rows: The rows.
        more: On PostgreSQL, the parameters behind them.
    """
    cursor = conn.connection.cursor()
    if not rows:
        return Written(cursor)
    if is_sqlite(conn):
        cursor.execute(statement(_values(rows)), list(chain.from_iterable(rows)))
    else:
        cursor.execute(statement(_unnested(list(kinds.values()))), (*_columns(rows), *more))
    return Written(cursor)


def matching(
    conn: Connection,
    query: str,
    kinds: Mapping[str, str],
    rows: Sequence[tuple[Any, ...]],
    *,
    lock: str = "",
) -> list[tuple[Any, ...]]:
    """Return what *query* finds for *rows*, which it joins by the name of `w`.

    Args:
        conn: A transaction.
        query: What is asked.
        kinds: PostgreSQL's type of each column of *rows*, by name.
        rows: What is looked for.
        lock: How PostgreSQL shall hold what is found.
    """
    cursor = conn.connection.cursor()
    with_rows = f"WITH w ({', '.join(kinds)}) AS ({{source}}) {query}"
    if is_sqlite(conn):
        cursor.execute(with_rows.format(source=_values(rows)), list(chain.from_iterable(rows)))
    else:
        source = _unnested(list(kinds.values()))
        cursor.execute(f"{with_rows.format(source=source)} {lock}", _columns(rows))
    return list(cursor.fetchall())


@cache
def _kind(table: Table, name: str) -> str:
    return table.c[name].type.compile(_DIALECT)


def _values(rows: Sequence[tuple[Any, ...]]) -> str:
    marks = ", ".join("?" * len(rows[0]))
    return "VALUES " + ", ".join((f"({marks})",) * len(rows))


def _unnested(kinds: Sequence[str]) -> str:
    arrays = ", ".join(f"%s::{kind.lower()}[]" for kind in kinds)
    return f"SELECT * FROM unnest({arrays})"


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
