"""Many rows at once, by the database's own fastest way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_shared.chassis import copying
from kembar_shared.chassis.database import is_sqlite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kembar_shared.chassis.database import Connection

SLICE: Final = 50_000
"""Rows that are encoded together; bounds the memory of an insertion."""

_KEYS: Final = 2_000
"""Rows of one list of values in a statement."""

_WIDTHS: Final[Mapping[type[pl.DataType], str]] = {
    pl.Int16: ">i2",
    pl.Int32: ">i4",
    pl.Int64: ">i8",
    pl.Float64: ">f8",
}


def append(
    conn: Connection, table: str, rows: pl.DataFrame, constants: Mapping[str, int] | None = None
) -> None:
    """Insert *rows*, whose columns have the names and widths of those of *table*.

    Args:
        conn: A writing transaction.
        table: Name of a table, temporary ones included.
        rows: What to insert; columns that are absent stay null.
        constants: Columns of 32-bit integers that are the same in every row.
    """
    if rows.is_empty():
        return
    constants = constants or {}
    if is_sqlite(conn):
        for part in rows.iter_slices(SLICE):
            _execute_many(conn, table, part, constants)
        return
    filled, is_plain = _plain(rows)
    if filled:
        parts = (part.filter(is_plain).select(filled) for part in rows.iter_slices(SLICE))
        _copy(conn, table, parts, filled, constants, is_binary=True)
    others = [part.filter(~is_plain) for part in rows.iter_slices(SLICE)]
    if any(not part.is_empty() for part in others):
        _copy(conn, table, others, rows.columns, constants, is_binary=False)


def values(keys: pl.DataFrame) -> Iterator[str]:
    """Yield *keys*, all of them whole numbers, as lists for `VALUES`, some thousand rows each."""
    if any(not dtype.is_integer() for dtype in keys.dtypes):
        raise TypeError(keys.schema)
    for part in keys.iter_slices(_KEYS):
        row = pl.format("({})", pl.concat_str(pl.all().cast(pl.String), separator=","))
        yield ",".join(part.select(row).to_series())


def _execute_many(
    conn: Connection, table: str, part: pl.DataFrame, constants: Mapping[str, int]
) -> None:
    names = ", ".join((*part.columns, *constants))
    marks = ", ".join(("?",) * part.width + tuple(str(int(value)) for value in constants.values()))
    conn.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({marks})", part.rows())


def _plain(rows: pl.DataFrame) -> tuple[list[str], pl.Expr]:
    """Find the numbers that nearly every row consists of.

    Returns:
        The columns that nearly every row has, where all of them are numbers; and which rows have
        these and no others.
    """
    nulls = {name: rows[name].null_count() for name in rows.columns}
    filled = [name for name, count in nulls.items() if 2 * count < rows.height]
    if any(type(rows.schema[name]) not in _WIDTHS for name in filled):
        return [], pl.lit(value=False)
    has = [pl.col(name).is_not_null() == (name in filled) for name, count in nulls.items() if count]
    return filled, pl.all_horizontal(pl.lit(value=True), *has)


def _copy(
    conn: Connection,
    table: str,
    parts: Iterable[pl.DataFrame],
    columns: Sequence[str],
    constants: Mapping[str, int],
    *,
    is_binary: bool,
) -> None:
    names = ", ".join((*columns, *constants))
    fixed = [pl.lit(value, pl.Int32).alias(name) for name, value in constants.items()]
    kind = "binary" if is_binary else "text"
    cursor = conn.connection.cursor()
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT {kind})") as copy:
        if is_binary:
            copy.write(b"PGCOPY\n\xff\r\n\x00" + bytes(8))
        for part in parts:
            whole = part.with_columns(*fixed)
            copy.write(_binary(whole) if is_binary else copying.lines_of(whole))
        if is_binary:
            copy.write(b"\xff\xff")


def _binary(part: pl.DataFrame) -> bytes:
    """Encode columns of numbers without nulls as rows of PostgreSQL's binary COPY.

    Source: PostgreSQL documentation, COPY, "Binary Format".
    """
    kinds = [_WIDTHS[type(dtype)] for dtype in part.dtypes]
    shape: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in zip(part.columns, kinds, strict=True):
        shape += [(f"{name} size", ">i4"), (name, kind)]
    table = np.empty(part.height, dtype=np.dtype(shape))
    table["fields"] = part.width
    for name, kind in zip(part.columns, kinds, strict=True):
        table[f"{name} size"] = int(kind[2])
        table[name] = part[name].to_numpy()
    return table.tobytes()
