"""Masses in t: from kg, trips, volumes and people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

KG_PER_TONNE: Final = 1000.0


def tonnes(mass_kg: Floats) -> Floats:
    """Turn masses in kg into masses in t, each rounded once.

    Args:
        mass_kg: Any shape; NaN where there is none.

    Returns:
        Same shape, in t; NaN stays NaN.

    Source:
        SI Brochure, 9th edition, table 8: 1 t = 1000 kg.
    """
    masses: Floats = mass_kg / KG_PER_TONNE
    return masses


def from_trips(trips: Floats, load_t: Floats) -> Floats:
    """Turn trips of trucks into masses.

    Args:
        trips: Any shape, a number of trips; NaN where there is none.
        load_t: Same shape or one number, in t per trip; NaN where no load is known.

    Returns:
        Same shape, in t; NaN where either is NaN.

    Source:
        A recorded factor: Bandung, January 2026, 170.04 trips = 979 t, 5.757 t per trip.
    """
    masses: Floats = trips * load_t
    return masses


def from_volume(volume_m3: Floats, density_kg_per_m3: Floats) -> Floats:
    """Turn volumes into masses.

    Args:
        volume_m3: Any shape, in m³; NaN where there is none.
        density_kg_per_m3: Same shape or one number, in kg/m³ of the same waste, as loose or as
            pressed; NaN where it is not known.

    Returns:
        Same shape, in t; NaN where either is NaN.

    Source:
        Mass is volume times density; a density belongs to a vehicle and a kind of waste.
    """
    masses: Floats = volume_m3 * density_kg_per_m3 / KG_PER_TONNE
    return masses


def generated(population: Floats, kg_per_person_day: Floats, days: Floats) -> Floats:
    """Estimate what a population generates.

    Args:
        population: Any shape, persons; NaN where unknown.
        kg_per_person_day: Same shape or one number, in kg per person and day.
        days: Same shape or one number, a number of days.

    Returns:
        Same shape, in t; NaN where any of them is NaN.

    Source:
        SIPSN, timbulan: population · kg/person/day · days / 1000.
    """
    masses: Floats = population * kg_per_person_day * days / KG_PER_TONNE
    return masses
