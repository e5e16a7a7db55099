"""What a sender declares about a file whose cells alone would be ambiguous."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


RATIO: Final = 200
"""Most bytes that one byte of a packed file may become."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """How to read decimals, dates and clock times of one file, and the limits it must keep.

    Attributes:
        timezone: Zone of times that carry no offset; absent: such times are refused.
        decimal: The decimal sign of every number.
        dates: Order of day, month and year; `iso` is year first.
        layout: `long`, one value per row, or `wide`, one column per parameter.
        sheet: The sheet of a workbook to be read; absent: the only one that can be.
        rows: Most rows a file may have.
        columns: Most columns a file may have.
        cell_characters: Most characters a cell may have.
        decoded_bytes: Most bytes a packed file may become.
    """

    timezone: ZoneInfo | None = None
    decimal: Literal["point", "comma"] = "point"
    dates: Literal["iso", "dmy"] = "iso"
    layout: Literal["long", "wide"] = "long"
    sheet: str | None = None
    rows: int = 2_000_000
    columns: int = 64
    cell_characters: int = 4_096
    decoded_bytes: int = 256 * 1024 * 1024
