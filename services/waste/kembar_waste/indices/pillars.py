"""Kang Pisman: kurangi (reduce), pisahkan (separate), manfaatkan (use)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kembar_waste.indices import rates
from kembar_waste.indices.masses import KG_PER_TONNE

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def per_person(generated: Floats, population: Floats, days: Floats) -> Floats:
    """Return what each person generated on a day.

    Args:
        generated: Any shape, in t, measured.
        population: Same shape, persons.
        days: Same shape, a number of days.

    Returns:
        Same shape, in kg per person and day; NaN where nobody or no day was counted, or anything
        is NaN.

    Source:
        SIPSN, timbulan: population · kg/person/day · days / 1000, solved for kg/person/day. SNI
        19-3983-1995 has no value for cities of more than 500 000: they have to measure.
    """
    person_days = population * days
    kg: Floats = np.full(np.shape(generated), np.nan)
    np.divide(generated * KG_PER_TONNE, person_days, out=kg, where=person_days > 0.0)
    return kg


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
