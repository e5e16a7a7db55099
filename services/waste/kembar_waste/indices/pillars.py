"""Kang Pisman: kurangi (reduce), pisahkan (separate), manfaatkan (use)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kembar_waste.indices import rates
from kembar_waste.indices.masses import KG_PER_TONNE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def reduced(
    baseline_kg_per_person_day: Floats,
    actual_kg_per_person_day: Floats,
    population: Floats,
    days: Floats,
) -> Floats:
    """Return what a population generated less than at the baseline (kurangi).

    Args:
        baseline_kg_per_person_day: Any shape, in kg per person and day.
        actual_kg_per_person_day: Same shape and unit.
        population: Same shape, persons.
        days: Same shape, or one number of days.

    Returns:
        Same shape, in t; negative where more is generated than at the baseline, NaN where
        anything is NaN.

    Source:
        Kang Pisman, Bandung 2018: (baseline per person - actual) · population.
    """
    less: Floats = (baseline_kg_per_person_day - actual_kg_per_person_day) * population
    avoided: Floats = less * days / KG_PER_TONNE
    return avoided


def separated(generated: Floats, sorted_mass: Floats) -> Floats:
    """Return the share of generation that was collected sorted (pisahkan).

    Args:
        generated: Any shape, in any unit of mass.
        sorted_mass: Same shape and unit.

    Returns:
        Same shape, 0 to 1; NaN as `rates.share` says.

    Source:
        Kang Pisman, Bandung 2018.
    """
    return rates.share(sorted_mass, generated)


def used(recycled: Floats, composted: Floats, reused: Floats) -> Floats:
    """Return the mass that was put to use (manfaatkan).

    Args:
        recycled: Any shape, in any unit of mass.
        composted: Same shape and unit, larvae (BSF) and digestion included.
        reused: Same shape and unit.

    Returns:
        Same shape and unit; NaN where any of them is NaN.

    Source:
        Kang Pisman, Bandung 2018.
    """
    masses: Floats = recycled + composted + reused
    return masses
