"""XLSX and ODS, read by calamine: values alone, never formulas, links or stated dimensions."""

from __future__ import annotations

import tempfile
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import polars as pl
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum

from kembar_shared.measurement.uploads.archives import copy_checked
from kembar_shared.measurement.uploads.columns import Header
from kembar_shared.measurement.uploads.declared import RATIO
from kembar_shared.measurement.uploads.extents import Extents
from kembar_shared.measurement.uploads.tables import (
    FileRefused,
    Table,
    errors_of,
    is_double,
    merged,
    no_errors,
    picked,
    refused_as,
)
from kembar_shared.measurement.uploads.written import csv_lines, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kembar_shared.measurement.uploads.declared import Declaration

_BATCH: Final = 10_000
_TITLE_ROWS: Final = 50
"""Among so many rows the header is looked for."""


def read(file: BinaryIO, declared: Declaration) -> Iterator[Table]:
    """Yield the rows of one sheet of a workbook.

    Raises:
        FileRefused: It is no workbook, is larger than is read, or no sheet, or more than one,
            can be meant.
    """
    with tempfile.NamedTemporaryFile(prefix="kembar-", suffix=".zip") as copy:
        copy_checked(file, copy, RATIO, Extents().look)
        copy.flush()
        with (
            refused_as("not-a-workbook", CalamineError, OSError),
            CalamineWorkbook.from_path(copy.name) as workbook,
        ):
            yield from merged(_tables(*_chosen(workbook, declared), declared))


def _chosen(workbook: CalamineWorkbook, declared: Declaration) -> tuple[CalamineSheet, int, Header]:
    """Return the sheet that is meant, the position of its header among its rows, and the header."""
    names = [s.name for s in workbook.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]
    listed = ", ".join(names)
    if declared.sheet is not None and declared.sheet not in names:
        raise FileRefused("unknown-sheet", value=declared.sheet, expected=listed)
    if declared.sheet is not None or len(names) == 1:
        sheet = workbook.get_sheet_by_name(declared.sheet or names[0])
        return sheet, *_header_of(sheet, declared)
    found = None
    for name in names:
        sheet = workbook.get_sheet_by_name(name)
        try:
            position, header = _header_of(sheet, declared)
        except FileRefused:
            continue
        if found is not None:
            raise FileRefused("sheet-undeclared", expected=listed)
        found = sheet, position, header
    if found is None:
        raise FileRefused("sheet-undeclared", expected=listed)
    return found


def _header_of(sheet: CalamineSheet, declared: Declaration) -> tuple[int, Header]:
    """Find the header: the first row with cells, or the only other one that can be one.

    Raises:
        FileRefused: There is none, for the reason that the first row is none; or two.
    """
    first: FileRefused | None = None
    found = []
    for position, row in enumerate(islice(_rows(sheet), _TITLE_ROWS)):
        names = [text_of(cell, declared) or "" for cell in row]
        while names and not names[-1].strip():
            names.pop()
        if not names:
            continue
        try:
            header = Header.of(names, declared, line=position + 1)
        except FileRefused as refused:
            first = first or refused
            continue
        if first is None:
            return position, header
        found.append((position, header))
    if len(found) > 1:
        raise FileRefused("header-twice", line=found[1][0] + 1)
    if not found:
        raise first or FileRefused("empty-file")
    return found[0]


def _tables(
    sheet: CalamineSheet, position: int, header: Header, declared: Declaration
) -> Iterator[Table]:
    width = len(header.columns)
    rows = enumerate(islice(_rows(sheet), position + 1, None), position + 2)
    for batch in iter(lambda: list(islice(rows, _BATCH)), []):
        texts = [(line, [text_of(cell, declared) or "" for cell in row]) for line, row in batch]
        texts = [(line, row) for line, row in texts if any(cell.strip() for cell in row)]
        long = [(line, row) for line, row in texts if any(row[width:])]
        split = _split([(line, row[:width]) for line, row in texts if not any(row[width:])], width)
        is_text = ~pl.any_horizontal(pl.exclude("line").str.contains(r"[\x00\x{FFFD}]"))
        odd = split.filter(~is_text)["line"]
        split = split.filter(is_text).join(_doubles(batch, header), on="line", how="left")
        faults = [(line, "", "", "cells-too-many", str(width)) for line, _ in long]
        faults += [(line, "", "", "not-text", "") for line in odd]
        widest = max((len(row) for _, row in texts), default=width)
        raws = csv_lines(_split(texts, widest))
        errors = errors_of(faults).join(raws, on="line", how="left").sort("line")
        parts = list(header.cells(split))
        yield Table(parts[0], errors, picked(raws))
        yield from (Table(part, no_errors(), picked(raws)) for part in parts[1:])


def _doubles(batch: list[tuple[int, list[Any]]], header: Header) -> pl.DataFrame:
    """Say which cells of the columns of numbers are floating-point numbers."""
    lines = pl.Series([line for line, _ in batch], dtype=pl.Int64)
    told = {
        is_double(str(i)): [i < len(row) and type(row[i]) is float for _, row in batch]
        for i in header.numbers
    }
    return pl.DataFrame({"line": lines} | told)


def _split(rows: list[tuple[int, list[str]]], width: int) -> pl.DataFrame:
    cells = zip(*(row + [""] * (width - len(row)) for _, row in rows), strict=True)
    columns = list(cells) or [()] * width
    lines = pl.Series([line for line, _ in rows], dtype=pl.Int64)
    texts = {str(i): pl.Series(column, dtype=pl.String) for i, column in enumerate(columns)}
    return pl.DataFrame({"line": lines} | texts)


def _rows(sheet: CalamineSheet) -> Iterator[list[Any]]:
    """Yield the rows from the sheet's first on, empty ones included."""
    return sheet.iter_rows() if sheet.height else iter(())
