"""Quoted cells without a loop: where quotation marks stand as they should, they can be taken off.

What they protected, separators and line ends inside a cell, is marked first by two characters
that no measurement file holds, and put back once the cells are columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from kembar_shared.measurement.uploads.lines import ROW_LINES

if TYPE_CHECKING:
    from numpy.typing import NDArray

_QUOTE, _LINE_END = ord('"'), ord("\n")
_MARK_END, _MARK_SEPARATOR = "\x1e", "\x1f"
_MOST_BYTES: Final = 131_072
"""A row up to this length has no cell that is too long for `csv`."""


@dataclass(frozen=True, slots=True)
class Unquoted:
    """Text whose quotation marks are off.

    Attributes:
        text: One row per line.
        lines: The line each row began on, counted from 0; None: they are consecutive.
        is_marked: Whether a mark stands for a separator or line end inside a cell.
    """

    text: bytes
    lines: NDArray[np.int64] | None
    is_marked: bool

    def restored(self, separator: str, columns: list[str]) -> list[pl.Expr]:
        """Return the expressions that put back what the marks stand for."""
        return [
            pl.col(name)
            .str.replace_all(_MARK_SEPARATOR, separator, literal=True)
            .str.replace_all(_MARK_END, "\n", literal=True)
            for name in columns
        ]


def unquote(text: bytes, separator: str) -> Unquoted | None:
    """Take the quotation marks off *text*; None where that would need a closer look."""
    if b'"' not in text:
        return Unquoted(text, None, is_marked=False)
    if _MARK_END.encode() in text or _MARK_SEPARATOR.encode() in text:
        return None
    characters = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(characters == _QUOTE)
    is_boundary = (characters == ord(separator)) | (characters == _LINE_END)
    doubled = _doubled(quotes, is_boundary)
    if doubled is None:
        return None
    at = np.flatnonzero(is_boundary)
    is_inside = np.searchsorted(quotes, at) % 2 == 1
    is_end = characters[at] == _LINE_END
    row_ends = np.flatnonzero(~is_inside[is_end])
    if _is_too_long(at[is_end][row_ends]) or _is_too_long(row_ends, most=ROW_LINES):
        return None
    plain = characters.copy()
    plain[at[is_inside & is_end]] = ord(_MARK_END)
    plain[at[is_inside & ~is_end]] = ord(_MARK_SEPARATOR)
    is_kept = np.ones(len(plain), dtype=bool)
    is_kept[quotes] = False
    is_kept[doubled] = True
    is_over_ends = bool((is_inside & is_end).any())
    lines = np.concatenate([[0], row_ends[:-1] + 1]) if is_over_ends else None
    return Unquoted(plain[is_kept].tobytes(), lines, is_marked=bool(is_inside.any()))


def _doubled(quotes: NDArray[np.int64], is_boundary: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    """Return the quotation marks that stand for one inside a cell; None where one is stray."""
    if len(quotes) % 2:
        return None
    opening, closing = quotes[0::2], quotes[1::2]
    is_doubled = closing[:-1] + 1 == opening[1:]
    is_opening = is_boundary[opening - 1] | (opening == 0)
    is_closing = is_boundary[closing + 1]
    is_opening[1:] |= is_doubled
    is_closing[:-1] |= is_doubled
    return opening[1:][is_doubled] if is_opening.all() and is_closing.all() else None


def _is_too_long(ends: NDArray[Any], most: int = _MOST_BYTES) -> bool:
    return bool((np.diff(ends, prepend=-1) > most).any())
