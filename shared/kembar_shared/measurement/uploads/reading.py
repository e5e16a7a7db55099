"""From the bytes of a file to a table of text cells, each row with its line and raw text."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement.catalogue import fold
from kembar_shared.measurement.uploads.documents import read_json
from kembar_shared.measurement.uploads.tables import (
    CELLS_SCHEMA,
    COLUMNS,
    NOT_TEXT,
    REQUIRED,
    FileRefused,
    Table,
    trimmed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kembar_shared.measurement.uploads.declared import Declaration

_ALIASES: Final = {
    "station": ("station_code", "stasiun", "kode_stasiun", "lokasi", "titik", "測定局", "地点"),
    "parameter": ("parameter_code", "parameter_uji", "項目", "測定項目"),
    "time": ("datetime", "timestamp", "waktu", "tanggal", "日時", "日付"),
    "value": ("nilai", "hasil", "値", "測定値"),
    "unit": ("satuan", "単位"),
    "qualifier": ("kualifikasi", "tanda", "記号"),
    "limit": ("detection_limit", "batas", "batas_deteksi", "検出下限"),
    "material": ("jenis_sampah", "種類"),
    "source": ("sumber", "排出源"),
    "method": ("metode", "方法"),
    "period": ("periode", "期間"),
    "depth_m": ("kedalaman_m", "深さ_m"),
    "note": ("catatan", "keterangan", "備考"),
}
_COLUMN_OF: Final = {
    fold(spelling): column for column in COLUMNS for spelling in (column, *_ALIASES.get(column, ()))
}
_SEPARATORS: Final = (",", ";", "\t")
_BINARY: Final = (b"\x89PNG", b"PK\x03\x04", b"%PDF", b"\xff\xd8\xff", b"GIF8", b"\xd0\xcf\x11\xe0")
_ROW_LINES: Final = 100
"""Most lines one row may run over; bounds the search for a quotation mark that never comes."""


def read(content: bytes, media_type: str, declared: Declaration) -> Table:
    """Split *content* into text cells.

    Args:
        content: The whole file.
        media_type: `text/csv` or `application/json`.
        declared: The sender's declarations; its limits are checked here.

    Raises:
        FileRefused: No row of it can be read.
    """
    if content.startswith(_BINARY) or content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise FileRefused("not-text")
    table = read_json(content) if media_type == "application/json" else _read_csv(content, declared)
    if table.cells.height + table.errors.height > declared.rows:
        raise FileRefused("too-many-rows", expected=str(declared.rows))
    if table.cells.height + table.errors.height == 0:
        raise FileRefused("empty-file")
    return table


def raws(content: bytes, media_type: str, declared: Declaration, lines: pl.Series) -> pl.DataFrame:
    """Return `line` and `raw` of *lines*."""
    return read(content, media_type, declared).raws(lines)


def _read_csv(content: bytes, declared: Declaration) -> Table:
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    text = text.replace("\x00", NOT_TEXT).replace("\r\n", "\n").replace("\r", "\n")
    lines = (
        pl.read_lines(io.BytesIO(text.encode()))
        .rename(lambda _: "raw")
        .with_row_index("line", 1)
        .with_columns(pl.col("line").cast(pl.Int64))
    )
    is_filled = pl.col("raw").str.strip_chars(" \t") != ""
    filled = lines.filter(is_filled)
    if filled.is_empty():
        raise FileRefused("empty-file")
    header_line, header = filled.row(0)
    if len(header) > declared.columns * 100:
        raise FileRefused("cell-too-long", line=header_line, value=header)
    separator, columns = _columns_of(header, header_line, declared)
    rows = filled[1:]
    quoted = rows["raw"].str.contains('"', literal=True)
    if (rows.filter(quoted)["raw"].str.count_matches('"', literal=True) % 2 == 1).any():
        # A cell runs over the end of its line, perhaps over lines that are empty.
        rows = lines[header_line:]
        quoted = pl.repeat(value=True, n=rows.height, eager=True)
    split = pl.concat(
        [
            rows.filter(~quoted).with_columns(cells=pl.col("raw").str.split(separator)),
            _split_quoted(rows.filter(quoted), separator).filter(is_filled),
        ]
    )
    return _table(split.sort("line"), columns)


def _columns_of(header: str, line: int, declared: Declaration) -> tuple[str, list[str]]:
    """Find the separator under which the most cells of the header are known columns."""
    if NOT_TEXT in header:
        raise FileRefused("not-text", line=line)
    readings = [(s, next(csv.reader([header], delimiter=s))) for s in _SEPARATORS]
    separator, names = max(
        readings, key=lambda reading: sum(fold(name) in _COLUMN_OF for name in reading[1])
    )
    if len(names) > declared.columns:
        raise FileRefused("too-many-columns", line=line, expected=str(declared.columns))
    for name in names:
        if fold(name) not in _COLUMN_OF:
            raise FileRefused(
                "unknown-column", line=line, column=name.strip()[:80], expected=", ".join(COLUMNS)
            )
    columns = [_COLUMN_OF[fold(name)] for name in names]
    _require_each_once(columns, line)
    return separator, columns


def _require_each_once(columns: list[str], line: int) -> None:
    for column in REQUIRED:
        if column not in columns:
            raise FileRefused(
                "column-missing", line=line, column=column, expected=", ".join(REQUIRED)
            )
    for column in columns:
        if columns.count(column) > 1:
            raise FileRefused("column-twice", line=line, column=column)


def _split_quoted(lines: pl.DataFrame, separator: str) -> pl.DataFrame:
    """Split lines with quoted cells; a cell may run over line ends, its row keeps the first.

    A line whose quotes don't balance has no cells.
    """
    numbers, raws = lines["line"].to_list(), lines["raw"].to_list()
    rows: list[tuple[int, str, list[str] | None]] = []
    first = following = 0

    def fed() -> Iterator[str]:
        nonlocal following
        while following < min(len(raws), first + _ROW_LINES):
            following += 1
            yield raws[following - 1] + "\n"

    reader = csv.reader(fed(), delimiter=separator, strict=True)
    while first < len(raws):
        try:
            cells = next(reader)
        except (csv.Error, StopIteration):
            # The line alone is at fault: those it swallowed are read again.
            cells, following = None, first + 1
            reader = csv.reader(fed(), delimiter=separator, strict=True)
        rows.append((numbers[first], "\n".join(raws[first:following]), cells))
        first = following
    return pl.DataFrame(
        rows, schema={"line": pl.Int64, "raw": pl.String, "cells": pl.List(pl.String)}, orient="row"
    )


def _table(split: pl.DataFrame, columns: list[str]) -> Table:
    """Give each cell its column; rows without cells, text or the right length become errors."""
    width = pl.col("cells").list.len()
    is_text = ~pl.col("raw").str.contains(NOT_TEXT, literal=True)
    faults = split.select(
        "line",
        column=pl.lit(""),
        value=pl.lit(""),
        code=pl.when(~is_text)
        .then(pl.lit("not-text"))
        .when(pl.col("cells").is_null())
        .then(pl.lit("quotes-unbalanced"))
        .when(width < len(columns))
        .then(pl.lit("cells-missing"))
        .when(width > len(columns))
        .then(pl.lit("cells-too-many")),
        expected=pl.lit(str(len(columns))),
        raw="raw",
    ).filter(pl.col("code").is_not_null())
    good = split.filter(is_text & (width == len(columns)))
    cells = good.select("line", "raw", *_cells_of(columns))
    return Table(cells.cast(pl.Schema(CELLS_SCHEMA)), faults)


def _cells_of(columns: list[str]) -> list[pl.Expr]:
    """Return one trimmed text cell per known column; empty or absent is null."""
    cell = pl.col("cells").list
    return [
        trimmed(
            cell.get(columns.index(name)) if name in columns else pl.lit(None, pl.String)
        ).alias(name)
        for name in COLUMNS
    ]
