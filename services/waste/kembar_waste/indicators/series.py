"""Masses of series, each waste once, in t, by local day, month or year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_shared.measurement import coverage
from kembar_waste.indices import masses

if TYPE_CHECKING:
    from collections.abc import Sequence

_SLOT: Final = ("station", "parameter", "grain", "period")
_UNIT: Final = ("jurisdiction", *_SLOT, "following", "slot")


def totals_or_parts(days: pl.DataFrame, same: Sequence[str] = _SLOT) -> pl.DataFrame:
    """Leave out every series that another of the same station already contains.

    Of each day (or reported month, or year) by itself: where a station reports a total, its parts
    by material or source are left out; else a material's total counts over its sources, then its
    sources; series by source alone count where there is nothing by material.

    Args:
        days: Of `DAYS_SCHEMA`.
        same: As of `with_views`.
    """
    return (
        with_views(days, same)
        .filter(
            pl.when("has_total")
            .then("is_total")
            .when("has_materials")
            .then("is_of_material")
            .otherwise(pl.lit(value=True))
        )
        .drop("has_total", "has_materials", "is_total", "is_of_material")
    )


def with_views(days: pl.DataFrame, same: Sequence[str] = _SLOT) -> pl.DataFrame:
    """Say of each value what it holds, and what is known of the same waste beside it.

    Args:
        days: Of `DAYS_SCHEMA`.
        same: Columns that say what is the same waste: a station's parameter, on the same day, or
            in the same month or year as it was reported.

    Returns:
        *days* with `is_total`, `has_total`, `is_of_material` (a material's total, or one of its
        sources where it has none) and `has_materials`. What has no value hides nothing.
    """
    no_material, no_source = pl.col("material") == "", pl.col("source") == ""
    is_counted, is_total = pl.col("n") > 0, no_material & no_source
    is_material_total = no_source & ~no_material
    return (
        days.with_columns(
            is_total=is_total,
            has_total=(is_total & is_counted).any().over(same),
            has_materials=(~no_material & is_counted).any().over(same),
            has_material_total=(is_material_total & is_counted).any().over(*same, "material"),
        )
        .with_columns(is_of_material=~no_material & (no_source | ~pl.col("has_material_total")))
        .drop("has_material_total")
    )


def units(days: pl.DataFrame) -> pl.DataFrame:
    """Return what each station reports of each parameter, in t, and how much of its time it covers.

    A material that a station names on some days only is no gap on the others: what is expected of
    it is some value of the parameter.

    Args:
        days: Of `DAYS_SCHEMA`, totals or parts.

    Returns:
        One row per station, parameter and day (or reported month, or year): the columns of
        `coverage.UNIT_SCHEMA`, whose member is the station, with `parameter` and `following`.
    """
    is_known = pl.col("n").max() > 0
    return (
        of_series(days)
        .group_by(_UNIT, maintain_order=True)
        .agg(
            coverage.least_real(pl.col("origin")).alias("origin"),
            pl.col("covered", "n").max(),
            numerator=pl.when(is_known).then(pl.col("numerator").sum()),
            denominator=pl.lit(None, dtype=pl.Float64),
        )
        .with_columns(member="station")
    )


def of_series(days: pl.DataFrame) -> pl.DataFrame:
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
