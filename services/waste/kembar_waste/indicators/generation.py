"""What was generated in jurisdictions, calendar months and years."""

from __future__ import annotations

from typing import Final

import polars as pl

from kembar_shared.measurement import coverage
from kembar_shared.measurement.indicators import Figure
from kembar_shared.measurement.vocabulary import Grain, State

METHOD: Final = "kembar/waste-generated@1"


def figures(units: pl.DataFrame) -> list[Figure]:
    """Return the mass in t that was generated in every jurisdiction, month and year.

    A mass of which some days are missing is a lower bound, and so provisional.
    """
    generated = units.filter(parameter="generated")
    incomplete = (pl.col("state") == State.OK.value) & (pl.col("coverage") < 1.0)
    found = pl.concat(
        coverage.gather(generated, length) for length in (Grain.MONTH, Grain.YEAR)
    ).with_columns(
        state=pl.when(incomplete).then(pl.lit(State.PROVISIONAL.value)).otherwise("state"),
        denominator=pl.lit(None, dtype=pl.Float64),
        value="numerator",
        detail=pl.struct("grain"),
    )
    return [
        Figure.of(row, indicator="waste.generated", unit="t", method=METHOD)
        for row in found.iter_rows(named=True)
    ]
