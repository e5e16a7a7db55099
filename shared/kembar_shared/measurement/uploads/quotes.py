"""Quoted cells without a loop: where quotation marks stand as they should, they can be taken off.

What they protected, separators, line ends and quotation marks inside a cell, is marked first by
characters that no measurement file holds, and put back once the cells are columns.
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
_MARK_QUOTE, _MARK_END, _MARK_SEPARATOR = "\x1d", "\x1e", "\x1f"
_MOST_BYTES: Final = 131_072
"""A row up to this length has no cell that is too long for `csv`."""


_NONE: Final = pl.Series(dtype=pl.UInt32)


@dataclass(frozen=True, slots=True)
class Unquoted:
    """Text whose quotation marks are off.

    Attributes:
        text: One row per line.
        lines: The line each row began on, counted from 0; None: they are consecutive.
        marked: Rows in whose cells a mark stands for something else.
    """

    text: bytes
    lines: NDArray[np.int64] | None
    marked: pl.Series

    def restore(self, split: pl.DataFrame, separator: str) -> pl.DataFrame:
        """Put back into the cells of *split* what the marks stand for."""
        if self.marked.is_empty():
            return split
        marked = split.select(pl.all().gather(self.marked))
        restored = marked.select(
            pl.all()
            .str.replace_all(_MARK_SEPARATOR, separator, literal=True)
            .str.replace_all(_MARK_END, "\n", literal=True)
            .str.replace_all(_MARK_QUOTE, '"', literal=True)
        )
        return split.with_columns(
            split[name].scatter(self.marked, cells)
            for name, cells in restored.to_dict().items()
            if not cells.equals(marked[name])
        )


def unquote(text: bytes, separator: str) -> Unquoted | None:
    """Take the quotation marks off *text*; None where that would need a closer look."""
    if b'"' not in text:
        return Unquoted(text, None, _NONE)
    if any(mark in text for mark in (b"\x1d", b"\x1e", b"\x1f")):
        return None
    characters = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(characters == _QUOTE)
    doubled = _doubled(quotes, characters, ord(separator))
    if doubled is None:
        return None
    ends = np.flatnonzero(characters == _LINE_END)
    is_row_end = np.ones(len(ends), dtype=bool)
    is_row_end[_inside(ends, quotes)] = False
    row_ends = np.flatnonzero(is_row_end)
    if _is_too_long(ends[row_ends]) or _is_too_long(row_ends, most=ROW_LINES):
        return None
    separators = np.flatnonzero(characters == ord(separator))
    marks = {
        _MARK_QUOTE: doubled,
        _MARK_END: ends[~is_row_end],
        _MARK_SEPARATOR: separators[_inside(separators, quotes)],
    }
    plain = characters.copy()
    for mark, at in marks.items():
        plain[at] = ord(mark)
    lines = None if is_row_end.all() else np.concatenate([[0], row_ends[:-1] + 1])
    marked = np.unique(np.searchsorted(ends[row_ends], np.concatenate([*marks.values()])))
    return Unquoted(plain.tobytes().replace(b'"', b""), lines, pl.Series(marked, dtype=pl.UInt32))


def _doubled(
    quotes: NDArray[np.int64], characters: NDArray[np.uint8], separator: int
) -> NDArray[np.int64] | None:
    """Return the quotation marks that stand for one inside a cell; None where one is stray."""
    if len(quotes) % 2:
        return None
    opening, closing = quotes[0::2], quotes[1::2]
    before, behind = characters[opening - 1], characters[closing + 1]
    is_doubled = closing[:-1] + 1 == opening[1:]
    is_opening = (before == separator) | (before == _LINE_END) | (opening == 0)
    is_closing = (behind == separator) | (behind == _LINE_END)
    is_opening[1:] |= is_doubled
    is_closing[:-1] |= is_doubled
    return opening[1:][is_doubled] if is_opening.all() and is_closing.all() else None


def _inside(positions: NDArray[np.int64], quotes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which of *positions*, in order, lie between an opening quote and its closing one."""
    first, behind = (np.searchsorted(positions, quotes[at::2]) for at in (0, 1))
    counts = behind - first
    return np.repeat(first - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())


def _is_too_long(ends: NDArray[Any], most: int = _MOST_BYTES) -> bool:
    return bool((np.diff(ends, prepend=-1) > most).any())
