"""The figures of jurisdictions: PM2.5, the share of good days, and the IKU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from kembar_air.indicators import columns, daily, iku_figure, judged
from kembar_air.standards import completeness
from kembar_air.standards.ispu import P_14_2020
from kembar_shared.measurement import coverage
from kembar_shared.measurement.completeness import COMPLETENESS, DAY, covers
from kembar_shared.measurement.indicators import Figure
from kembar_shared.measurement.vocabulary import Grain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kembar_air.indicators.rules import Regimes
    from kembar_air.indices.ispu import Reading
    from kembar_shared.measurement.standards import Standards

PM25_MEAN: Final = "kembar/pm25-mean@1"

_LAST_GOOD_CATEGORY: Final = 1
_READ: Final = pl.col("n") + pl.col("n_below")
_IS_READ: Final = (pl.col("n_above") == 0) & (pl.col("n_below") <= pl.col("n")) & (_READ > 0)
_SUM: Final = pl.col("sum").fill_null(0.0) + (
    pl.col("n_below") * pl.col("below_limit").fill_null(0.0) / 2.0
)
"""Single values below detection count as half the detection limit."""


def of(
    days: pl.DataFrame, standards: Standards, regimes: Regimes, reading: Reading
) -> list[Figure]:
    """Return the figures of each jurisdiction, month and year among *days* (`DAYS_SCHEMA`).

    Args:
        days: Whole calendar months and years.
        standards: The rows.
        regimes: Breakpoints of P.14/2020, by which all days are judged.
        reading: Which index a band begins with.
    """
    located = days.filter(pl.col("jurisdiction").is_not_null())
    return [
        *_means(
            _pm25_units(located, standards),
            standards,
            indicator="air.pm25_mean",
            unit="µg/m³",
            method=standards.method(PM25_MEAN, COMPLETENESS),
        ),
        *_means(
            _good_units(located, standards, regimes, reading),
            standards,
            indicator="air.ispu_good_share",
            unit="1",
            method=standards.method(reading.method, P_14_2020, completeness.OWN, COMPLETENESS),
            detail=_by_p_14(standards),
        ),
        *iku_figure.of(located, standards),
    ]


def _pm25_units(days: pl.DataFrame, standards: Standards) -> pl.DataFrame:
    """Return the PM2.5 means of station-days; a mean of a longer period weighs its days."""
    length = (pl.col("following") - pl.col("period")).dt.total_days().cast(pl.Float64)
    valid = covers(standards, DAY, "covered") & _IS_READ
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


def _good_units(
    days: pl.DataFrame, standards: Standards, regimes: Regimes, reading: Reading
) -> pl.DataFrame:
    """Return which station-days are valid and which of these are Baik or Sedang."""
    found = daily.station_days(days, standards)
    judgement = judged.judge(found.concentrations, found.beyond, found.day, regimes, reading)
    valid = ~np.isnan(judgement.index) & ~judgement.beyond_range
    station_days = pl.DataFrame(
        {
            "station": judged.words(found.stations, found.station),
            "period": columns.dates(found.day),
            "valid": pl.Series(valid),
            "good": pl.Series(judgement.category <= _LAST_GOOD_CATEGORY),
        }
    )
    places = days.select("station", "jurisdiction", "origin").unique("station")
    return station_days.join(places, on="station").select(
        "jurisdiction",
        "station",
        "origin",
        "period",
        grain=pl.lit(Grain.DAY.value),
        member="station",
        slot=pl.lit(Grain.DAY.value),
        covered=pl.col("valid").cast(pl.Float64),
        numerator=pl.when("valid").then(pl.col("good").cast(pl.Float64)),
        denominator=pl.col("valid").cast(pl.Float64),
        n=pl.col("valid").cast(pl.Int64),
    )


def _by_p_14(standards: Standards) -> list[pl.Expr]:
    """Say by which regulation, and of which figures' first days it was not in force yet."""
    since = min(row.valid_from for row in standards.of(P_14_2020) if row.valid_from is not None)
    first = (pl.col("period") + "-01-01").str.head(len("2023-01-01"))
    return [
        pl.lit(P_14_2020).alias("standard"),
        (first < since.isoformat()).alias("retrospective"),
    ]


def _means(
    units: pl.DataFrame,
    standards: Standards,
    *,
    indicator: str,
    unit: str,
    method: str,
    detail: Sequence[pl.Expr] = (),
) -> list[Figure]:
    """Return numerator over denominator of each jurisdiction, month and year."""
    gathered = pl.concat(
        coverage.gather(units, length, standards, seasons=True)
        for length in (Grain.MONTH, Grain.YEAR)
    )
    means = gathered.with_columns(
        value=pl.col("numerator") / pl.col("denominator"), detail=pl.struct("grain", *detail)
    )
    return [
        Figure.of(row, indicator=indicator, unit=unit, method=method)
        for row in means.iter_rows(named=True)
    ]
