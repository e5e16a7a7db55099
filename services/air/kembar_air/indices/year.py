"""Statistics of a year's daily values, as the standards define them, on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Counts = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

_WINDOW_MONTHS: Final = 6
_HAIR: Final = 1e-9


def counts(values: Floats) -> Counts:
    """Count the values of each row of shape (rows, days); NaN is none."""
    return np.asarray((~np.isnan(values)).sum(axis=1), dtype=np.int64)


def mean(values: Floats) -> Floats:
    """Average each row of shape (rows, days); NaN is left out, and is the mean of nothing."""
    count = counts(values)
    sums = np.where(np.isnan(values), 0.0, values).sum(axis=1)
    means: Floats = np.divide(sums, count, out=np.full(len(values), np.nan), where=count > 0)
    return means


def highest(values: Floats) -> Floats:
    """Return the highest of each row of shape (rows, days), NaN where there is none."""
    return _ranked(values, counts(values))


def percentile_99(values: Floats) -> Floats:
    """Return the 99th percentile of each row by the nearest rank.

    Args:
        values: Shape (rows, days); NaN is left out.

    Returns:
        Shape (rows,): the value at rank ceil(0.99 n) from the lowest, of 365 the 362nd, which
        three exceed; NaN where there is none.

    Source:
        WHO 2021: 99th percentile, three to four exceedance days a year. The rank is our reading.
    """
    count = counts(values)
    return _ranked(values, np.ceil(0.99 * count - _HAIR).astype(np.int64))


def percentile_98(values: Floats) -> Floats:
    """Return the annual 98 % value of each row.

    Args:
        values: Shape (rows, days); NaN is left out.

    Returns:
        Shape (rows,): the value at rank round(0.98 n) from the lowest, of 365 the 358th; NaN where
        there is none.

    Source:
        Japan, evaluation of NO2 and PM2.5; the rounding of the rank is unverified.
    """
    count = counts(values)
    return _ranked(values, np.floor(0.98 * count + 0.5 + _HAIR).astype(np.int64))


def exclusion_2(values: Floats) -> Floats:
    """Return the 2 %-exclusion value of each row.

    Args:
        values: Shape (rows, days); NaN is left out.

    Returns:
        Shape (rows,): the highest value after the floor(0.02 n) highest are dropped, of 365 the
        8th highest; NaN where there is none.

    Source:
        Japan, long-term evaluation of SO2, CO and SPM.
    """
    count = counts(values)
    return _ranked(values, count - np.floor(0.02 * count + _HAIR).astype(np.int64))


def two_in_a_row(marks: Mask) -> Mask:
    """Say which rows of shape (rows, days) hold two marked days in a row."""
    return np.asarray((marks[:, 1:] & marks[:, :-1]).any(axis=1))


def month_sums(amounts: Floats, first_days: Counts) -> Floats:
    """Add each row of shape (rows, days) up by the months that begin on *first_days*."""
    sums: Floats = np.add.reduceat(amounts, first_days, axis=1)
    return sums


def peak_season(values: Floats, first_days: Counts, least_share: float) -> Floats:
    """Return the highest mean of six consecutive months within each year.

    Args:
        values: Shape (rows, days), each day's highest 8-hour mean; NaN: none.
        first_days: Shape (12,), positions of the months' first days.
        least_share: Share of a window's days of which there must be a value, 0 to 1.

    Returns:
        Shape (rows,), same unit; NaN where any of the seven windows of the year has too few
        days, for then it might be the highest.

    Source:
        WHO 2021: the six consecutive months with the highest six-month running mean of the daily
        highest 8-hour mean. Windows across New Year are left out (own convention).
    """
    known = ~np.isnan(values)
    lengths = np.diff(np.append(first_days, values.shape[1])).astype(np.float64)
    days = np.convolve(lengths, np.ones(_WINDOW_MONTHS), mode="valid")
    count = _six_months(month_sums(known.astype(np.float64), first_days))
    sums = _six_months(month_sums(np.where(known, values, 0.0), first_days))
    enough = (count >= least_share * days - _HAIR) & (count > 0)
    means = np.divide(sums, count, out=np.full(count.shape, -np.inf), where=enough)
    return np.where(enough.all(axis=1), means.max(axis=1), np.nan)


def _six_months(months: Floats) -> Floats:
    windows = np.lib.stride_tricks.sliding_window_view(months, _WINDOW_MONTHS, axis=1)
    sums: Floats = windows.sum(axis=2)
    return sums


def _ranked(values: Floats, rank: Counts) -> Floats:
    """Return the value of each row at a rank from the lowest, 1 the lowest; of nothing NaN."""
    ordered = np.sort(values, axis=1)
    position = np.clip(rank, 1, max(values.shape[1], 1)) - 1
    found: Floats = np.take_along_axis(ordered, position[:, None], axis=1)[:, 0]
    return found
