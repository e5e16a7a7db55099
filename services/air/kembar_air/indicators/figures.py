"""The figures of jurisdictions: PM2.5, the share of good days, and the IKU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_air.indicators import columns, iku_figure, maxima, means
from kembar_air.indices import ispu
from kembar_air.standards import completeness
from kembar_air.standards.ispu import KEP_107_1997, P_14_2020
from kembar_shared.measurement import coverage
from kembar_shared.measurement.completeness import COMPLETENESS
from kembar_shared.measurement.indicators import Figure
from kembar_shared.measurement.vocabulary import Grain, State

if TYPE_CHECKING:
    from kembar_air.indices.ispu import Reading
    from kembar_shared.measurement.standards import Standards

PM25_MEAN: Final = "kembar/pm25-mean@4"

INDICES: Final = (
    "ispu",
    *(columns.MEAN_INDEX.format(code) for code in ("pm25", *iku_figure.GASES)),
)
"""What of each day figures are made from: what is told of the day itself."""

_GOOD: Final = ispu.CATEGORIES[:2]
_LABEL: Final = {Grain.MONTH: "%Y-%m", Grain.YEAR: "%Y"}


def methods(reading: Reading) -> tuple[str, ...]:
    """Return identifier and version of what figures are made by, and the indices they are of."""
    return (
        PM25_MEAN, reading.share_method, iku_figure.METHOD,
        reading.day_method, ispu.LEGACY_METHOD, means.METHOD,
        *(maximum.method for maximum in maxima.KINDS),
    )  # fmt: skip


def of(
    days: pl.DataFrame, indices: pl.DataFrame, standards: Standards, reading: Reading
) -> list[Figure]:
    """Return the figures of each jurisdiction, month and year among *days* (`DAYS_SCHEMA`).

    Args:
        days: Whole calendar months and years.
        indices: `INDEX_SCHEMA`, `INDICES` of these days.
        standards: The rows.
        reading: Which index a band begins with.
    """
    located = days.filter(pl.col("jurisdiction").is_not_null())
    completeness_of = (completeness.OWN, completeness.EU_2008_50, COMPLETENESS)
    share = standards.method(reading.share_method, P_14_2020, KEP_107_1997, *completeness_of)
    mean = standards.method(PM25_MEAN, *completeness_of)
    pm25, good = _pm25_units(located, indices), _good_units(located, indices)
    return [
        *_means(pm25, standards, indicator="air.pm25_mean", unit="µg/m³", method=mean),
        *_means(good, standards, indicator="air.ispu_good_share", unit="1", method=share),
        *iku_figure.of(located, indices, standards),
    ]


def _pm25_units(days: pl.DataFrame, indices: pl.DataFrame) -> pl.DataFrame:
    """Return the PM2.5 means of station-days; a mean of a longer period weighs its days."""
    of_days = indices.filter(index=columns.MEAN_INDEX.format("pm25"))
    length = (pl.col("following") - pl.col("period")).dt.total_days().cast(pl.Float64)
    is_day = pl.col("grain") == Grain.DAY.value
    is_judged = is_day & pl.col("state").is_not_null()
    is_above = (
        pl.when(is_judged)
        .then(pl.col("state") == State.ABOVE_LIMIT.value)
        .otherwise(pl.col("n_above") > 0)
    )
    is_detected = ~is_above & (pl.col("n_below") <= pl.col("n"))
    mean = (
        pl.when(is_day, pl.col("state") == State.OK.value)
        .then("value")
        .when(~is_day, is_detected)
        .then((pl.col("low") + pl.col("high")) / 2)
    )
    found = (
        days.filter(parameter="pm25")
        .join(
            of_days.select("station", "period", "value", "state"),
            on=["station", "period"],
            how="left",
        )
        .with_columns(mean=mean)
    )
    valid = pl.col("mean").is_not_null()
    return found.select(
        "jurisdiction",
        "station",
        "origin",
        "grain",
        "period",
        member="station",
        slot="grain",
        covered=valid.cast(pl.Float64),
        numerator=pl.col("mean") * length,
        denominator=pl.when(valid).then(length),
        n=valid.cast(pl.Int64),
        is_above=is_above,
    )


def _good_units(days: pl.DataFrame, indices: pl.DataFrame) -> pl.DataFrame:
    """Return which station-days have an index and which of these are Baik or Sedang."""
    places = days.select("station", "jurisdiction", "origin").unique("station")
    valid = pl.col("state") == State.OK.value
    return (
        indices.filter(index="ispu")
        .join(places, on="station")
        .select(
            "jurisdiction",
            "station",
            "origin",
            "period",
            "grain",
            member="station",
            slot="grain",
            covered=valid.cast(pl.Float64),
            numerator=pl.when(valid).then(pl.col("category").is_in(_GOOD).cast(pl.Float64)),
            denominator=valid.cast(pl.Float64),
            n=valid.cast(pl.Int64),
            is_above=pl.col("state") == State.ABOVE_LIMIT.value,
        )
    )


def _means(
    units: pl.DataFrame, standards: Standards, *, indicator: str, unit: str, method: str
) -> list[Figure]:
    """Return numerator over denominator of each jurisdiction, month and year.

    Days above the instrument's range are the worst there were: what the others have in common is
    nothing that could be said of all. There is no figure of a period with any.
    """
    gathered = pl.concat(
        coverage.gather(units.drop("is_above"), length, standards, seasons=True).join(
            _above(units, label),
            on=["jurisdiction", "period", "grain"],
            how="left",
            maintain_order="left",
        )
        for length, label in _LABEL.items()
    )
    is_hidden = (pl.col("above_range") > 0) & (pl.col("state") == State.OK.value)
    numbers = pl.col("numerator", "denominator")
    found = gathered.with_columns(
        pl.when(~is_hidden).then(numbers),
        state=pl.when(is_hidden).then(pl.lit(State.CANNOT_ASSESS.value)).otherwise("state"),
        detail=pl.struct("grain", "above_range"),
    ).with_columns(value=pl.col("numerator") / pl.col("denominator"))
    return [
        Figure.of(row, indicator=indicator, unit=unit, method=method)
        for row in found.iter_rows(named=True)
    ]


def _above(units: pl.DataFrame, label: str) -> pl.DataFrame:
    """Count the days (or reported months) of each period that lie above the instrument's range."""
    return units.group_by("jurisdiction", pl.col("period").dt.strftime(label), "grain").agg(
        above_range=pl.col("is_above").sum().cast(pl.Int64)
    )
