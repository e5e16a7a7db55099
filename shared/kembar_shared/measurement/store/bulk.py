"""Many rows at once, by the database's own fastest way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from kembar_shared.chassis import copying
from kembar_shared.chassis.database import is_sqlite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kembar_shared.chassis.database import Connection

SLICE: Final = 25_000
"""Rows that are encoded together; bounds the memory of an insertion."""

_WHOLE: Final = 100_000
"""About how many rows of whole series are worked on together."""

_KEYS: Final = 2_000
"""Rows of one list of values in a statement."""

_TOGETHER: Final = 100
"""Rows of one statement on SQLite."""

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
            _insert(conn, table, part, constants)
        return
    filled, is_plain = _plain(rows)
    if filled:
        parts = (part.filter(is_plain).select(filled) for part in rows.iter_slices(SLICE))
        _copy(conn, table, parts, filled, constants, is_binary=True)
    others = [part.filter(~is_plain) for part in rows.iter_slices(SLICE)]
    if any(not part.is_empty() for part in others):
        _copy(conn, table, others, rows.columns, constants, is_binary=False)


def whole_series(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Cut *rows*, those of a series together, between series into parts that bound the memory."""
    begin = end = 0
    heights = rows.group_by("series_id", maintain_order=True).len()["len"]
    for height in heights.to_list():
        if end > begin and end + height - begin > _WHOLE:
            yield rows[begin:end]
            begin = end
        end += height
    if end > begin:
        yield rows[begin:end]


def values(keys: pl.DataFrame) -> Iterator[str]:
    """Yield *keys*, all of them whole numbers, as lists for `VALUES`, some thousand rows each."""
    if any(not dtype.is_integer() for dtype in keys.dtypes):
        raise TypeError(keys.schema)
    for part in keys.iter_slices(_KEYS):
        row = pl.format("({})", pl.concat_str(pl.all().cast(pl.String), separator=","))
        yield ",".join(part.select(row).to_series())


def insert_values(conn: Connection, statement: str, part: pl.DataFrame, more: str = "") -> None:
    """Let SQLite insert *part*, many rows a statement: a statement costs more than a row.

    Args:
        conn: A writing transaction.
        statement: Its text, with `{rows}` behind `VALUES`.
        part: The rows, at most `SLICE`.
        more: What each row has besides, as SQL.
    """
    cells: list[Any] = [None] * (part.height * part.width)  # Any: whatever the columns hold
    for at, column in enumerate(part):
        cells[at :: part.width] = column.to_list()
    row = f"({', '.join('?' * part.width)}{more})"
    whole = part.height - part.height % _TOGETHER
    cursor: Any = conn.connection.cursor()  # Any: the driver's own
    for begin, end, size in ((0, whole, _TOGETHER), (whole, part.height, part.height - whole)):
        if begin < end:
            text = statement.format(rows=", ".join((row,) * size))
            width = size * part.width
            starts = range(begin * part.width, end * part.width, width)
            cursor.executemany(text, (cells[start : start + width] for start in starts))


def _insert(conn: Connection, table: str, part: pl.DataFrame, constants: Mapping[str, int]) -> None:
    told = dict(constants)
    for name, kind in tuple(part.schema.items())[1:]:
        # What is the same in every row need not be handed over with each of them.
        if kind.is_integer() and not part[name].has_nulls() and part[name].n_unique() == 1:
            told[name] = part.item(0, name)
            part = part.drop(name)
    names = ", ".join((*part.columns, *told))
    more = "".join(f", {int(value)}" for value in told.values())
    insert_values(conn, f"INSERT INTO {table} ({names}) VALUES {{rows}}", part, more)


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
