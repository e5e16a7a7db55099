"""Surveys of waste: how many to sample, and whether a composition adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]

_LARGE: Final = 1_000_000.0


def sample_persons(population: Floats, *, housing: Floats, city: Floats) -> Floats:
    """Return how many persons a survey of generation has to sample (S).

    Args:
        population: Any shape, persons (Ps).
        housing: Same shape or one number, the coefficient of housing (Cd).
        city: Same shape or one number, the coefficient of the city (Cj), used above 1,000,000.

    Returns:
        Same shape, persons, not rounded; NaN where the population is NaN or negative.

    Source:
        SNI 19-3964-1994: S = Cd √Ps, above 1,000,000 S = Cd Cj √Ps; its text was not seen.
    """
    known = population >= 0.0
    roots = np.sqrt(np.where(known, population, 0.0))
    persons: Floats = np.where(known, housing * roots, np.nan)
    return np.where(population > _LARGE, persons * city, persons)


def sample_households(persons: Floats, persons_per_household: Floats) -> Floats:
    """Return how many households a survey has to sample (K).

    Args:
        persons: Any shape, persons to sample (S).
        persons_per_household: Same shape or one number (N).

    Returns:
        Same shape, whole households, rounded up; NaN where either is NaN or there is nobody in a
        household.

    Source:
        SNI 19-3964-1994: K = S / N; its text was not seen.
    """
    size = np.broadcast_to(np.asarray(persons_per_household, dtype=np.float64), persons.shape)
    households: Floats = np.full(persons.shape, np.nan)
    np.divide(persons, size, out=households, where=size > 0.0)
    return np.ceil(households)


def adds_up(shares: Floats, *, least: float, most: float) -> Mask:
    """Say which compositions add up to about one.

    Args:
        shares: Shape (…, categories), each 0 to 1 of the whole.
        least: Smallest sum that is taken as whole (0.98).
        most: Greatest sum that is taken as whole (1.02).

    Returns:
        Shape (…); False where a share is NaN or negative.

    Source:
        Own convention.
    """
    # Percentages printed with two decimals may add up to 0.98 and a few units of rounding less.
    sums = np.round(np.sum(shares, axis=-1), 9)
    whole: Mask = (sums >= least) & (sums <= most) & np.all(shares >= 0.0, axis=-1)
    return whole
