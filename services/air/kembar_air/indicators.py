"""From days to the ISPU of stations, and from those to the service's figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from kembar_air import indices, standards
from kembar_shared.measurement import coverage
from kembar_shared.measurement.indicators import Figure
from kembar_shared.measurement.vocabulary import Grain, State

PM25_MEAN: Final = "kembar/pm25-mean@1"

_POLLUTANTS: Final = tuple(scale.parameter for scale in standards.ISPU)
_DECIMALS: Final = 6
_READ: Final = pl.col("n") + pl.col("n_below")
_VALID: Final = (
    (pl.col("covered") >= coverage.LEAST_COVERAGE)
    & (pl.col("n_above") == 0)
    & (pl.col("n_below") <= pl.col("n"))
    & (_READ > 0)
)
"""What a mean may be made of: of values above the instrument's range, or mostly below what it can
detect, there is none (domain rules, B6)."""

_SUM: Final = pl.col("sum").fill_null(0.0) + (
    pl.col("n_below") * pl.col("below_limit").fill_null(0.0) / 2.0
)
"""Single values below detection count as half the detection limit."""


@dataclass(frozen=True, slots=True)
class Ispu:
    """The ISPU of every station and day, and the figures of the air service.

    Attributes:
        reading: Which index a band begins with.
    """

    reading: indices.Reading = indices.Reading.BANDED

    def indices(self, days: pl.DataFrame) -> pl.DataFrame:
        """Return the index of each station and local day among *days* (`DAYS_SCHEMA`).

        `missing` names the pollutants without a valid 24-hour mean: 18 of 24 hours, or the same
        share of another cadence.
        """
        detail = pl.struct(
            pl.struct(pl.col(f"index_{code}").alias(code) for code in _POLLUTANTS).alias(
                "sub_indices"
            ),
            "beyond_scale",
            "substituted",
            "retrospective",
            pl.lit(standards.P_14_2020).alias("standard"),
        )
        return self._station_days(days).select(
            "station",
            "period",
            pl.lit("ispu").alias("index"),
            "value",
            "category",
            pl.when("beyond_range")
            .then(pl.lit(State.ABOVE_LIMIT.value))
            .when(pl.col("value").is_null())
            .then(pl.lit(State.INSUFFICIENT.value))
            .otherwise(pl.lit(State.OK.value))
            .alias("state"),
            pl.lit(self.reading.method).alias("method"),
            _names(measured=True).alias("parameters"),
            _names(measured=False).alias("missing"),
            "critical",
            detail.alias("detail"),
        )

    def figures(self, days: pl.DataFrame) -> list[Figure]:
        """Return the figures of each jurisdiction, month and year among *days*.

        `air.pm25_mean` in µg/m³ and `air.ispu_good_share`, the share of valid station-days that
        are Baik or Sedang.
        """
        located = days.filter(pl.col("jurisdiction").is_not_null())
        return [
            *_means(
                _pm25_units(located), indicator="air.pm25_mean", unit="µg/m³", method=PM25_MEAN
            ),
            *_means(
                _good_units(self._station_days(located)),
                indicator="air.ispu_good_share",
                unit="1",
                method=self.reading.method,
            ),
        ]

    def _station_days(self, days: pl.DataFrame) -> pl.DataFrame:
        """Return one row per station and day on which any ISPU pollutant was reported."""
        means = (
            days.filter(
                pl.col("grain") == Grain.DAY.value,
                pl.col("parameter").is_in(_POLLUTANTS),
                pl.sum_horizontal("n", "n_below", "n_above") > 0,
            )
            .group_by("station", "jurisdiction", "origin", "period")
            .agg(
                # Adding up 24 hours of 55.4 gives a hair more, and with it another category.
                *(
                    (_SUM / _READ)
                    .round(_DECIMALS)
                    .filter(_VALID, pl.col("parameter") == code)
                    .first()
                    .alias(code)
                    for code in _POLLUTANTS
                ),
                substituted=pl.col("parameter").filter(_VALID, pl.col("n_below") > 0).sort(),
                beyond_range=(pl.col("n_above") > 0).any(),
            )
            .sort("station", "period")
        )
        concentrations = means.select(pl.col(_POLLUTANTS).fill_null(float("nan"))).to_numpy()
        uppers = np.array([scale.upper for scale in standards.ISPU])
        sub_indices = np.full(concentrations.shape, np.nan)
        for column, upper in enumerate(uppers):
            sub_indices[:, column] = indices.sub_index(
                concentrations[:, column], upper, self.reading
            )
        index, critical = indices.station_index(sub_indices)
        return means.with_columns(
            # What lies above an instrument's range may be the worst of all.
            pl.when(~pl.col("beyond_range"))
            .then(pl.Series("index", index, dtype=pl.Float64).fill_nan(None))
            .alias("value"),
            pl.when(~pl.col("beyond_range"))
            .then(_words(indices.CATEGORIES, indices.category(index)))
            .alias("category"),
            _words(_POLLUTANTS, critical).alias("critical"),
            pl.Series("beyond_scale", (concentrations > uppers[:, -1]).any(axis=1)),
            (pl.col("period") < standards.ISPU[0].valid_from).alias("retrospective"),
            *(
                pl.Series(f"index_{code}", sub_indices[:, column]).fill_nan(None)
                for column, code in enumerate(_POLLUTANTS)
            ),
        )


def _words(words: tuple[str, ...], positions: np.typing.NDArray[np.int64]) -> pl.Series:
    """Name positions; -1 has no name."""
    return pl.Series(positions, dtype=pl.Int64).replace_strict(
        dict(enumerate(words)), default=None, return_dtype=pl.String
    )


def _names(*, measured: bool) -> pl.Expr:
    """List the pollutants of a station-day that have a valid mean, or those that have none."""
    has = (pl.col(code).is_not_null() == measured for code in _POLLUTANTS)
    return pl.concat_list(
        pl.when(is_one).then(pl.lit(code)) for is_one, code in zip(has, _POLLUTANTS, strict=True)
    ).list.drop_nulls()


def _pm25_units(days: pl.DataFrame) -> pl.DataFrame:
    """Return the PM2.5 means of station-days; a mean of a longer period weighs its days."""
    length = (pl.col("following") - pl.col("period")).dt.total_days().cast(pl.Float64)
    valid = _VALID
    return days.filter(parameter="pm25").select(
        "jurisdiction",
        "station",
        "origin",
        "grain",
        "period",
        member="station",
        slot="grain",
        covered=valid.cast(pl.Float64),
        numerator=pl.when(valid).then(_SUM / _READ * length),
        denominator=pl.when(valid).then(length),
        n=valid.cast(pl.Int64),
    )


def _good_units(station_days: pl.DataFrame) -> pl.DataFrame:
    """Return which station-days are valid and which of these are Baik or Sedang."""
    valid = pl.col("value").is_not_null()
    good = pl.col("value") <= indices.LAST_GOOD_INDEX
    return station_days.select(
        "jurisdiction",
        "station",
        "origin",
        "period",
        grain=pl.lit(Grain.DAY.value),
        member="station",
        slot=pl.lit(Grain.DAY.value),
        covered=valid.cast(pl.Float64),
        numerator=good.cast(pl.Float64),
        denominator=valid.cast(pl.Float64),
        n=valid.cast(pl.Int64),
    )


def _means(units: pl.DataFrame, *, indicator: str, unit: str, method: str) -> list[Figure]:
    """Return numerator over denominator of each jurisdiction, month and year."""
    gathered = pl.concat(
        coverage.gather(units, length, seasons=True) for length in (Grain.MONTH, Grain.YEAR)
    )
    means = gathered.with_columns(
        value=pl.col("numerator") / pl.col("denominator"), detail=pl.struct("grain")
    )
    return [
        Figure.of(row, indicator=indicator, unit=unit, method=method)
        for row in means.iter_rows(named=True)
    ]
