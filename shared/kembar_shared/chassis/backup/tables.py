"""Every table of a database, whatever its schema: read as typed frames, and filled from them.

A table's rows come in the order of its key, the same on SQLite and PostgreSQL, so that two copies
can be compared row by row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from kembar_shared.chassis import copying
from kembar_shared.chassis.backup.refusals import Refused
from kembar_shared.chassis.database import Connection, is_sqlite
from kembar_shared.chassis.problems import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.engine.interfaces import ReflectedColumn

MOST_ROWS: Final = 100_000
MOST_BYTES: Final = 32 * 1024 * 1024
FETCHED_ROWS: Final = 2_000
REVISIONS_TABLE: Final = "alembic_version"
"""The migrations' own: kept as the revision of the backup, not as rows."""

KINDS: Final[dict[str, pl.DataType]] = {
    "boolean": pl.Boolean(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "instant": pl.Datetime("us", "UTC"),
    "day": pl.Date(),
    "bytes": pl.Binary(),
    "text": pl.String(),
}
"""What a column may hold, and how a frame holds it."""

_TYPES: Final[tuple[tuple[type[sa.types.TypeEngine[Any]], str], ...]] = (
    (sa.Boolean, "boolean"),
    (sa.Integer, "integer"),
    (sa.Float, "number"),
    (sa.DateTime, "instant"),
    (sa.Date, "day"),
    (sa.LargeBinary, "bytes"),
    (sa.String, "text"),
)


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        name: Its name.
        columns: What each column holds, by its name; computed columns are left out.
        key: The columns that order its rows.
    """

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]
    clause: sa.TableClause


def tables(conn: Connection) -> list[Table]:
    """Return the tables of a database, those that others refer to first.

    Of a partitioned table only the whole is listed, and none of its partitions.

    Raises:
        Refused: A column has a type that a backup does not know.
    """
    inspector = sa.inspect(conn)
    known = set(inspector.get_table_names()) - {REVISIONS_TABLE} - _partitions(conn)
    ordered = [name for name, _ in inspector.get_sorted_table_and_fkc_names() if name in known]
    return [
        _table(name, inspector.get_columns(name), _key(inspector, name))
        for name in ordered
        if name is not None
    ]


def count(conn: Connection, table: Table) -> int:
    """Return how many rows *table* has."""
    return conn.execute(sa.select(sa.func.count()).select_from(table.clause)).scalar_one()


def is_empty(conn: Connection, table: Table) -> bool:
    """Say whether *table* has no row."""
    return conn.execute(sa.select(sa.literal(1)).select_from(table.clause).limit(1)).first() is None


def clear(conn: Connection, several: Sequence[Table]) -> None:
    """Delete every row of *several* tables, which stand in the order of `tables`."""
    for table in reversed(several):
        # What a migration put there goes; of the trail, which is empty, nothing may be deleted.
        if not is_empty(conn, table):
            conn.execute(sa.delete(table.clause))


def rows(conn: Connection, table: Table) -> Iterator[pl.DataFrame]:
    """Yield the rows of *table* in the order of its key, in frames of bounded size."""
    held: list[pl.DataFrame] = []
    for frame in _fetched(conn, table):
        held.append(frame)
        if (
            sum(each.height for each in held) >= MOST_ROWS
            or sum(each.estimated_size() for each in held) >= MOST_BYTES
        ):
            yield pl.concat(held)
            held = []
    if held:
        yield pl.concat(held)


class Cursor:
    """The rows of a table in the order of its key, taken in whatever numbers."""

    def __init__(self, conn: Connection, table: Table) -> None:
        self._coming = rows(conn, table)
        schema = {name: KINDS[kind] for name, kind in table.columns.items()}
        self._left = pl.DataFrame(schema=schema)

    def take(self, number: int) -> pl.DataFrame:
        """Return the next *number* rows, or as many as there are."""
        while self._left.height < number and (frame := next(self._coming, None)) is not None:
            self._left = pl.concat([self._left, frame])
        taken, self._left = self._left.head(number), self._left.slice(number)
        return taken


def fill(conn: Connection, table: Table, frame: pl.DataFrame) -> None:
    """Add the rows of *frame* to *table*.

    Raises:
        Refused: The database cannot hold one of them.
        DatabaseUnavailable: The database is away, full or too slow.
    """
    columns = ", ".join(quoted(conn, name) for name in table.columns)
    place = f"{quoted(conn, table.name)} ({columns})"
    try:
        if is_sqlite(conn):
            marks = ", ".join("?" for _ in table.columns)
            insert = f"INSERT INTO {place} VALUES ({marks})"
            conn.exec_driver_sql(insert, _for_sqlite(frame).rows())
        else:
            _copy(conn, f"COPY {place} FROM STDIN", copying.lines_of(frame))
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable from error
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise Refused("unfit", table=table.name, cause=str(error).partition("\n")[0]) from error
    except DBAPIError as error:
        if not isinstance(error, sa.exc.IntegrityError | sa.exc.DataError):
            raise
        raise Refused("unfit", table=table.name, cause=str(error.orig)) from error


def wait_with_references(conn: Connection) -> None:
    """Let SQLite look at references at the commit; PostgreSQL does so after each part."""
    if is_sqlite(conn):
        conn.exec_driver_sql("PRAGMA defer_foreign_keys = ON")


def quoted(conn: Connection, name: str) -> str:
    """Return *name* as it stands in a statement."""
    return conn.dialect.identifier_preparer.quote_identifier(name)


def _table(name: str, columns: Iterable[ReflectedColumn], key: tuple[str, ...]) -> Table:
    kept = [column for column in columns if "computed" not in column]
    kinds = {column["name"]: _kind(name, column) for column in kept}
    clause = sa.table(name, *(sa.column(column["name"], column["type"]) for column in kept))
    return Table(name, kinds, key or tuple(kinds), clause)


def _kind(table: str, column: ReflectedColumn) -> str:
    for known, kind in _TYPES:
        if isinstance(column["type"], known):
            return kind
    raise Refused("unknown-type", table=table, column=column["name"], type=column["type"])


def _key(inspector: sa.Inspector, name: str) -> tuple[str, ...]:
    return tuple(inspector.get_pk_constraint(name)["constrained_columns"])


def _partitions(conn: Connection) -> set[str]:
    if is_sqlite(conn):
        return set()
    query = "SELECT relname FROM pg_class WHERE relispartition AND relkind IN ('r', 'p')"
    return set(conn.exec_driver_sql(query).scalars())


def _fetched(conn: Connection, table: Table) -> Iterator[pl.DataFrame]:
    query = sa.select(*table.clause.c).order_by(*(_order(conn, table, name) for name in table.key))
    result = conn.execute(query, execution_options={"yield_per": FETCHED_ROWS})
    for part in result.partitions():
        yield pl.DataFrame(
            [
                _series(name, kind, values)
                for (name, kind), values in zip(
                    table.columns.items(), zip(*part, strict=True), strict=True
                )
            ]
        )


def _order(conn: Connection, table: Table, name: str) -> sa.ColumnElement[Any]:
    column = table.clause.c[name]
    if table.columns[name] == "text" and not is_sqlite(conn):
        # SQLite compares bytes, PostgreSQL as the language of the database asks.
        return column.collate("C").nulls_first()
    return column.nulls_first()


def _series(name: str, kind: str, values: Sequence[Any]) -> pl.Series:  # Any: as the driver reads
    if kind != "instant":
        return pl.Series(name, values, KINDS[kind], strict=True)
    aware = next((value.tzinfo is not None for value in values if value is not None), False)
    read = pl.Series(name, values, pl.Datetime("us", "UTC" if aware else None), strict=True)
    return read if aware else read.dt.replace_time_zone("UTC")


def _for_sqlite(frame: pl.DataFrame) -> pl.DataFrame:
    """Return *frame* with instants and days as the database module writes them."""
    return frame.with_columns(
        pl.col(pl.Datetime).dt.strftime("%Y-%m-%d %H:%M:%S%.6f"),
        pl.col(pl.Date).dt.strftime("%Y-%m-%d"),
    )


def _copy(conn: Connection, statement: str, lines: bytes) -> None:
    # Any: the driver's own connection
    driver: Any = conn.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(lines)
