"""The numbers that a database gives out to new rows, so that none is given out twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import sqlalchemy as sa

from kembar_shared.chassis.backup.tables import quoted
from kembar_shared.chassis.database import Connection, is_sqlite

if TYPE_CHECKING:
    from kembar_shared.chassis.backup.tables import Table


def read(conn: Connection, table: Table) -> int | None:
    """Return the last number that the database gave out for a row of *table*, where it counts."""
    if not is_sqlite(conn):
        found = [
            conn.exec_driver_sql(f"SELECT last_value FROM {sequence} WHERE is_called").scalar()
            for _, sequence in _sequences(conn, table)
        ]
        return max((value for value in found if value is not None), default=None)
    if not _counts_in_sqlite(conn, table):
        return None
    query = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    return cast("int | None", conn.execute(query, {"name": table.name}).scalar())


def set_after(conn: Connection, table: Table, least: int | None) -> None:
    """Make the next number given out for a row of *table* a new one, above *least* too."""
    if not is_sqlite(conn):
        for column, sequence in _sequences(conn, table):
            greatest = conn.execute(sa.select(sa.func.max(table.clause.c[column]))).scalar()
            last = max(least or 0, greatest or 0)
            if last > 0:
                query = sa.text("SELECT setval(CAST(:sequence AS regclass), :last)")
                conn.execute(query, {"sequence": sequence, "last": last})
    elif _counts_in_sqlite(conn, table):
        last = max(least or 0, read(conn, table) or 0)
        name = {"name": table.name}
        conn.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), name)
        add = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)")
        conn.execute(add, name | {"last": last})


def _sequences(conn: Connection, table: Table) -> list[tuple[str, str]]:
    """Return each column of *table* that PostgreSQL counts up, and its sequence."""
    query = sa.text("SELECT pg_get_serial_sequence(:table, :column)")
    name = quoted(conn, table.name)
    found = [
        (column, conn.execute(query, {"table": name, "column": column}).scalar())
        for column, kind in table.columns.items()
        if kind == "integer"
    ]
    return [(column, sequence) for column, sequence in found if sequence is not None]


def _counts_in_sqlite(conn: Connection, table: Table) -> bool:
    """Say whether SQLite remembers what it gave out; else it goes on from the greatest there is."""
    query = sa.text(
        "SELECT 1 FROM sqlite_master WHERE name = :name AND sql LIKE '% AUTOINCREMENT%'"
    )
    return conn.execute(query, {"name": table.name}).first() is not None
