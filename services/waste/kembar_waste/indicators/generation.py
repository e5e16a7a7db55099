"""Masses of jurisdictions, calendar months and years: generated, and put to use (manfaatkan)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement import coverage
from kembar_shared.measurement.completeness import COMPLETENESS
from kembar_shared.measurement.indicators import Figure
from kembar_shared.measurement.vocabulary import Grain, State
from kembar_waste.indicators.rates import REDUCED

if TYPE_CHECKING:
    from kembar_shared.measurement.standards import Standards

METHOD: Final = "kembar/waste-generated@3"
USED: Final = "kembar/kang-pisman-manfaatkan@3"

_LABEL: Final = {Grain.MONTH: "%Y-%m", Grain.YEAR: "%Y"}
_FIGURE: Final = ("jurisdiction", "period", "grain")


def figures(units: pl.DataFrame, standards: Standards) -> list[Figure]:
    """Return the masses in t generated and put to use in every jurisdiction, month and year.

    A mass of which some days are missing is a lower bound, and so provisional. Put to use is what
    was recycled, composted or used again.
    """
    # What a station recycles and what it composts are two series.
    used = units.filter(pl.col("parameter").is_in(REDUCED)).with_columns(
        member=pl.concat_str("parameter", "member", separator="/")
    )
    generated = units.filter(parameter="generated")
    return [
        *_figures(generated, standards, "waste.generated", METHOD, ["grain"]),
        *_figures(used, standards, "waste.manfaatkan_t", USED, ["grain", "parameters"]),
    ]


def _figures(
    units: pl.DataFrame, standards: Standards, indicator: str, method: str, told: list[str]
) -> list[Figure]:
    """Return the sums of *units*, each with the columns *told* beside it."""
    incomplete = (pl.col("state") == State.OK.value) & (pl.col("coverage") < 1.0)
    found = pl.concat(
        coverage.gather(units, length, standards).join(
            _parameters(units, length), on=_FIGURE, how="left", maintain_order="left"
        )
        for length in _LABEL
    ).with_columns(
        state=pl.when(incomplete).then(pl.lit(State.PROVISIONAL.value)).otherwise("state"),
        denominator=pl.lit(None, dtype=pl.Float64),
        value="numerator",
        detail=pl.struct(told),
    )
    identifier = standards.method(method, COMPLETENESS)
    return [
        Figure.of(row, indicator=indicator, unit="t", method=identifier)
        for row in found.iter_rows(named=True)
    ]


def _parameters(units: pl.DataFrame, length: Grain) -> pl.DataFrame:
    """Return which parameters each figure has masses of."""
    return (
        units.filter(pl.col("n") > 0)
        .group_by("jurisdiction", pl.col("period").dt.strftime(_LABEL[length]), "grain")
        .agg(parameters=pl.col("parameter").unique().sort())
    )
