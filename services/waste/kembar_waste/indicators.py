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

_SLOT = ("jurisdiction", "slot", "period")
_IS_PART = pl.col("parameter") != "generated"
_FIGURE = ("jurisdiction", "period", "grain")
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
    days are missing is a lower bound, and so provisional, and a share of the other days too.
    """
    units = _units(totals_or_parts(days.filter(pl.col("jurisdiction").is_not_null())))
    found = _figures(
        _generated(units).with_columns(value="numerator", detail=pl.struct("grain")),
        indicator="waste.generated",
        unit="t",
        method=GENERATED,
    )
    for indicator, (codes, method) in SHARES.items():
        sides = units.filter(pl.col("parameter").is_in(["generated", *codes]))
        found += _figures(_share(sides, codes), indicator=indicator, unit="1", method=method)
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


def _generated(units: pl.DataFrame) -> pl.DataFrame:
    """Return the mass in t that was generated in every jurisdiction, month and year."""
    generated = units.filter(parameter="generated")
    incomplete = (pl.col("state") == State.OK.value) & (pl.col("coverage") < 1.0)
    return pl.concat(coverage.gather(generated, length) for length in _LENGTHS).with_columns(
        state=pl.when(incomplete).then(pl.lit(State.PROVISIONAL.value)).otherwise("state"),
        denominator=pl.lit(None, dtype=pl.Float64),
    )


def _matched(sides: pl.DataFrame) -> pl.DataFrame:
    """Let only those days, reported months and reported years count of which all sides are known.

    Masses of different months, added up and divided, would be the share of no month. A part that
    the jurisdiction reports elsewhere is no zero where it is absent, until it counts as closed.
    """
    lives = sides.group_by("jurisdiction", "parameter").agg(until=coverage.expected_until())
    reported = sides.filter(pl.col("n") > 0).select(*_SLOT, "parameter", is_known=True).unique()
    owed = (
        reported.select(_SLOT)
        .unique()
        .join(lives, on="jurisdiction")
        .filter((pl.col("period") < pl.col("until")) | ~_IS_PART)
    )
    known = (
        owed.join(reported, on=[*_SLOT, "parameter"], how="left")
        .group_by(_SLOT)
        .agg(
            pl.col("is_known").fill_null(value=False).all(),
            has_whole=(~_IS_PART).any(),
            has_part=_IS_PART.any(),
        )
        .filter("is_known", "has_whole", "has_part")
        .select(*_SLOT, "is_known")
    )
    is_known = pl.col("is_known").fill_null(value=False)
    return sides.join(known, on=_SLOT, how="left").with_columns(
        pl.when(is_known).then("numerator"),
        pl.when(is_known).then("covered").otherwise(0.0),
        pl.when(is_known).then("n").otherwise(0),
    )


def _share(sides: pl.DataFrame, codes: tuple[str, ...]) -> pl.DataFrame:
    """Divide the parts by what was generated on the same days, or in the same months or years."""
    matched = _matched(sides)
    judged = pl.concat(
        coverage.judge(matched.filter(parameter=code), length).with_columns(parameter=pl.lit(code))
        for code in ("generated", *codes)
        for length in _LENGTHS
    )
    both = (
        judged.sort("parameter")
        .group_by(_FIGURE, maintain_order=True)
        .agg(
            pl.col("n", "expected").sum(),
            pl.col("coverage").min(),
            coverage.least_real(pl.col("origin")).alias("origin"),
            pl.col("stations").explode().unique().sort(),
            part=pl.col("numerator").filter(_IS_PART).sum(),
            whole=pl.col("numerator").filter(~_IS_PART).sum(),
            parameters=pl.col("parameter"),
            grains=pl.col("grain"),
            has_part=_IS_PART.any(),
        )
        .filter("has_part")
    )
    figures = coverage.finest(both.with_columns(numerator="part", denominator="whole"))
    value = indices.share(figures["part"].to_numpy(), figures["whole"].to_numpy())
    state = (
        pl.when(pl.col("state") == State.INSUFFICIENT.value)
        .then("state")
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
        figures.with_columns(pl.Series("value", value, dtype=pl.Float64).fill_nan(None))
        .with_columns(state=state)
        .with_columns(
            pl.when(has_number).then(pl.col("value", "numerator", "denominator")),
            detail=pl.struct("parameters", "grains", reason.alias("reason")),
        )
    )


def _figures(frame: pl.DataFrame, *, indicator: str, unit: str, method: str) -> list[Figure]:
    """Make one figure of each row."""
    return [
        Figure.of(row, indicator=indicator, unit=unit, method=method)
        for row in frame.iter_rows(named=True)
    ]
