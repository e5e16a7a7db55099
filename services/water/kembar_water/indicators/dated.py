"""Factors in force on the days that are judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kembar_shared.measurement.standards import LONG_AGO

if TYPE_CHECKING:
    import numpy.typing as npt
    import polars as pl

    from kembar_shared.measurement.standards import Factor, Standards

    Floats = npt.NDArray[np.float64]


def factors(
    standards: Standards,
    standard: str,
    subject: str,
    quantities: tuple[str, ...],
    days: pl.Series,
) -> Floats:
    """Return the values of factors on each day; before the oldest one, that one.

    Returns:
        Shape (days, quantities).

    Raises:
        KeyError: One of them has no factor.
    """
    columns = []
    for quantity in quantities:
        known = _dated(standards, (standard, subject, quantity))
        if not known:
            raise KeyError(f"{standard}/{subject}/{quantity}")
        begins = np.array([factor.valid_from for factor in known], dtype="datetime64[D]")
        position = np.searchsorted(begins, days.to_numpy().astype("datetime64[D]"), side="right")
        values = np.array([factor.value for factor in known])
        columns.append(values[np.maximum(position - 1, 0)])
    return np.column_stack(columns)


def _dated(standards: Standards, key: tuple[str, str, str]) -> list[Factor]:
    rows = [f for f in standards.factors if f.key == key and f.valid_from is not None]
    return sorted(rows, key=lambda factor: factor.valid_from or LONG_AGO)
