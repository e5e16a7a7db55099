"""CSV: whole columns where a block of lines is well formed, row by row where it is not."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np
import polars as pl

from kembar_shared.measurement.uploads import lines
from kembar_shared.measurement.uploads.columns import Header, meaning
from kembar_shared.measurement.uploads.quotes import unquote
from kembar_shared.measurement.uploads.tables import (
    NOT_TEXT,
    RAWS_SCHEMA,
    FileRefused,
    Table,
    no_errors,
    picked,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kembar_shared.measurement.uploads.declared import Declaration

# A cell that is too long is named as such; the module's own limit would call its row ill formed.
csv.field_size_limit(lines.BYTES)

_SEPARATORS: Final = (",", ";", "\t")
_SPACES: Final = tuple(space.encode() for space in " \t\v\f")


def read(file: BinaryIO, declared: Declaration) -> Iterator[Table]:
    """Yield the rows of a CSV file.

    Raises:
        FileRefused: There is no header, or it cannot be read.
    """
    header, separator, carried = None, "", b""
    for block in lines.blocks(file):
        text = carried + block.text
        first = block.first_line - carried.count(b"\n")
        if header is None:
            length = _blank_length(text)
            if length == len(text):
                continue
            first += text[:length].count(b"\n")
            line, _, text = text[length:].partition(b"\n")
            separator, header = _header_of(line.decode(), first, declared)
            first += 1
        if not text:
            continue
        if block.is_last:
            text = text.rstrip(b"\n") + b"\n"
        carried = b""
        if (split := fast(text, first, separator, header)) is not None:
            yield from split
        else:
            tables, carried = exact(text, first, separator, header, is_last=block.is_last)
            yield from tables
    if header is None:
        raise FileRefused("empty-file")


def _blank_length(text: bytes) -> int:
    """Return how many bytes of lines without text *text* begins with."""
    filled = text.lstrip(b" \t\n")
    blank = len(text) - len(filled)
    return text.rfind(b"\n", 0, blank) + 1 if filled else len(text)


def _header_of(text: str, line: int, declared: Declaration) -> tuple[str, Header]:
    """Find the separator under which the most cells of the header are known columns."""
    if len(text) > declared.columns * 100:
        raise FileRefused("cell-too-long", line=line, value=text, expected=str(declared.columns))
    if NOT_TEXT in text:
        raise FileRefused("not-text", line=line)
    readings = [(s, next(csv.reader([text], delimiter=s))) for s in _SEPARATORS]
    separator, names = max(
        readings,
        key=lambda reading: sum(isinstance(meaning(n, declared), str) for n in reading[1]),
    )
    return separator, Header.of(names, declared, line=line)


def fast(text: bytes, first: int, separator: str, header: Header) -> list[Table] | None:
    """Split lines that are all well formed; None where one is not, or may not be."""
    if NOT_TEXT.encode() in text or (unquoted := unquote(text, separator)) is None:
        return None
    plain, width = unquoted.text, len(header.columns)
    characters = np.frombuffer(plain, np.uint8)
    height = int(np.count_nonzero(characters == ord("\n")))
    if np.count_nonzero(characters == ord(separator)) != height * (width - 1):
        return None
    names = [str(position) for position in range(width)]
    try:
        split = pl.read_csv(
            plain,
            has_header=False,
            separator=separator,
            quote_char=None,
            schema=dict.fromkeys(names, pl.String),
            raise_if_empty=False,
        )
    except pl.exceptions.PolarsError:
        return None
    if split.height != height:  # a line was blank
        return None
    if separator == "\t" and _has_blank_row(split):
        return None
    split = unquoted.restore(split, separator)
    if unquoted.lines is None:
        line = pl.int_range(first, first + height, dtype=pl.Int64, eager=True)
        raw_of = _picked_lines(text, first)
    else:
        line = pl.Series(unquoted.lines + first, dtype=pl.Int64)
        raw_of = _picked_rows(text, first, separator, width)
    split = split.with_columns(line=line)
    has_spaces = unquoted.lines is not None or (separator == "\t" and len(unquoted.marked) > 0)
    is_trimmed = not has_spaces and plain.isascii() and not _has_spaces(plain, separator)
    cells = header.cells(split, is_trimmed=is_trimmed)
    return [Table(part, no_errors(), raw_of) for part in cells]


def _has_blank_row(split: pl.DataFrame) -> bool:
    """Say whether a line holds nothing but spaces and tabs, some of which are separators."""
    is_blank = pl.all_horizontal(pl.all().fill_null("").str.strip_chars(" ") == "")
    return bool(split.select(is_blank.any()).item())


def _has_spaces(text: bytes, separator: str) -> bool:
    return any(space in text for space in _SPACES if space != separator.encode())


def exact(
    text: bytes, first: int, separator: str, header: Header, *, is_last: bool
) -> tuple[list[Table], bytes]:
    """Split lines one by one.

    Returns:
        The tables, and the lines at the end that may belong to a row which runs on.
    """
    width = len(header.columns)
    rows, carried = _rows(text, first, separator, width, is_last=is_last)
    count = pl.col("count")
    is_text = ~pl.col("raw").str.contains(NOT_TEXT, literal=True)
    faults = rows.select(
        "line",
        column=pl.lit(""),
        value=pl.lit(""),
        code=pl.when(~is_text)
        .then(pl.lit("not-text"))
        .when(count.is_null())
        .then(pl.lit("quotes-unbalanced"))
        .when(count < width)
        .then(pl.lit("cells-missing"))
        .when(count > width)
        .then(pl.lit("cells-too-many")),
        expected=pl.lit(str(width)),
        raw="raw",
    ).filter(pl.col("code").is_not_null())
    split = rows.filter(is_text & (count == width)).drop("raw", "count")
    raw_of = picked(rows.select("line", "raw"))
    parts = list(header.cells(split))
    first_part = Table(parts[0], faults, raw_of)
    return [first_part, *(Table(part, no_errors(), raw_of) for part in parts[1:])], carried


def _lines(text: bytes, first: int) -> pl.DataFrame:
    line = pl.int_range(first, first + pl.len(), dtype=pl.Int64)
    return pl.read_lines(io.BytesIO(text), name="raw").with_columns(line=line)


def _rows(
    text: bytes, first: int, separator: str, width: int, *, is_last: bool = True
) -> tuple[pl.DataFrame, bytes]:
    """Split lines one by one.

    Returns:
        Of each row `line`, `raw`, `count` of cells (null: its quotation marks don't balance) and,
        where they are *width*, the cells "0", "1", …; and the lines that may run on.
    """
    every = _lines(text, first)
    is_filled = pl.col("raw").str.strip_chars(" \t") != ""
    if b'"' not in text:
        cells = pl.col("raw").str.split(separator)
        split = (
            every.filter(is_filled)
            .with_columns(cells=cells)
            .with_columns(
                pl.col("cells").list.len().cast(pl.Int64).alias("count"),
                *(
                    pl.col("cells").list.get(i, null_on_oob=True).alias(str(i))
                    for i in range(width)
                ),
            )
        )
        return split.drop("cells"), b""
    raws: list[str] = every["raw"].to_list()
    rows: list[tuple[int, str, int | None]] = []
    filled: list[list[str] | tuple[None, ...]] = []
    begun = 0
    while begun < len(raws):
        found, taken = _row(raws[begun : begun + lines.ROW_LINES], separator)
        if found is None and begun + lines.ROW_LINES > len(raws) and not is_last:
            break
        raw = raws[begun] if taken == 1 else "\n".join(raws[begun : begun + taken])
        rows.append((first + begun, raw, None if found is None else len(found)))
        filled.append(found if found is not None and len(found) == width else (None,) * width)
        begun += taken
    names = (*RAWS_SCHEMA, "count", *(str(i) for i in range(width)))
    schema = RAWS_SCHEMA | {"count": pl.Int64} | dict.fromkeys(names[3:], pl.String)
    columns = [*zip(*rows, strict=True), *zip(*filled, strict=True)] or [()] * len(names)
    split = pl.DataFrame(dict(zip(names, columns, strict=True)), schema=schema)
    return split.filter(is_filled), "".join(f"{raw}\n" for raw in raws[begun:]).encode()


def _row(following: list[str], separator: str) -> tuple[list[str] | None, int]:
    """Split the row that begins *following*.

    Returns:
        Its cells and how many lines it takes; a row whose quotes don't balance has no cells and
        takes its first line alone, so that it swallows no other.
    """
    if '"' not in following[0]:
        return following[0].split(separator), 1
    reader = csv.reader((f"{raw}\n" for raw in following), delimiter=separator, strict=True)
    try:
        return next(reader), reader.line_num
    except csv.Error:
        return None, 1


def _picked_lines(text: bytes, first: int) -> Callable[[pl.Series], pl.DataFrame]:
    def pick(asked: pl.Series) -> pl.DataFrame:
        ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))
        starts = np.concatenate([[0], ends[:-1] + 1])
        line = asked.filter(asked.is_between(first, first + len(ends) - 1)).unique().sort()
        at = line.to_numpy() - first
        raws = [text[s:e].decode() for s, e in zip(starts[at], ends[at], strict=True)]
        return pl.DataFrame({"line": line, "raw": raws}, schema=RAWS_SCHEMA)

    return pick


def _picked_rows(
    text: bytes, first: int, separator: str, width: int
) -> Callable[[pl.Series], pl.DataFrame]:
    return lambda asked: picked(_rows(text, first, separator, width)[0])(asked)
