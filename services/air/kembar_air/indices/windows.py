"""Running means of hours, and what is the highest of them on each day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Counts = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]


def running_sums(amounts: Floats, hours: int) -> Floats:
    """Add up each value and those of the hours before it.

    Args:
        amounts: Shape (..., hours), none of them NaN; what lies before the first is zero.
        hours: Length of the window, 1 or more.

    Returns:
        Same shape; the sum of the window that ends with each hour. Each is summed on its own: a
        difference of cumulated sums would carry the rounding of all earlier hours.
    """
    sums = amounts.copy()
    for shift in range(1, hours):
        sums[..., shift:] += amounts[..., :-shift]
    return sums


def running_means(values: Floats, hours: int, least: float | Floats) -> Floats:
    """Average the valid values of the window that ends with each hour.

    Args:
        values: Shape (..., hours), consecutive hours; NaN: not valid.
        hours: Length of the window: 8 for an 8-hour mean.
        least: How many of its values have to be valid, broadcast against the shape.

    Returns:
        Same shape, same unit; NaN where too few are valid.

    Source:
        Directive 2008/50/EC, Annex VII: 6 of 8 hours.
    """
    valid = ~np.isnan(values)
    count = running_sums(valid.astype(np.float64), hours)
    sums = running_sums(np.where(valid, values, 0.0), hours)
    enough = (count >= least) & (count > 0)
    means: Floats = np.divide(sums, count, out=np.full(values.shape, np.nan), where=enough)
    return means


def mostly_below(values: Floats, below: Mask, hours: int) -> Mask:
    """Say which windows hold more values below detection than others.

    Args:
        values: Shape (..., hours); NaN: not valid.
        below: Same shape; which of the valid ones stand for less than could be detected.
        hours: Length of the window.

    Returns:
        Same shape, by the hour each window ends with.
    """
    excess = np.where(below, 1.0, -1.0)
    return running_sums(np.where(np.isnan(values), 0.0, excess), hours) > 0


def touches(marks: Mask, hours: int) -> Mask:
    """Say which windows, by the hour each ends with, hold any marked hour.

    Args:
        marks: Shape (..., hours).
        hours: Length of the window.

    Returns:
        Same shape.
    """
    found = marks.copy()
    for shift in range(1, hours):
        found[..., shift:] |= marks[..., :-shift]
    return found


def day_starts(days: npt.NDArray[np.int32]) -> Counts:
    """Find where days begin in rows of hours laid end to end.

    Args:
        days: Shape (rows, hours), a row's days never falling.

    Returns:
        Positions in the flattened array, rising; the first hour of each row is one of them.
    """
    begins = np.ones(days.shape, dtype=np.bool_)
    begins[:, 1:] = days[:, 1:] != days[:, :-1]
    return np.flatnonzero(begins)


def day_maxima(means: Floats, starts: Counts) -> tuple[Floats, Counts]:
    """Find the highest mean of each day. A mean belongs to the day in which it ends.

    Args:
        means: Shape (rows, hours), by the hour each ends with; NaN: not valid.
        starts: As `day_starts` returns them.

    Returns:
        The highest of each day, NaN where none is valid; and how many were valid.

    Source:
        Directive 2008/50/EC, Annex VII and XI: the 8-hour mean is assigned to the day on which it
        ends.
    """
    known = ~np.isnan(means)
    highest = np.maximum.reduceat(np.where(known, means, -np.inf).ravel(), starts)
    count = np.add.reduceat(known.ravel(), starts, dtype=np.int64)
    return np.where(count > 0, highest, np.nan), count


def any_of_day(marks: Mask, starts: Counts) -> Mask:
    """Say on which days any hour is marked.

    Args:
        marks: Shape (rows, hours).
        starts: As `day_starts` returns them.
    """
    return np.logical_or.reduceat(marks.ravel(), starts)


def days_mostly_below(values: Floats, below: Mask, starts: Counts) -> Mask:
    """Say on which days more valid hours are below detection than others.

    Args:
        values: Shape (rows, hours); NaN: not valid.
        below: Same shape; which of the valid ones stand for less than could be detected.
        starts: As `day_starts` returns them.
    """
    excess = np.where(np.isnan(values), 0, np.where(below, 1, -1))
    return np.asarray(np.add.reduceat(excess.ravel(), starts) > 0)


def day_means(values: Floats, starts: Counts, least: float | Floats) -> Floats:
    """Average the valid hours of each day.

    Args:
        values: Shape (rows, hours); NaN: not valid.
        starts: As `day_starts` returns them.
        least: How many hours of a day have to be valid, one for all or one for each day.

    Returns:
        One mean for each day, same unit; NaN where too few hours are valid.
    """
    known = ~np.isnan(values)
    count = np.add.reduceat(known.ravel(), starts, dtype=np.int64)
    sums = np.add.reduceat(np.where(known, values, 0.0).ravel(), starts)
    enough = (count >= least) & (count > 0)
    means: Floats = np.divide(sums, count, out=np.full(len(starts), np.nan), where=enough)
    return means
