"""Least squares whose errors allow for autocorrelation and changing spread."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, sqrt
from typing import TYPE_CHECKING, Final

import numpy as np

from kembar_gateway.statistics import correlation, distributions

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_FINEST: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Estimate:
    """A coefficient, in the unit of the values for each unit of what it belongs to.

    Attributes:
        value: The estimate.
        error: Its standard error.
        lower, upper: Ends of its confidence interval.
        p: Two-sided probability of one as far from 0 if it were 0.
    """

    value: float
    error: float
    lower: float
    upper: float
    p: float


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Coefficients by least squares and what their errors are judged by.

    Attributes:
        coefficients: Shape (k,), one for each column.
        covariance: Shape (k, k), Newey and West's.
        plain_covariance: Shape (k, k), as if errors were independent and equally spread.
        inflation: What memory of one period multiplies a variance by, 1 or more.
        degrees: Values less columns.
    """

    coefficients: Floats
    covariance: Floats
    plain_covariance: Floats
    inflation: float
    degrees: int

    def estimate(self, column: int, *, confidence: float) -> Estimate:
        """Return the coefficient of *column* with an interval of *confidence*, 0 to 1.

        Newey and West's variance is too small in short series, so a plain one, inflated for
        memory, counts where it is larger, and degrees of freedom are those of values that are in
        effect independent (own convention, checked by simulation).
        """
        value = float(self.coefficients[column])
        plain = float(self.plain_covariance[column, column]) * self.inflation
        error = sqrt(max(float(self.covariance[column, column]), plain))
        degrees = max(1.0, self.degrees / self.inflation)
        margin = distributions.student_quantile((1.0 + confidence) / 2.0, degrees) * error
        p = distributions.student_two_sided(value / error, degrees)
        return Estimate(value, error, value - margin, value + margin, p)


def fit(values: Floats, columns: Floats, *, seasons: int = 1) -> Fit | None:
    """Fit *values* by *columns*, with Newey and West's errors.

    Args:
        values: Shape (n,), one for each period in order; NaN where a period is empty.
        columns: Shape (n, k), those of seasons included.
        seasons: How many of the columns are levels of seasons; 1 for a common level.

    Returns:
        The fit; its covariance is scaled by n / (n - k) for small n. None where the columns
        cannot be told apart, or nothing is left over to judge errors by.

    Source:
        Newey and West (1987), Econometrica 55, 703-708; empty periods add nothing to the sums
        (Parzen 1963).
    """
    filled = ~np.isnan(values)
    known, used = values[filled], columns[filled]
    count, terms = used.shape
    slow = terms - seasons + 1
    if count <= terms or len(values) <= slow + 2 or np.linalg.matrix_rank(used) < terms:
        return None
    coefficients: Floats = np.linalg.lstsq(used, known, rcond=None)[0].astype(np.float64)
    rest = np.full(len(values), np.nan)
    rest[filled] = known - used @ coefficients
    if np.nanmax(np.abs(rest)) <= _FINEST * np.max(np.abs(known)):
        return None
    bread = np.linalg.inv(used.T @ used)
    inside = _newey_west(np.where(filled, rest, 0.0)[:, None] * columns, usual_lags(count))
    phi = correlation.memory(correlation.autocorrelation(rest), terms=slow)
    return Fit(
        coefficients=coefficients,
        covariance=bread @ inside @ bread * (count / (count - terms)),
        plain_covariance=bread * (float(np.nansum(rest**2)) / (count - terms)),
        inflation=(1.0 + phi) / (1.0 - phi),
        degrees=count - terms,
    )


def _newey_west(scores: Floats, lags: int) -> Floats:
    """Sum products of scores, shape (n, k), at up to *lags* periods' distance; shape (k, k)."""
    total: Floats = scores.T @ scores
    for lag in range(1, lags + 1):
        shifted = scores[lag:].T @ scores[:-lag]
        total += (1.0 - lag / (lags + 1.0)) * (shifted + shifted.T)
    return total


def usual_lags(count: int) -> int:
    """Return how many lags to allow for with *count* values.

    Source:
        Newey and West (1994), Rev. Econ. Stud. 61, 631-653, as commonly simplified.
    """
    return floor(4.0 * float(np.power(count / 100.0, 2.0 / 9.0)))
