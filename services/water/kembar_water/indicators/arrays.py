"""Columns of a table as the arrays that formulas take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def floats(frame: pl.DataFrame, column: str) -> Floats:
    """Return a column as an array, nulls as NaN."""
    return frame[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def by_row(frame: pl.DataFrame, keys: Sequence[str], column: str) -> Floats:
    """Spread a column of *frame*, which is sorted by *keys*, over one row for each of these.

    Returns:
        Shape (distinct keys, most values of one of them), NaN at the ends of shorter ones.
    """
    numbered = frame.select(row=pl.struct(keys).rle_id().cast(pl.Int64)).with_columns(
        column=pl.int_range(pl.len()).over("row")
    )
    return spread(numbered["row"], numbered["column"], floats(frame, column))


def by_parameter(frame: pl.DataFrame, keys: Sequence[str], column: str) -> Floats:
    """Spread a column of *frame*, which is sorted by *keys*, over one column per parameter.

    Returns:
        Shape (distinct keys, parameters in alphabetical order), NaN where there is no value.
    """
    row = frame.select(pl.struct(keys).rle_id().cast(pl.Int64)).to_series()
    return spread(row, frame["parameter"].rank("dense").cast(pl.Int64) - 1, floats(frame, column))


def spread(row: pl.Series, column: pl.Series, values: Floats) -> Floats:
    """Return a matrix of *values* at their rows and columns, NaN elsewhere."""
    rows, columns = row.to_numpy(), column.to_numpy()
    matrix = np.full((rows.max(initial=-1) + 1, columns.max(initial=-1) + 1), np.nan)
    matrix[rows, columns] = values
    return matrix
