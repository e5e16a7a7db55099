"""The STORET score of each station and calendar year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import polars as pl

from kembar_shared.measurement import completeness
from kembar_shared.measurement.vocabulary import Grain, State
from kembar_water.indicators import arrays, comparisons, dated, deviation
from kembar_water.indicators.samples import named
from kembar_water.indices import censored, pollution, storet
from kembar_water.standards import indonesia
from kembar_water.standards.scores import KEPMEN_LH_115_2003, STATISTICS, STORET_EDGES

if TYPE_CHECKING:
    import numpy.typing as npt

    from kembar_shared.measurement.standards import Standards

    Floats = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]

CountBasis = Literal["samples", "parameters"]

_YEAR: Final = ("station", "year")
_SERIES: Final = (*_YEAR, "parameter")
_GROUPS: Final = ("physical", "chemical", "biological")
_COARSE: Final = (comparisons.DETECTION_LIMIT, comparisons.BELOW_METHOD)
_IS_LARGE: Final = pl.col("any_above") & pl.col("most").is_not_null()


@dataclass(frozen=True)
class Storet:
    """How stations are scored.

    Attributes:
        standards: Limits and factors.
        count_basis: Whether few or many are counted by a parameter's samples or by the station's
            parameters; the decree's footnote is quoted both ways.
    """

    standards: Standards
    count_basis: CountBasis = "samples"

    def scores(self, days: pl.DataFrame) -> pl.DataFrame:
        """Return one row per station and calendar year with samples.

        Only samples of single days are scored: of a monthly mean, maximum and minimum are gone.

        Args:
            days: `DAYS_SCHEMA`, of whole years.

        Returns:
            The columns of `INDEX_SCHEMA`, with `detail` as a struct. `missing` names parameters
            that were measured and could not be scored: a detection limit above the standard,
            unless another value violates it, or a value above the method's range. That one is
            likely the worst, so that there is no score without it, unless the others already make
            class D, which nothing betters. Too few parameters (a row of `completeness`) make none.
        """
        series = self._scored(_series(self._values(days)))
        is_scored = pl.col("score").is_not_null()
        worst = pl.col("score").filter(is_scored)
        years = series.group_by(_YEAR, maintain_order=True).agg(
            dates=pl.col("dates").first(),
            total=worst.sum(),
            parameters=pl.col("parameter").filter(is_scored),
            missing=pl.col("parameter").filter(~is_scored),
            derived=pl.col("parameter").filter(is_scored & pl.col("any_derived")),
            n_worst=_IS_LARGE.sum(),
            critical=pl.col("parameter").filter(is_scored & (pl.col("score") == worst.min())),
            water_class=pl.col("water_class").first(),
            retrospective=pl.col("retrospective").any(),
            statistics=pl.struct(
                "parameter", "n", "n_below", *STATISTICS, "mean_estimator", "score"
            ).filter(is_scored),
        )
        dates, parameters = (
            completeness.least(self.standards, completeness.YEAR, quantity, period="year")
            for quantity in (completeness.DATES, completeness.PARAMETERS)
        )
        enough = (pl.col("dates") >= dates) & (
            pl.col("parameters").list.len() + pl.col("n_worst") >= parameters
        )
        edges = dated.factors(
            self.standards, KEPMEN_LH_115_2003, "storet", STORET_EDGES, _year_end(years)
        )
        totals = storet.storet_class(arrays.floats(years, "total"), edges)
        is_worst = pl.lit(pl.Series(totals == len(storet.CLASSES) - 1))
        is_open = (pl.col("n_worst") > 0) & ~is_worst
        years = years.with_columns(
            value=pl.when(enough & ~is_open).then("total"),
            is_open=is_open,
            least_parameters=parameters,
        )
        position = storet.storet_class(arrays.floats(years, "value"), edges)
        return years.with_columns(position=pl.Series(position, dtype=pl.Int64)).select(
            "station",
            pl.lit(Grain.YEAR.value).alias("grain"),
            pl.date("year", 1, 1).alias("period"),
            pl.lit("storet").alias("index"),
            "value",
            pl.lit("1").alias("unit"),
            named(pollution.CATEGORIES, pl.col("position")).alias("category"),
            pl.when(~enough)
            .then(pl.lit(State.INSUFFICIENT.value))
            .when("is_open")
            .then(pl.lit(State.CANNOT_ASSESS.value))
            .otherwise(pl.lit(State.OK.value))
            .alias("state"),
            pl.lit(self._method).alias("method"),
            "parameters",
            "missing",
            pl.when(pl.col("value") < 0).then(pl.col("critical").list.first()).alias("critical"),
            pl.struct(
                pl.lit(Grain.YEAR.value).alias("grain"),
                named(storet.CLASSES, pl.col("position")).alias("storet_class"),
                "water_class",
                pl.lit(indonesia.PP_22_2021_VI).alias("standard"),
                "retrospective",
                "derived",
                pl.lit(self.count_basis).alias("count_basis"),
                pl.col("dates").alias("n"),
                pl.col("least_parameters"),
                "statistics",
            ).alias("detail"),
        )

    @property
    def _method(self) -> str:
        suffix = "" if self.count_basis == "samples" else f";count={self.count_basis}"
        return self.standards.method(
            storet.STORET + suffix,
            KEPMEN_LH_115_2003,
            indonesia.PP_22_2021_VI,
            completeness.COMPLETENESS,
        )

    def _values(self, days: pl.DataFrame) -> pl.DataFrame:
        """Return the samples of parameters that are scored, beside their limits."""
        daily = deviation.derived(comparisons.daily(days))
        candidates = comparisons.by_river_class(daily).with_columns(year=pl.col("period").dt.year())
        return (
            comparisons.compared(candidates, self.standards.frame(indonesia.PP_22_2021_VI))
            .filter(pl.col("group").is_in(_GROUPS))
            .with_columns(dates=pl.col("period").n_unique().over(_YEAR))
            .sort(*_SERIES, "period")
        )

    def _scored(self, series: pl.DataFrame) -> pl.DataFrame:
        """Add each series' score, null where it cannot be scored."""
        least, most = (arrays.floats(series, bound) for bound in ("least", "most"))

        def violated(mean: str) -> Mask:
            statistics = [arrays.floats(series, name) for name in ("maximum", "minimum", mean)]
            return storet.violations(np.column_stack(statistics), least, most)

        # Where censoring leaves no mean, its violation may be certain all the same.
        at_least, at_most = violated("mean_low"), violated("mean_high")
        known = violated("mean")
        has_mean = series["mean"].is_not_null().to_numpy()
        is_certain = has_mean | (at_least == at_most).all(axis=1)
        decided = np.where(has_mean[:, np.newaxis], known, at_most)
        score = storet.scores(decided, self._weights(series))
        scorable = (
            pl.Series(is_certain)
            & series["maximum"].is_not_null()
            & ~series.select(_IS_LARGE).to_series()
            & (~series["any_coarse"] | pl.Series(known[:, :2].any(axis=1)))
        )
        return series.with_columns(
            score=pl.when(scorable).then(pl.Series("score", score, dtype=pl.Float64))
        )

    def _weights(self, series: pl.DataFrame) -> Floats:
        """Return what a violation of each series' maximum, minimum and mean costs."""
        days = _year_end(series)
        if self.count_basis == "parameters":
            count = series.select(pl.len().over(_YEAR)).to_series().to_numpy()
        else:
            count = series["n"].to_numpy()
        many_from = dated.factors(
            self.standards, KEPMEN_LH_115_2003, "storet", ("many_from",), days
        )[:, 0]
        weights = np.zeros((series.height, len(STATISTICS)))
        for group in _GROUPS:
            of_group = series["group"].to_numpy() == group
            for name, counted in (("few", count < many_from), ("many", count >= many_from)):
                rows = of_group & counted
                subject = f"storet_{group}_{name}"
                weights[rows] = dated.factors(
                    self.standards, KEPMEN_LH_115_2003, subject, STATISTICS, days
                )[rows]
        return weights


def _series(values: pl.DataFrame) -> pl.DataFrame:
    """Return the statistics of each station, year and parameter."""
    # A day of which a part is known counts as measured; its bounds differ by the other part.
    is_below = (pl.col("n") == 0) | (pl.col("unknown") == comparisons.DETECTION_LIMIT).fill_null(
        value=False
    )
    values = values.with_columns(
        is_below=is_below,
        amount=pl.when(pl.col("n_above") > 0)
        .then(None)
        .when(is_below)
        .then("high")
        .otherwise(pl.coalesce("value", "high")),
    )
    amounts = arrays.by_row(values, _SERIES, "amount")
    below = arrays.by_row(values, _SERIES, "is_below") == 1.0
    means, estimators = censored.mean(amounts, below)
    known = pl.col("amount").is_not_null()
    return (
        values.group_by(_SERIES, maintain_order=True)
        .agg(
            pl.col("water_class", "group", "least", "most").last(),
            pl.col("dates").first(),
            n=known.sum().cast(pl.Int64),
            n_below=(known & pl.col("is_below")).sum().cast(pl.Int64),
            maximum=pl.col("value").max(),
            minimum=pl.col("value").min(),
            mean_low=comparisons.exact(
                pl.when(~pl.col("is_below")).then("amount").otherwise(0.0).mean()
            ),
            mean_high=comparisons.exact(pl.col("amount").mean()),
            any_derived=pl.col("is_derived").any(),
            any_above=(pl.col("n_above") > 0).any(),
            any_coarse=pl.col("unknown").is_in(_COARSE).any(),
            retrospective=pl.col("retrospective").any(),
        )
        .with_columns(
            comparisons.exact(pl.lit(pl.Series("mean", means, dtype=pl.Float64).fill_nan(None))),
            pl.Series("mean_estimator", estimators, dtype=pl.String),
        )
    )


def _year_end(frame: pl.DataFrame) -> pl.Series:
    return frame.select(pl.date("year", 12, 31)).to_series()
