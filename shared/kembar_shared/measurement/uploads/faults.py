"""How a failing cell is named."""

from __future__ import annotations

import polars as pl


def fault_of(
    frame: pl.DataFrame, where: pl.Expr, column: str, code: str, expected: pl.Expr | str = ""
) -> pl.DataFrame:
    """Name the cell of *column* in each row of *frame* that *where* picks."""
    wanted = pl.lit(expected) if isinstance(expected, str) else expected
    return frame.filter(where.fill_null(value=False)).select(
        "line",
        column=pl.lit(column),
        value=pl.col(column).fill_null("").str.head(200),
        code=pl.lit(code),
        expected=wanted.cast(pl.String).fill_null(""),
    )
