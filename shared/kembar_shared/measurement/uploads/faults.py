"""How a failing cell is named."""

from __future__ import annotations

import polars as pl

from kembar_shared.measurement.uploads.tables import ERRORS_SCHEMA

_OF_A_VALUE = ("parameter", "value", "unit")
"""What stands in or under the heading of its own column, in a file with one for each parameter."""

SHOWN_CHARACTERS = 200
"""Most characters of a failing cell that are repeated; its line is kept whole."""


def fault_of(
    frame: pl.DataFrame, where: pl.Expr, column: str, code: str, expected: pl.Expr | str = ""
) -> pl.DataFrame:
    """Name the cell of *column* in each row of *frame* that *where* picks.

    Args:
        frame: The rows: `line`, `cell`, `header`, and *column*.
        where: Which of them fail.
        column: What the cell is.
        code: Why it fails.
        expected: What would have been right.

    Returns:
        `line`, `cell`, and the other columns of `ERRORS_SCHEMA`; a file with a column for each
        parameter is told the heading of its own column.
    """
    wanted = pl.lit(expected) if isinstance(expected, str) else expected
    name = pl.lit(column)
    if column in _OF_A_VALUE:
        name = pl.coalesce("header", name)
    return frame.filter(where.fill_null(value=False)).select(
        "line",
        "cell",
        column=name,
        value=pl.col(column).fill_null("").str.head(SHOWN_CHARACTERS),
        code=pl.lit(code),
        expected=wanted.cast(pl.String).fill_null(""),
    )


def no_faults() -> pl.DataFrame:
    """Return what `fault_of` returns where nothing fails."""
    return pl.DataFrame(schema={"line": pl.Int64, "cell": pl.Int16, **ERRORS_SCHEMA})
