"""What reading a file yields: a table of text cells, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

REQUIRED: Final = ("station", "parameter", "time", "value", "unit")
OPTIONAL: Final = (
    "qualifier",
    "limit",
    "material",
    "source",
    "method",
    "period",
    "depth_m",
    "note",
)
COLUMNS: Final = REQUIRED + OPTIONAL

NOT_TEXT: Final = "\N{REPLACEMENT CHARACTER}"

ERRORS_SCHEMA: Final[dict[str, Any]] = {
    "line": pl.Int64,
    "column": pl.String,
    "value": pl.String,
    "code": pl.String,
    "expected": pl.String,
}
CELLS_SCHEMA: Final[dict[str, Any]] = {"line": pl.Int64, "raw": pl.String} | dict.fromkeys(
    COLUMNS, pl.String
)


class FileRefused(Exception):
    """The file as a whole can't be read; `line`, `column` and `expected` say where and what."""

    def __init__(
        self, code: str, *, line: int = 1, column: str = "", value: str = "", expected: str = ""
    ) -> None:
        super().__init__(code)
        self.code, self.line, self.column = code, line, column
        self.value, self.expected = value[:200], expected


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file.

    Attributes:
        cells: `line`, `raw` and one text column per name of `COLUMNS`; an empty cell is null.
        errors: Rows that could not be split into cells (columns of `ERRORS_SCHEMA`, and `raw`).
    """

    cells: pl.DataFrame
    errors: pl.DataFrame

    def raws(self, lines: pl.Series) -> pl.DataFrame:
        """Return `line` and `raw`, the text of *lines* as it stands in the file."""
        return self.cells.filter(pl.col("line").is_in(lines.to_list())).select("line", "raw")


def trimmed(cell: pl.Expr) -> pl.Expr:
    """Return *cell* without spaces around it; null where nothing is left."""
    text = cell.str.strip_chars()
    return pl.when(text != "").then(text)
