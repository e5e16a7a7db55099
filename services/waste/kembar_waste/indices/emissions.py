"""Greenhouse gas of treating waste, and what diverting it from a landfill avoids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

CO2_PER_C: Final = 44.0 / 12.0
"""Mass of carbon dioxide with one unit of mass of carbon."""

_G_PER_KG: Final = 1000.0
_G_PER_TONNE: Final = 1_000_000.0


@dataclass(frozen=True)
class Potentials:
    """A set of global warming potentials over 100 years, in t CO2e per t.

    Attributes:
        ch4: Of methane, biogenic or fossil as the waste is.
        n2o: Of nitrous oxide.
    """

    ch4: float
    n2o: float


def biological_treatment(
    mass_t: Floats, *, ch4_g_per_kg: float, n2o_g_per_kg: float, potentials: Potentials
) -> Floats:
    """Return what composting or digesting waste emits; biogenic CO2 is not counted.

    Args:
        mass_t: Any shape, in t of wet waste; NaN where there is none.
        ch4_g_per_kg: Methane in g per kg of wet waste.
        n2o_g_per_kg: Nitrous oxide in g per kg of wet waste.
        potentials: Of biogenic methane and nitrous oxide.

    Returns:
        Same shape, in t CO2e; NaN stays NaN.

    Source:
        IPCC 2006, Vol. 5, Ch. 4, equations 4.1 and 4.2.
    """
    grams = ch4_g_per_kg * potentials.ch4 + n2o_g_per_kg * potentials.n2o
    emitted: Floats = mass_t * (grams / _G_PER_KG)
    return emitted


@dataclass(frozen=True)
class Carbon:
    """What waste types are made of; each an array of the shape (types,).

    Attributes:
        dry_matter: Share of wet waste.
        carbon: Share of dry matter.
        fossil_share: Share of carbon; 0 where there is no carbon.
    """

    dry_matter: Floats
    carbon: Floats
    fossil_share: Floats


def combustion(
    mass_t: Floats,
    made_of: Carbon,
    *,
    oxidation: float,
    ch4_g_per_t: float,
    n2o_g_per_t: float,
    potentials: Potentials,
) -> Floats:
    """Return what incinerating or openly burning waste emits; biogenic CO2 is not counted.

    Args:
        mass_t: Shape (…, types), in t of wet waste.
        made_of: Arrays of the shape (types,).
        oxidation: Share of carbon that burns (OF).
        ch4_g_per_t: Methane in g per t of wet waste.
        n2o_g_per_t: Nitrous oxide in g per t of wet waste.
        potentials: Of methane and nitrous oxide.

    Returns:
        Shape (…), in t CO2e; NaN where a mass is NaN.

    Source:
        IPCC 2006, Vol. 5, Ch. 5, equations 5.1, 5.4 and 5.5.
    """
    fossil = made_of.dry_matter * made_of.carbon * made_of.fossil_share * oxidation * CO2_PER_C
    grams = ch4_g_per_t * potentials.ch4 + n2o_g_per_t * potentials.n2o
    emitted: Floats = np.sum(mass_t * (fossil + grams / _G_PER_TONNE), axis=-1)
    return emitted


@dataclass(frozen=True)
class Avoided:
    """What diverting waste from a landfill avoids, in t CO2e.

    Attributes:
        gross: The methane that the landfill would have given.
        treatment: What treating the waste instead emits.
        net: Gross less treatment.
    """

    gross: Floats
    treatment: Floats
    net: Floats


def avoided(
    diverted_t: Floats,
    *,
    methane_t_per_t: Floats,
    treatment_t_per_t: Floats,
    ch4_potential: Floats | float,
) -> Avoided:
    """Return what diverting waste avoids; the goods that recycling replaces are not counted.

    Args:
        diverted_t: Any shape, in t of wet waste that would have gone to the landfill.
        methane_t_per_t: Same shape, in t CH4 that a tonne gives there within the horizon.
        treatment_t_per_t: Same shape, in t CO2e that treating a tonne emits.
        ch4_potential: Same shape or one number, of biogenic methane, in t CO2e per t.

    Returns:
        Three arrays of the same shape; NaN where anything is NaN.

    Source:
        Own convention on IPCC 2006, Vol. 5: gross = Σ FOD(y) · GWP from the year of deposit to
        the horizon, net = gross - treatment.
    """
    gross: Floats = diverted_t * methane_t_per_t * ch4_potential
    treatment: Floats = diverted_t * treatment_t_per_t
    return Avoided(gross, treatment, gross - treatment)
