"""What a sender declares about a file whose cells alone would be ambiguous."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Declaration:
    """How to read decimals, dates and clock times of one file, and the limits it must keep.

    Attributes:
        timezone: Zone of times that carry no offset; absent: such times are refused.
        decimal: The decimal sign of every number.
        dates: Order of day, month and year; `iso` is year first.
        rows: Most rows a file may have.
        columns: Most columns a file may have.
        cell_characters: Most characters a cell may have.
    """

    timezone: ZoneInfo | None = None
    decimal: Literal["point", "comma"] = "point"
    dates: Literal["iso", "dmy"] = "iso"
    rows: int = 2_000_000
    columns: int = 64
    cell_characters: int = 4_096
