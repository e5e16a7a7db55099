"""From days to Pollution Indices of samples, and from those to the service's figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from kembar_shared.measurement import coverage
from kembar_shared.measurement.indicators import Figure
from kembar_shared.measurement.vocabulary import Grain, State
from kembar_water import indices, standards

LEAST_DATES: Final = 2
"""Sampling dates a station's year needs."""

_SAMPLE = ("station", "grain", "period")
_KNOWN = pl.col("ratio").is_not_nan()


@dataclass(frozen=True, slots=True)
class PollutionIndex:
    """The Pollution Index of every sample, and its monthly and yearly means.

    A sample is what one station measured on one local day.

    Attributes:
        fixed_saturation_mg_l: Dissolved oxygen at saturation; None: computed from the sample's
            temperature and the station's altitude, and without them the oxygen is left out.
        least_parameters: Parameters a sample needs; a convention, the decree names no number.
    """

    fixed_saturation_mg_l: float | None = None
    least_parameters: int = 4

    def indices(self, days: pl.DataFrame) -> pl.DataFrame:
        """Return the index of each sample among *days* (`DAYS_SCHEMA`).

        `missing` names what was measured but could not be judged: a detection limit above the
        standard's, a value only known to be large, oxygen without a saturation.
        """
        detail = pl.struct(
            "grain",
            "water_class",
            pl.lit(standards.PP_22_2021_VI).alias("standard"),
            "retrospective",
            "cim_mg_l",
            "cim_source",
            "substituted",
            pl.lit(self.least_parameters).alias("least_parameters"),
        )
        return self._samples(days).select(
            "station",
            "period",
            pl.lit("pollution_index").alias("index"),
            "value",
            "category",
            "state",
            pl.lit(indices.POLLUTION_INDEX).alias("method"),
            "parameters",
            "missing",
            "critical",
            detail.alias("detail"),
        )

    def figures(self, days: pl.DataFrame) -> list[Figure]:
        """Return `water.pollution_index` of each jurisdiction, month and year among *days*."""
        samples = _of_assessed_stations(self._samples(days))
        dates = pl.col("value").is_not_null().sum().over("station", "grain", pl.col("year"))
        dates = pl.when(grain=Grain.YEAR.value).then("dates").otherwise(dates)
        yearly = samples.with_columns(value=pl.when(dates >= LEAST_DATES).then("value"))
        keys = ["jurisdiction", "period", "grain"]
        figures = [
            coverage.gather(_units(judged), length).join(
                self._details(judged, length), on=keys, how="left", maintain_order="left"
            )
            for length, judged in ((Grain.MONTH, samples), (Grain.YEAR, yearly))
        ]
        # Indices of different sets of parameters are not comparable, so their mean is no finding.
        is_mixed = pl.col("detail").struct.field("parameter_sets") > 1
        means = pl.concat(figures).with_columns(
            value=pl.col("numerator") / pl.col("denominator"),
            state=pl.when(is_mixed, pl.col("state") == State.OK.value)
            .then(pl.lit(State.PROVISIONAL.value))
            .otherwise("state"),
        )
        return [
            Figure.of(
                row, indicator="water.pollution_index", unit="1", method=indices.POLLUTION_INDEX
            )
            for row in means.iter_rows(named=True)
        ]

    def _details(self, samples: pl.DataFrame, length: Grain) -> pl.DataFrame:
        """Say which parameters the samples of each period were judged by."""
        judged = pl.col("value").is_not_null()
        used = pl.col("parameters").filter(judged)
        return (
            samples.group_by("jurisdiction", pl.col(length.value).alias("period"), "grain")
            .agg(
                parameters=used.explode().drop_nulls().unique().sort(),
                parameter_sets=used.list.join(" ").n_unique(),
                left_out=pl.col("missing").explode().drop_nulls().unique().sort(),
                water_classes=pl.col("water_class").unique().sort(),
                retrospective=pl.col("retrospective").any(),
            )
            .select(
                "jurisdiction",
                "period",
                "grain",
                detail=pl.struct(
                    "grain",
                    "parameters",
                    "parameter_sets",
                    "left_out",
                    "water_classes",
                    "retrospective",
                    pl.lit(standards.PP_22_2021_VI).alias("standard"),
                    pl.lit(self.least_parameters).alias("least_parameters"),
                ),
            )
        )

    def _samples(self, days: pl.DataFrame) -> pl.DataFrame:
        """Return one row per sample with its index and what it was made from."""
        ratios = self._ratios(_values(days))
        samples = ratios.group_by(_SAMPLE, maintain_order=True).agg(
            pl.col("jurisdiction", "origin", "water_class").first(),
            dates=pl.col("n").max(),
            parameters=pl.col("parameter").filter(_KNOWN),
            missing=pl.col("parameter").filter(~_KNOWN),
            substituted=pl.col("parameter").filter(_KNOWN & pl.col("substituted")),
            critical=pl.col("parameter")
            .filter(_KNOWN)
            .get(pl.col("ratio").filter(_KNOWN).arg_max(), null_on_oob=True),
            retrospective=pl.col("retrospective").any(),
            cim_mg_l=pl.col("ceiling").filter(_KNOWN & (pl.col("parameter") == "do")).first(),
        )
        index = indices.pollution_index(_matrix(ratios), least_parameters=self.least_parameters)
        position = pl.Series(indices.pollution_category(index))
        source = "computed" if self.fixed_saturation_mg_l is None else "fixed"
        return samples.with_columns(
            pl.Series("value", index, dtype=pl.Float64).fill_nan(None),
            position.replace_strict(
                dict(enumerate(indices.CATEGORIES)), default=None, return_dtype=pl.String
            ).alias("category"),
            pl.when(pl.col("cim_mg_l").is_not_null()).then(pl.lit(source)).alias("cim_source"),
            pl.col("period").dt.strftime("%Y-%m").alias("month"),
            pl.col("period").dt.strftime("%Y").alias("year"),
        ).with_columns(
            state=pl.when(pl.col("value").is_null())
            .then(pl.lit(State.INSUFFICIENT.value))
            .otherwise(pl.lit(State.OK.value))
        )

    def _ratios(self, values: pl.DataFrame) -> pl.DataFrame:
        """Add the saturation of oxygen and every value's ratio to its limit; NaN: not judged."""
        if self.fixed_saturation_mg_l is None:
            ceiling = indices.dissolved_oxygen_saturation(
                _floats(values, "temp"), _floats(values, "altitude_m")
            )
        else:
            ceiling = np.full(values.height, self.fixed_saturation_mg_l)
        ratio = indices.limit_ratios(
            _floats(values, "value"), _floats(values, "least"), _floats(values, "most"), ceiling
        )
        return values.with_columns(
            pl.Series("ceiling", ceiling, dtype=pl.Float64),
            pl.Series("ratio", ratio, dtype=pl.Float64),
        )


def _floats(frame: pl.DataFrame, column: str) -> indices.Floats:
    """Return a column as an array, nulls as NaN."""
    return frame[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _limits() -> pl.DataFrame:
    """Return the limits of indexable parameters, each with the first day it is applied to.

    The oldest limit on record is applied to everything before it too: better judged by a later
    standard, and said to be, than not judged. Litter has no amount and no ratio.
    """
    columns = ("parameter", "water_class", "least", "most", "valid_from")
    rows = [
        {column: getattr(limit, column) for column in columns}
        for limit in standards.LIMITS
        if limit.parameter != "trash"
    ]
    schema = {"least": pl.Float64(), "most": pl.Float64()}
    oldest = pl.col("valid_from").min().over("parameter", "water_class")
    return (
        pl.DataFrame(rows, schema_overrides=schema)
        .with_columns(
            applied_from=pl.when(pl.col("valid_from") == oldest)
            .then(date(1, 1, 1))
            .otherwise("valid_from")
        )
        .sort("applied_from")
    )


def _values(days: pl.DataFrame) -> pl.DataFrame:
    """Return the value, the limit and the temperature of every parameter of every sample.

    A value below detection counts as half its detection limit where that lies within the
    standard's limit. Where it does not, and for a value above the method's range, the parameter
    is not judged on that day: the mean of the day's other values would not be the day's.
    """
    reported = days.filter(pl.sum_horizontal("n", "n_below", "n_above") > 0)
    temperatures = reported.filter(parameter="temp").select(
        *_SAMPLE, temp=pl.col("sum") / pl.col("n")
    )
    water_class = pl.col("water_class").fill_null(standards.DEFAULT_CLASS)
    limit = pl.when(pl.col("least").is_null() | pl.col("most").is_null()).then(
        pl.coalesce("least", "most")
    )
    substituted = (pl.col("n_below") > 0) & (pl.col("below_limit") <= limit)
    halves = pl.col("n_below") * pl.col("below_limit") / 2.0
    return (
        reported.with_columns(water_class)
        .sort("period")
        .join_asof(
            _limits(),
            left_on="period",
            right_on="applied_from",
            by=["parameter", "water_class"],
            check_sortedness=False,
        )
        .filter(pl.any_horizontal(pl.col("least", "most").is_not_null()))
        .with_columns(
            substituted=substituted.fill_null(value=False) & (pl.col("n_above") == 0),
            retrospective=pl.col("period") < pl.col("valid_from"),
        )
        .with_columns(
            value=pl.when(pl.col("n_above") > 0)
            .then(None)
            .when("substituted")
            .then((pl.col("sum").fill_null(0.0) + halves) / (pl.col("n") + pl.col("n_below")))
            .when(pl.col("n") > 0, pl.col("n_below") == 0)
            .then(pl.col("sum") / pl.col("n"))
        )
        .join(temperatures, on=_SAMPLE, how="left")
        .sort(*_SAMPLE, "parameter")
    )


def _matrix(ratios: pl.DataFrame) -> indices.Floats:
    """Spread the ratios, sorted by sample, over samples and parameters."""
    row = ratios.select(pl.struct(_SAMPLE).rle_id().cast(pl.Int64)).to_series().to_numpy()
    column = ratios["parameter"].rank("dense").cast(pl.Int64).to_numpy() - 1
    shape = (row.max(initial=-1) + 1, column.max(initial=-1) + 1)
    matrix = np.full(shape, np.nan)
    matrix[row, column] = ratios["ratio"].to_numpy()
    return matrix


def _of_assessed_stations(samples: pl.DataFrame) -> pl.DataFrame:
    """Leave out stations that never measure enough for an index, unless all are of that kind.

    They do not owe the index a value; counted as missing they would make every month of a
    jurisdiction with one nitrate sensor insufficient.
    """
    assessed = pl.col("value").is_not_null().any().over("jurisdiction", "station")
    any_assessed = pl.col("value").is_not_null().any().over("jurisdiction")
    return samples.filter(pl.col("jurisdiction").is_not_null(), assessed | ~any_assessed)


def _units(samples: pl.DataFrame) -> pl.DataFrame:
    """Return what each station contributed to each month (to each year, if it reports by year)."""
    is_year = pl.col("grain") == Grain.YEAR.value
    slot = pl.when(is_year).then(pl.lit(Grain.YEAR.value)).otherwise(pl.lit(Grain.MONTH.value))
    known = pl.col("value").is_not_null()
    return (
        samples.group_by(
            "jurisdiction",
            "station",
            "origin",
            "grain",
            slot.alias("slot"),
            pl.col("period").dt.month_start(),
        )
        .agg(
            covered=known.any().cast(pl.Float64),
            numerator=pl.col("value").sum(),
            denominator=known.sum().cast(pl.Float64),
            n=known.sum().cast(pl.Int64),
        )
        .with_columns(member="station")
    )
