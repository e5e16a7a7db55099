"""All figures and index values of the waste service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_waste.indicators import (
    balances,
    converted,
    generation,
    people,
    series,
    shares,
    trips,
)
from kembar_waste.indicators.avoided import AvoidedEmissions
from kembar_waste.indicators.rates import RATES

if TYPE_CHECKING:
    from kembar_shared.measurement.indicators import Figure
    from kembar_shared.measurement.standards import Standards
    from kembar_waste.indicators.assumptions import Assumptions

METHODS: Final = (
    generation.METHOD,
    generation.USED,
    people.PER_PERSON,
    people.REDUCED,
    *(rate.method for rate in RATES),
    trips.METHOD,
    balances.METHOD,
)
"""Formulas whose next version makes a store compute all of its figures anew."""


class WasteFigures:
    """What the service says of masses, by one set of limits, factors and assumptions."""

    def __init__(self, standards: Standards, assumptions: Assumptions) -> None:
        """Take the rows and assumptions to compute with.

        Raises:
            StandardsUnfit: An operator's factor has no meaning.
            ClaimsOverlap: Programmes claim the same tonne.
        """
        self._standards, self._assumptions = standards, assumptions
        self._avoided = AvoidedEmissions(standards, assumptions)
        self._shares = shares.Shares(standards)
        self._people = people.People(standards)
        self._loads = trips.loads_of(standards)
        balances.refuse_unfit(standards)

    def __repr__(self) -> str:
        """Say what the figures depend on besides the standards: assumptions, and formulas."""
        methods = (*METHODS, self._assumptions.method(self._standards))
        return f"WasteFigures({self._assumptions!r}, {', '.join(methods)})"

    def figures(self, days: pl.DataFrame) -> list[Figure]:
        """Return the figures of each jurisdiction, month and year among *days* (`DAYS_SCHEMA`).

        `waste.generated`, `waste.manfaatkan_t`, `waste.kurangi_t` and `waste.collected_from_trips`
        in t, `waste.generation_per_person`, the shares of `shares.RATES`, and
        `waste.avoided_tco2e` in t CO2e. A mass of which some days are missing is a lower bound,
        and so provisional, and a share of the other days too. Each says which share of its masses
        was converted from volumes, by which densities.
        """
        placed = days.filter(pl.col("jurisdiction").is_not_null())
        chosen = series.totals_or_parts(placed)
        units = series.units(chosen)
        found = [
            *generation.figures(units, self._standards),
            *self._people.figures(placed, units),
            *self._shares.figures(units),
            *self._avoided.figures(placed),
            *trips.figures(chosen, self._loads, self._standards),
        ]
        return converted.noted(found, chosen)

    def rates(self, days: pl.DataFrame) -> list[Figure]:
        """Return the shares among the figures."""
        placed = days.filter(pl.col("jurisdiction").is_not_null())
        return self._shares.figures(series.units(series.totals_or_parts(placed)))

    def indices(self, days: pl.DataFrame, _hours: pl.DataFrame) -> pl.DataFrame:
        """Return the mass balance of each facility, month and year (`INDEX_SCHEMA`)."""
        return balances.indices(days, self._standards)
