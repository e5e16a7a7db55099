"""From days to masses per month and year, and from those to the service's figures."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from kembar_shared.measurement import coverage
from kembar_shared.measurement.indicators import Figure
from kembar_shared.measurement.vocabulary import Grain, State
from kembar_waste import indices

GENERATED: Final = "kembar/waste-generated@1"
SHARES: Final = {
    "waste.sorted_share": (("sorted",), "kembar/sorted-share@1"),
    "waste.recovery_share": (("recycled", "composted", "reused"), "kembar/recovery-share@1"),
}
"""Indicator -> (the parameters that are its part of `generated`, method)."""

_PERIOD = ("jurisdiction", "period")
_LENGTHS = (Grain.MONTH, Grain.YEAR)
_SERIES = ("station", "parameter", "grain", "year")

INDEX_SCHEMA: Final = pl.Schema(
    {
        "station": pl.String(),
        "period": pl.Date(),
        "index": pl.String(),
        "value": pl.Float64(),
        "category": pl.String(),
        "state": pl.String(),
        "method": pl.String(),
        "parameters": pl.List(pl.String()),
        "missing": pl.List(pl.String()),
        "critical": pl.String(),
        "detail": pl.Struct({"grain": pl.String()}),
    }
)


def no_indices(_days: pl.DataFrame) -> pl.DataFrame:
    """Return an empty table of index values: waste has shares, no index."""
    return pl.DataFrame(schema=INDEX_SCHEMA)


def figures(days: pl.DataFrame) -> list[Figure]:
    """Return the figures of each jurisdiction, month and year among *days* (`DAYS_SCHEMA`).

    `waste.generated` in t, `waste.sorted_share` and `waste.recovery_share`. A mass of which some
    days are missing is a lower bound, and so provisional, and a share made from it too.
    """
    masses = _masses(_units(totals_or_parts(days.filter(pl.col("jurisdiction").is_not_null()))))
    generated = masses.filter(parameter="generated")
    found = _figures(
        generated.with_columns(value="numerator", detail=pl.struct("grain")),
        indicator="waste.generated",
        unit="t",
        method=GENERATED,
    )
    for indicator, (codes, method) in SHARES.items():
        parts = masses.filter(pl.col("parameter").is_in(codes))
        found += _figures(_share(parts, generated), indicator=indicator, unit="1", method=method)
    return found


def totals_or_parts(days: pl.DataFrame) -> pl.DataFrame:
    """Leave out every series that another of the same station already contains.

    Where a station reports a total in a calendar year, its parts by material or source are left
    out; else a material's total over its sources, then its sources; series by source alone count
    where there is nothing by material.
    """
    year = pl.col("period").dt.year()
    no_material, no_source = pl.col("material") == "", pl.col("source") == ""
    is_total = no_material & no_source
    return (
        days.with_columns(year=year)
        .with_columns(
            has_total=is_total.any().over(_SERIES),
            has_materials=(~no_material).any().over(_SERIES),
            has_material_total=(no_source & ~no_material).any().over(*_SERIES, "material"),
        )
        .filter(
            pl.when("has_total")
            .then(is_total)
            .when("has_materials")
            .then(~no_material & (no_source | ~pl.col("has_material_total")))
            .otherwise(pl.lit(value=True))
        )
        .drop("year", "has_total", "has_materials", "has_material_total")
    )


def _units(days: pl.DataFrame) -> pl.DataFrame:
    """Return each series' mass in t and how much of its day, month or year it covers."""
    counted = pl.col("n") > 0
    # Polars multiplies by 1/1000 instead of dividing: 896198580 kg would be 896198.5800000001 t.
    mass_t = pl.Series(indices.tonnes(days["sum"].cast(pl.Float64).fill_null(np.nan).to_numpy()))
    return days.select(
        "parameter",
        "jurisdiction",
        "station",
        "origin",
        "grain",
        "period",
        slot="grain",
        member=pl.concat_str("station", "material", "source", separator="/"),
        covered=pl.when(counted).then("covered").otherwise(0.0),
        numerator=pl.when(counted).then(mass_t),
        denominator=pl.lit(None, dtype=pl.Float64),
        n=counted.cast(pl.Int64),
    )


def _masses(units: pl.DataFrame) -> pl.DataFrame:
    """Return the masses in t of every parameter, jurisdiction, month and year."""
    codes = ("generated", *(code for parts, _ in SHARES.values() for code in parts))
    gathered = pl.concat(
        coverage.gather(units.filter(parameter=code), length).with_columns(parameter=pl.lit(code))
        for code in codes
        for length in _LENGTHS
    )
    incomplete = (pl.col("state") == State.OK.value) & (pl.col("coverage") < 1.0)
    return gathered.with_columns(
        state=pl.when(incomplete).then(pl.lit(State.PROVISIONAL.value)).otherwise("state"),
        denominator=pl.lit(None, dtype=pl.Float64),
    )


def _share(parts: pl.DataFrame, generated: pl.DataFrame) -> pl.DataFrame:
    """Divide the parts by what was generated, where both sides are known for the same period.

    Every part the jurisdiction ever reported has to be there: the absence of one is not a zero.
    """
    kinds = parts.group_by("jurisdiction").agg(kinds=pl.col("parameter").n_unique())
    whole = generated.join(parts, on=_PERIOD, how="semi")
    is_part = pl.col("parameter") != "generated"
    sides = (
        pl.concat([parts, whole])
        .sort("parameter")
        .group_by(_PERIOD, maintain_order=True)
        .agg(
            pl.col("n", "expected").sum(),
            pl.col("coverage").min(),
            coverage.least_real(pl.col("origin")).alias("origin"),
            pl.col("stations").explode().unique().sort(),
            part=pl.col("numerator").filter(is_part).sum(),
            whole=pl.col("numerator").filter(~is_part).sum(),
            found=is_part.sum(),
            has_whole=(~is_part).any(),
            has_gap=(pl.col("state") == State.INSUFFICIENT.value).any(),
            parameters=pl.col("parameter"),
            grains=pl.col("grain"),
        )
        .join(kinds, on="jurisdiction")
        .sort(_PERIOD)
    )
    value = indices.share(sides["part"].to_numpy(), sides["whole"].to_numpy())
    both_sides = (pl.col("found") == pl.col("kinds")) & pl.col("has_whole")
    enough = both_sides & ~pl.col("has_gap")
    state = (
        pl.when(~enough)
        .then(pl.lit(State.INSUFFICIENT.value))
        .when(pl.col("value").is_null())
        .then(pl.lit(State.CANNOT_ASSESS.value))
        .when(pl.col("coverage") < 1.0)
        .then(pl.lit(State.PROVISIONAL.value))
        .otherwise(pl.lit(State.OK.value))
    )
    reason = (
        pl.when(pl.col("state") != State.CANNOT_ASSESS.value)
        .then(None)
        .when(pl.col("part") > pl.col("whole"))
        .then(pl.lit("part_exceeds_generated"))
        .when(pl.col("whole") == 0.0)
        .then(pl.lit("nothing_generated"))
        .otherwise(pl.lit("negative_mass"))
    )
    has_number = pl.col("state").is_in([State.OK.value, State.PROVISIONAL.value])
    return (
        sides.with_columns(pl.Series("value", value, dtype=pl.Float64).fill_nan(None))
        .with_columns(state=state, coverage=pl.when(both_sides).then("coverage").otherwise(0.0))
        .with_columns(
            value=pl.when(has_number).then("value"),
            numerator=pl.when(has_number).then("part"),
            denominator=pl.when(has_number).then("whole"),
            detail=pl.struct("parameters", "grains", reason.alias("reason")),
        )
    )


def _figures(frame: pl.DataFrame, *, indicator: str, unit: str, method: str) -> list[Figure]:
    """Make one figure of each row."""
    return [
        Figure.of(row, indicator=indicator, unit=unit, method=method)
        for row in frame.iter_rows(named=True)
    ]
