"""Figures that are means over samples: of indices, of points, of samples that meet their class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement import coverage
from kembar_shared.measurement.indicators import Figure
from kembar_shared.measurement.vocabulary import Grain, State

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LEAST_DATES: Final = 2
"""Sampling dates a station's year needs."""


def means(
    samples: pl.DataFrame,
    *,
    indicator: str,
    method: str,
    detail: Mapping[str, str | float | None],
    complete: Collection[str] = (),
) -> list[Figure]:
    """Average the `value` of samples over jurisdictions, months and years.

    Values of different sets of parameters are not comparable, so their mean is provisional.

    Args:
        samples: As `Sampling.samples` returns them; `value` null: no value; `parameters` is what
            it was made from.
        indicator: Code of the figures.
        method: Their method.
        detail: What else is said of each of them.
        complete: The parameters without which a sample's value is provisional.
    """
    owing = _of_assessed_stations(samples)
    dates = pl.col("value").is_not_null().sum().over("station", "grain", pl.col("year"))
    dates = pl.when(grain=Grain.YEAR.value).then("dates").otherwise(dates)
    yearly = owing.with_columns(value=pl.when(dates >= LEAST_DATES).then("value"))
    keys = ["jurisdiction", "period", "grain"]
    lacking = pl.col("value").is_not_null() & (
        pl.lit(list(complete), dtype=pl.List(pl.String))
        .list.set_difference(pl.col("parameters"))
        .list.len()
        > 0
    )
    found = [
        coverage.gather(_units(judged), length).join(
            _details(judged.with_columns(lacking=lacking), length, detail),
            on=keys,
            how="left",
            maintain_order="left",
        )
        for length, judged in ((Grain.MONTH, owing), (Grain.YEAR, yearly))
    ]
    is_mixed = (pl.col("detail").struct.field("parameter_sets") > 1) | (
        pl.col("detail").struct.field("incomplete_samples") > 0
    )
    figures = pl.concat(found).with_columns(
        value=pl.col("numerator") / pl.col("denominator"),
        state=pl.when(is_mixed, pl.col("state") == State.OK.value)
        .then(pl.lit(State.PROVISIONAL.value))
        .otherwise("state"),
    )
    return [
        Figure.of(row, indicator=indicator, unit="1", method=method)
        for row in figures.iter_rows(named=True)
    ]


def _details(
    samples: pl.DataFrame, length: Grain, detail: Mapping[str, str | float | None]
) -> pl.DataFrame:
    """Say which parameters the samples of each period were judged by."""
    judged = pl.col("value").is_not_null()
    used = pl.col("parameters").filter(judged)
    return (
        samples.group_by("jurisdiction", pl.col(length.value).alias("period"), "grain")
        .agg(
            parameters=used.explode().drop_nulls().unique().sort(),
            parameter_sets=used.list.join(" ").n_unique(),
            incomplete_samples=pl.col("lacking").sum(),
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
                "incomplete_samples",
                "left_out",
                "water_classes",
                "retrospective",
                *(pl.lit(value).alias(name) for name, value in detail.items()),
            ),
        )
    )


def _of_assessed_stations(samples: pl.DataFrame) -> pl.DataFrame:
    """Leave out stations that never measure enough for a value, unless all are of that kind.

    They do not owe one; counted as missing they would make every month of a jurisdiction with one
    nitrate sensor insufficient.
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
