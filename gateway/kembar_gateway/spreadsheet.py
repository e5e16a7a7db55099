"""Cells of CSV files that people open in a spreadsheet."""

from __future__ import annotations

import re
from typing import Final

NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")

_FORMULA: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def cell(value: object) -> str:
    """Return a cell that no spreadsheet runs as a formula; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    if text.startswith(_FORMULA) and NUMBER.fullmatch(text) is None:
        return f"'{text}"
    return text
