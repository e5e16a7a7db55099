"""The deviation of water from air temperature, where both were measured instead of it."""

from __future__ import annotations

from typing import Final

import polars as pl

from kembar_shared.measurement.vocabulary import Grain

DEVIATION: Final = "temp_dev"

INPUTS: Final = ("temp", "air_temp")
"""The parameters it is derived from."""

_DAY: Final = ("station", "grain", "period")


def derived(reported: pl.DataFrame) -> pl.DataFrame:
    """Add the deviation of days that have both temperatures and none of their own.

    Only of single days: the deviation of two monthly means is no mean of deviations.

    Args:
        reported: Columns of `DAYS_SCHEMA`, periods of which something is known.

    Returns:
        The same rows and those added, and `is_derived`, which says of each row what it is.

    Source:
        PP 22/2021, Annex VI, as in the domain rules, B1.
    """
    measured = reported.with_columns(is_derived=pl.lit(value=False))
    exact = measured.filter(
        pl.col("grain") == Grain.DAY.value,
        pl.col("n") > 0,
        pl.col("n_below") == 0,
        pl.col("n_above") == 0,
    )
    water_temp, air_temp = INPUTS
    air = exact.filter(parameter=air_temp).select(*_DAY, air="low")
    value = (pl.col("low") - pl.col("air")).abs()
    added = (
        exact.filter(parameter=water_temp)
        .join(air, on=_DAY)
        .join(measured.filter(parameter=DEVIATION), on=_DAY, how="anti")
        .with_columns(
            value.alias("sum"),
            value.alias("min"),
            value.alias("max"),
            value.alias("low"),
            value.alias("high"),
            parameter=pl.lit(DEVIATION),
            n=pl.lit(1, dtype=pl.Int64),
            is_derived=pl.lit(value=True),
        )
    )
    return pl.concat([measured, added.select(measured.columns)])
