"""Figures that are means over samples: of indices, of points, of samples that meet their class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement import completeness, coverage
from kembar_shared.measurement.indicators import Figure
from kembar_shared.measurement.vocabulary import Grain, State

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kembar_shared.measurement.standards import Standards

_IS_OPEN: Final = pl.col("is_open")
_LEFT_OUT: Final = pl.col("is_incomplete")
_FAILING: Final = _LEFT_OUT & pl.col("is_failing")


def means(
    samples: pl.DataFrame,
    standards: Standards,
    *,
    indicator: str,
    method: str,
    detail: Mapping[str, str | float | None],
    complete: Collection[str] | None = None,
) -> list[Figure]:
    """Average the `value` of samples over jurisdictions, months and years.

    Values of different sets of parameters are not comparable, so their mean is provisional.

    Args:
        samples: As `Sampling.samples` returns them; `value` null: no value; `parameters` is what
            it was made from. With `is_open` true a value lacks though enough was measured: were
            it only for such samples, the figure is `cannot_assess` and not `insufficient`.
        standards: Say how much of a period has to be measured.
        indicator: Code of the figures.
        method: Their method.
        detail: What else is said of each of them.
        complete: The parameters without which a sample's value is provisional, and
            `incomplete_samples` counts it; None: that counts the samples that were left out as
            `is_incomplete`, and `incomplete_failing` those of them that are `is_failing`.
    """
    owing = _of_assessed_stations(samples)
    yearly = _of_enough_dates(owing, standards)
    keys = ["jurisdiction", "period", "grain"]
    lacking = pl.col("value").is_not_null() & (
        pl.lit(list(complete or ()), dtype=pl.List(pl.String))
        .list.set_difference(pl.col("parameters"))
        .list.len()
        > 0
    )
    found = []
    for length, judged in ((Grain.MONTH, owing), (Grain.YEAR, yearly)):
        # Also of stations that never measure enough, which are left out of all else.
        counts = (
            _counts(samples, length, incomplete_samples=_LEFT_OUT, incomplete_failing=_FAILING)
            if complete is None
            else _counts(
                judged.with_columns(lacking=lacking), length, incomplete_samples=pl.col("lacking")
            )
        )
        details = _details(judged, length, detail, counts)
        gathered = _gathered(judged, length, standards)
        found.append(gathered.join(details, on=keys, how="left", maintain_order="left"))
    names = ("open_samples",) if complete is None else ("open_samples", "incomplete_samples")
    is_mixed = (pl.col("detail").struct.field("parameter_sets") > 1) | pl.any_horizontal(
        pl.col("detail").struct.field(*names) > 0
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


def _of_enough_dates(samples: pl.DataFrame, standards: Standards) -> pl.DataFrame:
    """Take from stations the values of years in which too few dates have one."""
    has_value = pl.col("value").is_not_null()
    is_year = pl.col("grain") == Grain.YEAR.value
    least = completeness.least(standards, completeness.YEAR, completeness.DATES, period="year")

    def enough(counted: pl.Expr) -> pl.Expr:
        dates = counted.sum().over("station", "grain", "year")
        return pl.when(is_year).then("dates").otherwise(dates) >= least

    return samples.with_columns(
        value=pl.when(enough(has_value)).then("value"),
        is_open=(_IS_OPEN | has_value & ~enough(has_value)) & enough(has_value | _IS_OPEN),
    )


def _gathered(samples: pl.DataFrame, length: Grain, standards: Standards) -> pl.DataFrame:
    """Gather samples; where those without an assessable value are all that lacks, say so."""
    gathered = coverage.gather(_units(samples), length, standards)
    if not samples["is_open"].any():
        return gathered
    measured = pl.when("is_open").then(0.0).otherwise("value")
    filled = _units(samples.with_columns(value=measured))
    all_samples = coverage.gather(filled, length, standards)
    keys = ["jurisdiction", "period"]
    is_open = (pl.col("state") == State.INSUFFICIENT.value) & (pl.col("measured") == State.OK.value)
    return (
        gathered.join(
            all_samples.select(*keys, measured="state"), on=keys, how="left", maintain_order="left"
        )
        .with_columns(
            state=pl.when(is_open).then(pl.lit(State.CANNOT_ASSESS.value)).otherwise("state")
        )
        .drop("measured")
    )


def _counts(samples: pl.DataFrame, length: Grain, **counted: pl.Expr) -> pl.DataFrame:
    """Count the samples of each period of which something is so."""
    return samples.group_by("jurisdiction", pl.col(length.value).alias("period"), "grain").agg(
        **{name: is_so.sum() for name, is_so in counted.items()}
    )


def _details(
    samples: pl.DataFrame,
    length: Grain,
    detail: Mapping[str, str | float | None],
    counts: pl.DataFrame,
) -> pl.DataFrame:
    """Say which parameters the samples of each period were judged by."""
    judged = pl.col("value").is_not_null()
    used = pl.col("parameters").filter(judged)
    return (
        samples.group_by("jurisdiction", pl.col(length.value).alias("period"), "grain")
        .agg(
            parameters=used.explode().drop_nulls().unique().sort(),
            parameter_sets=used.list.join(" ").n_unique(),
            open_samples=_IS_OPEN.sum(),
            left_out=pl.col("missing").explode().drop_nulls().unique().sort(),
            water_classes=pl.col("water_class").unique().sort(),
            retrospective=pl.col("retrospective").any(),
        )
        .join(counts, on=["jurisdiction", "period", "grain"], how="left", maintain_order="left")
        .select(
            "jurisdiction",
            "period",
            "grain",
            detail=pl.struct(
                "grain",
                "parameters",
                "parameter_sets",
                *counts.columns[3:],
                "open_samples",
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
    nitrate sensor insufficient. Those that measure enough and cannot be assessed do.
    """
    owes = pl.col("value").is_not_null() | _IS_OPEN
    assessed = owes.any().over("jurisdiction", "station")
    any_assessed = owes.any().over("jurisdiction")
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
