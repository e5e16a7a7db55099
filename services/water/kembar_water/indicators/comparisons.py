"""Measured values beside the limits in force on their day."""

from __future__ import annotations

from typing import Final

import polars as pl

from kembar_shared.measurement.vocabulary import Grain
from kembar_water.standards import indonesia

LINE: Final = ("standard", "grade", "averaging", "evaluation")
"""What names, together with the parameter, one line of a standard."""

DETECTION_LIMIT: Final = "detection_limit_above_standard"
BELOW_METHOD: Final = "value_below_method_range"
ABOVE_METHOD: Final = "value_above_method_range"

_DIGITS: Final = 12
_HAS_LEAST: Final = pl.col("least").is_not_null()
_HAS_MOST: Final = pl.col("most").is_not_null()


def exact(mean: pl.Expr) -> pl.Expr:
    """Round a mean to 12 significant digits.

    No measurement has as many, and three values of 0.2 have the mean 0.2, not the
    0.20000000000000004 of their sum in binary, which would break a limit of 0.2.
    """
    return mean.round_sig_figs(_DIGITS)


def reported(days: pl.DataFrame) -> pl.DataFrame:
    """Leave out of *days* (`DAYS_SCHEMA`) the periods of which nothing is known."""
    return days.filter(pl.sum_horizontal("n", "n_below", "n_above") > 0)


def daily(days: pl.DataFrame) -> pl.DataFrame:
    """Keep of *days* what single days tell: a mean over months is no sample."""
    return reported(days).filter(pl.col("grain") == Grain.DAY.value)


def by_river_class(values: pl.DataFrame, water_class: str | None = None) -> pl.DataFrame:
    """Name PP 22/2021 and a class as what each value is judged by, with the columns of `LINE`.

    Args:
        values: Columns of `DAYS_SCHEMA`.
        water_class: The class all are judged by; None: the one each station is designated.
    """
    grade = (
        pl.col("water_class").fill_null(indonesia.DEFAULT_CLASS)
        if water_class is None
        else pl.lit(water_class)
    )
    return values.with_columns(
        water_class=grade,
        standard=pl.lit(indonesia.PP_22_2021_VI),
        grade=grade,
        averaging=pl.lit("sample"),
        evaluation=pl.lit("each"),
    )


def bounded(values: pl.DataFrame) -> pl.DataFrame:
    """Make `low` and `high` of each period (`DAYS_SCHEMA`) what its mean lies between, exactly."""
    is_above = pl.col("n_above") > 0
    return values.with_columns(
        low=pl.when(is_above).then(0.0).otherwise(exact(pl.col("low"))),
        high=pl.when(is_above).then(float("inf")).otherwise(exact(pl.col("high"))),
    )


def compared(candidates: pl.DataFrame, limits: pl.DataFrame) -> pl.DataFrame:
    """Put each value beside its limit and say whether it breaks it.

    A value below detection counts as half its own detection limit where the day's highest lies
    within the standard's limit. Where it does not, and for a value above the method's range, the
    parameter is not judged on that day: the mean of the day's other values would not be the day's.

    Args:
        candidates: Columns of `DAYS_SCHEMA` and of `LINE`: what each value is judged by.
        limits: As `Standards.frame` returns them.

    Returns:
        The rows that have a limit in force (the oldest one applied to all before it), with the
        limit's columns and

        - `value`, null where it is not judged, and `unknown`, a code for why;
        - `low`, `high`: what it cannot lie below and above;
        - `breaks`: whether it lies beyond the limit, null where it is not judged;
        - `substituted`, `retrospective`.

    Source:
        Domain rules, B6, use of single samples.
    """
    columns = (
        "least", "most", "unit", "group", "authority", "valid_from", "valid_to", "verified",
    )  # fmt: skip
    keys = ["parameter", *LINE]
    is_above = pl.col("n_above") > 0
    # Between two bounds there is no side on which a value below detection could be safe.
    bound = pl.when(_HAS_LEAST & _HAS_MOST).then(None).otherwise(pl.coalesce("least", "most"))
    substituted = (pl.col("n_below") > 0) & (exact(pl.col("below_limit")) <= bound) & ~is_above
    return (
        bounded(candidates)
        .sort("period")
        .join_asof(
            limits.select(*keys, *columns, "applied_from", limit_source="source"),
            left_on="period",
            right_on="applied_from",
            by=keys,
            check_sortedness=False,
        )
        .filter(
            _HAS_LEAST | _HAS_MOST,
            pl.col("valid_to").is_null() | (pl.col("period") < pl.col("valid_to")),
        )
        .with_columns(
            substituted=substituted.fill_null(value=False),
            retrospective=pl.col("period") < pl.col("valid_from"),
            unknown=pl.when(is_above)
            .then(pl.lit(ABOVE_METHOD))
            .when((pl.col("n_below") > 0) & _HAS_LEAST & _HAS_MOST)
            .then(pl.lit(BELOW_METHOD))
            .when((pl.col("n_below") > 0) & ~substituted.fill_null(value=False))
            .then(pl.lit(DETECTION_LIMIT)),
        )
        .with_columns(
            value=pl.when(pl.col("unknown").is_null()).then(
                exact((pl.col("low") + pl.col("high")) / 2.0)
            )
        )
        .with_columns(
            breaks=(pl.col("value") < pl.col("least")).fill_null(value=False)
            | (pl.col("value") > pl.col("most")).fill_null(value=False)
        )
        .with_columns(breaks=pl.when(pl.col("value").is_not_null()).then("breaks"))
    )
