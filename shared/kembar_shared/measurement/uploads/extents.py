"""How far the cells of a sheet reach: its reader holds the whole rectangle, empty cells and all.

One cell in the last corner of an otherwise empty sheet makes that 17 thousand million cells, and a
repeated cell of ODS as many from one tag. What a sheet states of its own size is not asked.
"""

from __future__ import annotations

import re
from typing import Final

from kembar_shared.measurement.uploads.tables import FileRefused

CELLS: Final = 2_500_000
"""Most cells of a sheet's rectangle; one takes about 100 bytes while it is read."""

_ROW = re.compile(rb"""\sr\s*=\s*["']\s*(\d+)\s*["']""")
_CELL = re.compile(rb"""\sr\s*=\s*["']\s*([A-Za-z]+)(\d+)\s*["']""")
_CELLS = re.compile(rb"<(?:[\w.-]+:)?c[\s/>]")
_ODS_TAG = re.compile(
    rb"<(/?)table:(table|table-row|table-cell|covered-table-cell)((?:\s[^<]*?)?)(/?)>"
)
_ROWS_REPEATED = re.compile(rb"""table:number-rows-repeated\s*=\s*["']\s*(\d+)""")
_COLUMNS_REPEATED = re.compile(rb"""table:number-columns-repeated\s*=\s*["']\s*(\d+)""")


class Extents:
    """Looks at the XML of a workbook, piece by piece."""

    def __init__(self) -> None:
        self._of_sheet: dict[str, _Sheet] = {}
        self._of_document = _Document()

    def look(self, name: str, piece: bytes) -> None:
        """Look at a *piece* of the entry *name*.

        Raises:
            FileRefused: A sheet reaches too far.
        """
        if name == "content.xml":
            self._of_document.look(piece)
        elif "sheet" in name.lower():
            self._of_sheet.setdefault(name, _Sheet()).look(piece)


def _check(rows: int, columns: int) -> None:
    if rows * columns > CELLS:
        raise FileRefused("sheet-too-large", value=f"{rows} × {columns}", expected=str(CELLS))  # noqa: RUF001  the sign of a product


class _Sheet:
    """A sheet of XLSX."""

    def __init__(self) -> None:
        self._rows = self._columns = self._cells = 0

    def look(self, piece: bytes) -> None:
        cells = _CELL.findall(piece)
        rows = [int(row) for row in {row for _, row in cells} | set(_ROW.findall(piece))]
        columns = [_number_of(letters) for letters in {letters for letters, _ in cells}]
        self._rows = max([self._rows, *rows])
        self._columns = max([self._columns, *columns])
        # Cells that don't say where they are follow each other.
        self._cells += len(_CELLS.findall(piece))
        _check(self._rows, self._columns)
        _check(self._cells, 1)


def _number_of(letters: bytes) -> int:
    number = 0
    for letter in letters[:4].upper():
        number = number * 26 + letter - 64
    return number


class _Document:
    """All sheets of ODS."""

    def __init__(self) -> None:
        self._row = self._repeated = self._column = self._width = self._widest = 0

    def look(self, piece: bytes) -> None:
        for closing, tag, attributes, alone in _ODS_TAG.findall(piece):
            if tag == b"table":
                self._row = self._widest = 0
            elif tag == b"table-row":
                if not closing:
                    self._repeated = _count(_ROWS_REPEATED, attributes)
                    self._column = self._width = 0
                if closing or alone:
                    self._end_row()
            elif not closing:
                self._column += _count(_COLUMNS_REPEATED, attributes)
                if not alone or b"value" in attributes:
                    self._width = self._column

    def _end_row(self) -> None:
        self._row += self._repeated
        self._widest = max(self._widest, self._width)
        if self._width:
            _check(self._row, self._widest)


def _count(repeated: re.Pattern[bytes], attributes: bytes) -> int:
    found = repeated.search(attributes)
    return min(int(found[1]), 1 << 32) if found else 1
