"""What is assumed of the landfill that diverted waste would have gone to, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_shared.measurement.completeness import COMPLETENESS
from kembar_shared.measurement.standards import LONG_AGO, StandardsUnfit
from kembar_waste.indices import decay, emissions
from kembar_waste.standards import climate
from kembar_waste.standards.survey import DISPOSAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from kembar_shared.measurement.standards import Standards
    from kembar_waste.indices.claims import Claim

    Value = Callable[[str, str, str], float]

TYPES: Final = {
    "organic": "food",
    "paper": "paper",
    "textile": "textiles",
    "rubber_leather": "rubber",
    "plastic": "plastic",
    "metal": "metal",
    "glass": "glass",
    "electronic": "other",
    "other": "other",
}
"""Material -> the IPCC's type of waste (own convention). Of the other materials none is known.

The IPCC's `other` is inert: what a landfill would have taken of it gives no methane.
`organic` is taken as food: it decays the fastest, and no garden waste is told apart from it.
"""

LONG_HORIZON: Final = 100
"""Years of the second figure published beside the one of the horizon set."""

_SHARES: Final = ("doc", "docf", "mcf", "methane_share", "oxidation")
_INERT: Final = ("plastic", "metal", "glass", "other")


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """What an operator chose; the defaults are those of the settings.

    Attributes:
        gwp_set: `AR4`, `AR5` or `AR6`.
        docf_set: `2006` or `2019`.
        horizon_years: Years after the deposit whose methane is counted.
        disposal_mcf: Kind of landfill, a subject of the factors `mcf`.
        climate: `wet` or `dry`, both tropical.
        claims: Which programme is credited with what.
    """

    gwp_set: str = "AR5"
    docf_set: str = "2006"
    horizon_years: int = 20
    disposal_mcf: str = "managed_anaerobic"
    climate: str = "wet"
    claims: tuple[Claim, ...] = ()

    @property
    def standards(self) -> tuple[str, ...]:
        """Codes of the standards whose factors are used."""
        chosen = (
            climate.IPCC_2006,
            climate.DOCF_SETS[self.docf_set],
            climate.GWP_SETS[self.gwp_set],
            climate.MCF_STANDARD[self.disposal_mcf],
            DISPOSAL,
            COMPLETENESS,
        )
        return tuple(dict.fromkeys(chosen))

    def method(self, standards: Standards) -> str:
        """Return the identifier of the method by these assumptions and rows."""
        name = (
            f"kembar/avoided-co2e-{self.gwp_set}-docf{self.docf_set}-{self.horizon_years}y-"
            f"{self.disposal_mcf}-{self.climate}@3"
        )
        return standards.method(name, *self.standards)


def coefficients(standards: Standards, assumptions: Assumptions) -> pl.DataFrame:
    """Return what a tonne of each material gives at a landfill, and what treating it emits.

    Returns:
        One row per material, route (`parameter`) and change of a factor, sorted by `since`, the
        first day it is used for: `methane` and `methane_long`, in t CH4 per t at an MCF of one,
        within the horizon and within 100 years; `treatment`, in t CO2e per t; `ch4`, the
        potential of methane; `mcf`; `is_seen`, whether every factor was verified.
    """
    days = sorted(
        {
            row.valid_from
            for row in standards.factors
            if row.standard in assumptions.standards and row.valid_from is not None
        }
    )
    frames = [
        _coefficients_on(standards, assumptions, day, since)
        for day, since in zip(days, [LONG_AGO, *days[1:]], strict=True)
    ]
    return pl.concat(frames).sort("since", maintain_order=True)


def _coefficients_on(
    standards: Standards, assumptions: Assumptions, day: date, since: date
) -> pl.DataFrame:
    """Return the coefficients by the factors in force on one day.

    Raises:
        StandardsUnfit: A factor of an operator cannot be.
    """
    seen: list[bool] = []

    def value(standard: str, subject: str, quantity: str) -> float:
        factor = standards.factor(standard, subject, quantity, day)
        seen.append(factor.verified)
        if factor.value < 0.0 or (quantity in _SHARES and factor.value > 1.0):
            raise StandardsUnfit(
                f"factor {standard}/{subject}/{quantity}: {factor.value:g} cannot be; write "
                + ("a share from 0 to 1" if quantity in _SHARES else "0 or more")
            )
        return factor.value

    gwp = climate.GWP_SETS[assumptions.gwp_set]
    potentials = emissions.Potentials(
        ch4=value(gwp, "ch4_biogenic", "gwp100"), n2o=value(gwp, "n2o", "gwp100")
    )
    composting = emissions.biological_treatment(
        np.ones(1),
        ch4_g_per_kg=value(climate.IPCC_2006, "composting", "ch4"),
        n2o_g_per_kg=value(climate.IPCC_2006, "composting", "n2o"),
        potentials=potentials,
    )
    mcf = value(climate.MCF_STANDARD[assumptions.disposal_mcf], assumptions.disposal_mcf, "mcf")
    yearly = _methane(value, assumptions)
    return (
        pl.DataFrame({
            "material": list(TYPES),
            "methane": yearly[:, : assumptions.horizon_years + 1].sum(axis=1),
            "methane_long": yearly[:, : LONG_HORIZON + 1].sum(axis=1),
        })
        .join(
            pl.DataFrame({
                "parameter": ["recycled", "composted", "reused"],
                "treatment": [0.0, float(composting[0]), 0.0],
            }),
            how="cross",
        )
        .with_columns(
            since=pl.lit(since), ch4=potentials.ch4, mcf=mcf, is_seen=pl.lit(value=all(seen))
        )
    )  # fmt: skip


def _methane(value: Value, assumptions: Assumptions) -> decay.Floats:
    """Return the methane of a tonne of each material, year by year from its deposit on."""
    docf_standard = climate.DOCF_SETS[assumptions.docf_set]
    rows = [
        (
            value(climate.IPCC_2006, waste, "doc"),
            0.0 if waste in _INERT else value(docf_standard, waste, "docf"),
            0.0 if waste in _INERT else value(
                climate.IPCC_2006, waste, f"k_tropical_{assumptions.climate}"
            ),
        )
        for waste in TYPES.values()
    ]  # fmt: skip
    doc, docf, k = np.array(rows).T
    site = decay.Site(
        doc=doc,
        docf=docf,
        mcf=1.0,
        k=k,
        methane_share=value(climate.IPCC_2006, "landfill_gas", "methane_share"),
        oxidation=value(climate.IPCC_2006, "landfill", "oxidation"),
    )
    horizon = max(assumptions.horizon_years, LONG_HORIZON)
    return decay.first_order_decay(np.ones((len(rows), 1)), site, horizon=horizon)
