"""What was kept from disposal, by material as far as it is known."""

from __future__ import annotations

from typing import Final

import polars as pl

from kembar_waste.indicators import series
from kembar_waste.indices.claims import ROUTES

UNKNOWN: Final = "unknown"
"""The material of what a station reports without one."""

_SLOT: Final = ("station", "parameter", "grain", "period")


def streams(days: pl.DataFrame) -> pl.DataFrame:
    """Return recycled, composted and reused masses in t, each tonne once, by material.

    Where a station reports a total beside its materials, what they leave of it has an unknown
    material. A day (or reported month, or year) on which a station told anything of a route is
    covered: a material that is not told is no gap. A total smaller than its materials contradicts
    them, by `excess_t`.

    Args:
        days: Of `DAYS_SCHEMA`.

    Returns:
        The columns `coverage.judge` needs besides numerator and denominator, and `parameter`,
        `material`, `following`, `mass_t` (null where there is none) and `excess_t`.
    """
    chosen = series.with_views(
        days.filter(pl.col("jurisdiction").is_not_null(), pl.col("parameter").is_in(ROUTES))
    )
    chosen = chosen.with_columns(mass_t=pl.when(pl.col("n") > 0).then(series.tonnes(chosen)))
    of_material = chosen.filter(pl.col("has_materials") & pl.col("is_of_material")).with_columns(
        excess_t=pl.lit(0.0)
    )
    by_material = of_material.group_by(_SLOT).agg(named_t=pl.col("mass_t").sum())
    without = chosen.filter(
        pl.when("has_total").then("is_total").otherwise(~pl.col("has_materials"))
    )
    left = without.join(by_material, on=_SLOT, how="left").with_columns(
        pl.col("named_t").fill_null(0.0)
    )
    rest = left.with_columns(
        material=pl.lit(UNKNOWN),
        mass_t=(pl.col("mass_t") - pl.col("named_t")).clip(lower_bound=0.0),
        excess_t=(pl.col("named_t") - pl.col("mass_t")).clip(lower_bound=0.0).fill_null(0.0),
    )
    is_counted = pl.col("n") > 0
    # One of a station's materials stands for it: it is expected once.
    stands = is_counted & (is_counted.cum_sum().over(_SLOT) == 1)
    return pl.concat([of_material, rest], how="diagonal").select(
        "jurisdiction",
        "station",
        "parameter",
        "material",
        "origin",
        "grain",
        "period",
        "following",
        "mass_t",
        "excess_t",
        member=pl.concat_str("station", "parameter", separator="/"),
        slot="grain",
        covered=pl.when(stands)
        .then(pl.col("covered").filter(is_counted).max().over(_SLOT))
        .otherwise(0.0),
        n=stands.cast(pl.Int64),
    )
