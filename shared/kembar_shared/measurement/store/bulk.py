"""Many rows at once, by the database's own fastest way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_shared.chassis import copying
from kembar_shared.chassis.database import is_sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    else:
        _copy(conn, table, rows, constants)


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


def _copy(conn: Connection, table: str, rows: pl.DataFrame, constants: Mapping[str, int]) -> None:
    is_fixed = all(type(dtype) in _WIDTHS for dtype in rows.dtypes)
    is_binary = is_fixed and not any(rows[name].has_nulls() for name in rows.columns)
    names = ", ".join((*rows.columns, *constants))
    kind = "binary" if is_binary else "text"
    fixed = [pl.lit(value, pl.Int32).alias(name) for name, value in constants.items()]
    cursor = conn.connection.cursor()
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT {kind})") as copy:
        if is_binary:
            copy.write(b"PGCOPY\n\xff\r\n\x00" + bytes(8))
        for part in rows.iter_slices(SLICE):
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
