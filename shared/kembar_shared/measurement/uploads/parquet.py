"""Parquet: typed columns become the text that a sender would have written.

What a file claims to hold, and what each of its pages claims to become once it is unpacked, is
added up before anything is unpacked.
Source: Apache Parquet, `parquet.thrift`; the numbers of fields below are its.
"""

from __future__ import annotations

import shutil
import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import polars as pl

from kembar_shared.measurement.uploads import thrift
from kembar_shared.measurement.uploads.columns import Header
from kembar_shared.measurement.uploads.declared import RATIO
from kembar_shared.measurement.uploads.tables import (
    CHUNK_ROWS,
    FileRefused,
    Table,
    is_double,
    no_errors,
    refused_as,
)
from kembar_shared.measurement.uploads.written import csv_lines, decimals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kembar_shared.measurement.uploads.declared import Declaration

_MAGIC: Final = b"PAR1"
_ROWS, _GROUPS = 3, 4
_GROUP_COLUMNS, _GROUP_ROWS = 1, 3
_CHUNK_METADATA = 3
_PACKED_BYTES, _DATA_PAGE, _DICTIONARY_PAGE = 7, 9, 11
_PAGE_BYTES, _PAGE_PACKED_BYTES = 2, 3
_HEADER_BYTES: Final = 1 << 16
"""Longest header of a page, statistics included."""
_TEXT: Final = (pl.String, pl.Categorical, pl.Enum)


def read(file: BinaryIO, declared: Declaration) -> Iterator[Table]:
    """Yield the rows of a Parquet file.

    Raises:
        FileRefused: It is none, is larger unpacked than an upload may be, or has a column whose
            type is no text, number, date or time.
    """
    try:
        rows, bytes_ = _claims(file)
    except thrift.Unreadable as error:
        raise FileRefused("not-parquet") from error
    if rows > declared.rows:
        raise FileRefused("too-many-rows", expected=str(declared.rows))
    if bytes_ > declared.decoded_bytes or bytes_ > RATIO * max(_size(file), 1 << 20):
        raise FileRefused("too-large-unpacked", expected=str(declared.decoded_bytes))
    with tempfile.NamedTemporaryFile(prefix="kembar-", suffix=".parquet") as copy:
        file.seek(0)
        shutil.copyfileobj(file, copy)
        copy.flush()
        with refused_as("not-parquet", pl.exceptions.PolarsError, OSError):
            yield from _tables(pl.scan_parquet(copy.name, glob=False), rows, declared)


def _tables(frame: pl.LazyFrame, rows: int, declared: Declaration) -> Iterator[Table]:
    schema = frame.collect_schema()
    header = Header.of(schema.names(), declared, line=1)
    texts = [
        _text_of(name, dtype, declared).alias(str(position))
        for position, (name, dtype) in enumerate(schema.items())
    ]
    doubles = [
        pl.lit(value=dtype.is_float()).alias(is_double(str(position)))
        for position, dtype in enumerate(schema.dtypes())
        if position in header.numbers
    ]
    for start in range(0, rows, CHUNK_ROWS):
        split = frame.slice(start, CHUNK_ROWS).select(texts).collect()
        first = start + 1
        split = split.with_columns(
            line=pl.int_range(first, first + split.height, dtype=pl.Int64, eager=True)
        )
        raw_of = _picked(split)
        split = split.with_columns(doubles)
        for cells in header.cells(split):
            yield Table(cells, no_errors(), raw_of)


def _picked(split: pl.DataFrame) -> Callable[[pl.Series], pl.DataFrame]:
    return lambda lines: csv_lines(split.filter(pl.col("line").is_in(lines.implode())))


def _text_of(name: str, dtype: pl.DataType, declared: Declaration) -> pl.Expr:
    """Return the text of a typed column, written as the sender declares his texts to be."""
    column = pl.col(name)
    if isinstance(dtype, _TEXT):
        return column.cast(pl.String)
    if isinstance(dtype, pl.Boolean) or dtype.is_integer() or dtype == pl.Null:
        return column.cast(pl.String)
    if dtype.is_float() or dtype.is_decimal():
        return decimals(column.cast(pl.String), declared)
    day = "%Y-%m-%d" if declared.dates == "iso" else "%d/%m/%Y"
    if isinstance(dtype, pl.Date):
        return column.dt.strftime(day)
    if isinstance(dtype, pl.Datetime):
        zone = "" if dtype.time_zone is None else "%:z"
        # As many digits of the second as there are; more than six are refused by the check.
        return column.dt.strftime(f"{day}T%H:%M:%S%.f{zone}")
    raise FileRefused("column-type", column=name[:80], value=str(dtype))


def _size(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _claims(file: BinaryIO) -> tuple[int, int]:
    """Add up the rows and the unpacked bytes that the file says it has.

    Raises:
        Unreadable: Its metadata cannot be read, or contradict themselves.
    """
    size = _size(file)
    file.seek(max(0, size - 8))
    tail = file.read(8)
    length = int.from_bytes(tail[:4], "little")
    if size < 12 or tail[4:] != _MAGIC or length > size - 12:
        raise thrift.Unreadable("no footer")
    file.seek(size - 8 - length)
    footer = thrift.Reader(file.read(length)).struct()
    try:
        groups = footer[_GROUPS]
        if sum(group[_GROUP_ROWS] for group in groups) != footer[_ROWS]:
            raise thrift.Unreadable("rows")
        chunks = [c[_CHUNK_METADATA] for group in groups for c in group[_GROUP_COLUMNS]]
        return footer[_ROWS], length + sum(_unpacked_bytes(file, chunk, size) for chunk in chunks)
    except (LookupError, TypeError, AttributeError) as error:
        raise thrift.Unreadable("metadata") from error


def _unpacked_bytes(file: BinaryIO, chunk: Any, size: int) -> int:
    """Add up what the pages of a column chunk say of themselves."""
    at = min(chunk[_DATA_PAGE], chunk.get(_DICTIONARY_PAGE) or chunk[_DATA_PAGE])
    end = at + chunk[_PACKED_BYTES]
    if not 0 < at <= end <= size:
        raise thrift.Unreadable("offsets")
    total = 0
    while at < end:
        file.seek(at)
        reader = thrift.Reader(file.read(_HEADER_BYTES))
        page = reader.struct()
        if page[_PAGE_BYTES] < 0 or page[_PAGE_PACKED_BYTES] < 0:
            raise thrift.Unreadable("page")
        total += page[_PAGE_BYTES]
        at += reader.at + page[_PAGE_PACKED_BYTES]
    return total
