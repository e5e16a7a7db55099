"""Masses of series, each waste once, in t, by local day, month or year."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from kembar_waste.indices import masses

_SERIES: Final = ("station", "parameter", "grain", "year")


def totals_or_parts(days: pl.DataFrame) -> pl.DataFrame:
    """Leave out every series that another of the same station already contains.

    Where a station reports a total in a calendar year, its parts by material or source are left
    out; else a material's total over its sources, then its sources; series by source alone count
    where there is nothing by material.
    """
    return (
        with_views(days)
        .filter(
            pl.when("has_total")
            .then("is_total")
            .when("has_materials")
            .then("is_of_material")
            .otherwise(pl.lit(value=True))
        )
        .drop("year", "has_total", "has_materials", "is_total", "is_of_material")
    )


def with_views(days: pl.DataFrame) -> pl.DataFrame:
    """Say of each series, and of its station, parameter, grain and calendar year, what it holds.

    Returns:
        *days* with `year`, `is_total`, `has_total`, `is_of_material` (a material's total, or one
        of its sources where it has none) and `has_materials`.
    """
    no_material, no_source = pl.col("material") == "", pl.col("source") == ""
    is_total = no_material & no_source
    return (
        days.with_columns(year=pl.col("period").dt.year(), is_total=is_total)
        .with_columns(
            has_total=pl.col("is_total").any().over(_SERIES),
            has_materials=(~no_material).any().over(_SERIES),
            has_material_total=(no_source & ~no_material).any().over(*_SERIES, "material"),
        )
        .with_columns(is_of_material=~no_material & (no_source | ~pl.col("has_material_total")))
        .drop("has_material_total")
    )


def units(days: pl.DataFrame) -> pl.DataFrame:
    """Return each series' mass in t and how much of its day, month or year it covers."""
    counted = pl.col("n") > 0
    return days.select(
        "parameter",
        "jurisdiction",
        "station",
        "origin",
        "grain",
        "period",
        "following",
        slot="grain",
        member=pl.concat_str("station", "material", "source", separator="/"),
        covered=pl.when(counted).then("covered").otherwise(0.0),
        numerator=pl.when(counted).then(tonnes(days)),
        denominator=pl.lit(None, dtype=pl.Float64),
        n=counted.cast(pl.Int64),
    )


def tonnes(days: pl.DataFrame) -> pl.Series:
    """Return the sums of *days* in t; NaN where there is none."""
    # Polars multiplies by 1/1000 instead of dividing: 896198580 kg would be 896198.5800000001 t.
    return pl.Series(masses.tonnes(days["sum"].cast(pl.Float64).fill_null(np.nan).to_numpy()))
