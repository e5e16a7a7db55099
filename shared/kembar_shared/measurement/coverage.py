"""How much of a month or a year was measured, and what may be said of it.

The rules are the same for every service: under the coverage that rows ask for (`completeness`:
75 %) there is no figure; values reported
by the day, the month and the year are never added to each other, and the finest of them with
enough coverage wins; a figure is as real as the least real of its inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement import completeness
from kembar_shared.measurement.vocabulary import Grain, Origin, State

if TYPE_CHECKING:
    from kembar_shared.measurement.standards import Standards

UNIT_SCHEMA: Final = pl.Schema(
    {
        "jurisdiction": pl.String(),
        "station": pl.String(),
        "member": pl.String(),
        "origin": pl.String(),
        "grain": pl.String(),
        "slot": pl.String(),
        "period": pl.Date(),
        "covered": pl.Float64(),
        "numerator": pl.Float64(),
        "denominator": pl.Float64(),
        "n": pl.Int64(),
    }
)
"""What a service sums: one row per member (a station or a series) and slot.

`slot` is the length of time of which one value is expected, `grain` that of the values behind it:
a river sampled by the day is expected once a month. `covered` is 0 to 1 of the slot.
"""

_TRUNCATION = {Grain.DAY: "1d", Grain.MONTH: "1mo", Grain.YEAR: "1y"}
_LABEL = {Grain.MONTH: "%Y-%m", Grain.YEAR: "%Y"}
_RANK = {Grain.DAY: 0, Grain.MONTH: 1, Grain.YEAR: 2}
_ORIGINS = (Origin.REAL.value, Origin.STAND_IN.value, Origin.SYNTHETIC.value)
_DRY_SLOTS = {Grain.DAY: 184.0, Grain.MONTH: 6.0}
_WHOLE, _HALF = "coverage_whole", "coverage_half"
_GROUP = ("jurisdiction", "grain", "slot", "first")


def gather(
    units: pl.DataFrame, length: Grain, standards: Standards, *, seasons: bool = False
) -> pl.DataFrame:
    """Return the figures of jurisdictions and calendar months or years, with their states.

    Args:
        units: Columns of `UNIT_SCHEMA`.
        length: MONTH or YEAR.
        standards: Hold the rows of `completeness`.
        seasons: As of `judge`.

    Returns:
        What `finest` returns.
    """
    return finest(judge(units, length, standards, seasons=seasons), standards)


def judge(
    units: pl.DataFrame, length: Grain, standards: Standards, *, seasons: bool = False
) -> pl.DataFrame:
    """Add units up to jurisdictions and calendar months or years and judge their coverage.

    A member is expected from the period of its first unit on, for the whole of that period, by
    whatever length of time it reports. Silent for long enough after its last unit
    (`completeness.CLOSED_AFTER`), it is taken as closed: periods that begin later do not expect it.

    Args:
        units: Columns of `UNIT_SCHEMA`.
        length: MONTH or YEAR.
        standards: Hold the rows of `completeness`.
        seasons: Also ask for the coverage of the wet (November to April) and the dry half of a
            year; the least of the three counts.

    Returns:
        One row per jurisdiction, period and grain with units: `jurisdiction`, `period`
        ("2023-04"), `grain`, `numerator`, `denominator`, `n`, `expected`, `coverage` (0 to 1),
        `origin`, `stations`; of years with *seasons* also `coverage_whole`, and
        `coverage_half` of the less covered half (null: values by the year know no halves).

    Source:
        Coverage of 75 %: Directive 2008/50/EC, Annex VII and XI; half-years adapted to the tropics.
    """
    placed = units.with_columns(first=pl.col("period").dt.truncate(_TRUNCATION[length]))
    shorter = placed.filter(
        pl.col("slot").replace_strict(_RANK, return_dtype=pl.Int8) <= _RANK[length]
    )
    sums = _expected(_sums(shorter), placed, length, standards)
    whole = pl.col("covered") / pl.col("expected")
    halves = []
    if seasons and length is Grain.YEAR:
        dry = pl.col("members") * pl.col("slot").replace_strict(_DRY_SLOTS, default=None)
        halves += [pl.col("covered_dry") / dry]
        halves += [(pl.col("covered") - pl.col("covered_dry")) / (pl.col("expected") - dry)]
    return sums.select(
        "jurisdiction",
        pl.col("first").dt.strftime(_LABEL[length]).alias("period"),
        "grain",
        "numerator",
        "denominator",
        "n",
        "expected",
        pl.min_horizontal(whole, *halves, 1.0).alias("coverage"),
        "origin",
        "stations",
        *([pl.min_horizontal(*halves).alias(_HALF), whole.alias(_WHOLE)] if halves else []),
    )


def finest(
    judged: pl.DataFrame, standards: Standards, *, length: Grain | None = None
) -> pl.DataFrame:
    """Choose of each jurisdiction and period the finest grain with enough coverage.

    Args:
        judged: What `judge` returns.
        standards: Hold the rows of `completeness`.
        length: MONTH or YEAR; None: as `period` is written, "2023-04" or "2023".

    Returns:
        One row per jurisdiction and period, with `state` (ok, insufficient) and the numerator and
        denominator null where insufficient.
    """
    is_year = (
        pl.col("period").str.len_chars() == len("2023")
        if length is None
        else pl.lit(value=length is Grain.YEAR)
    )
    of_month, of_year = (
        completeness.covers(standards, subject, "coverage")
        for subject in (completeness.MONTH, completeness.YEAR)
    )
    enough = pl.when(is_year).then(of_year).otherwise(of_month)
    if _HALF in judged.columns:
        # Values by the year know no halves.
        half = completeness.covers(standards, completeness.HALF_YEAR, _HALF)
        whole = completeness.covers(standards, completeness.YEAR, _WHOLE)
        enough = whole & half.fill_null(value=True)
    rank = pl.col("grain").replace_strict(_RANK, return_dtype=pl.Int8)
    return (
        judged.sort("jurisdiction", "period", enough, rank, descending=[False, False, True, False])
        .unique(["jurisdiction", "period"], keep="first", maintain_order=True)
        .with_columns(
            pl.when(enough).then("numerator"),
            pl.when(enough).then("denominator"),
            state=pl.when(enough)
            .then(pl.lit(State.OK.value))
            .otherwise(pl.lit(State.INSUFFICIENT.value)),
        )
        .drop(_HALF, _WHOLE, strict=False)
    )


def least_real(origins: pl.Expr) -> pl.Expr:
    """Aggregate origins to the one a figure made from all of them has."""
    ranks = origins.replace_strict(_ORIGINS, range(len(_ORIGINS)), return_dtype=pl.Int8)
    return ranks.max().replace_strict(range(len(_ORIGINS)), _ORIGINS, return_dtype=pl.String)


def last_end() -> pl.Expr:
    """Aggregate units to the day after the last of them, for `completeness.closed_on`."""
    length = pl.col("slot").replace_strict(_TRUNCATION, return_dtype=pl.String)
    return pl.col("period").dt.offset_by(length).max()


def _sums(slots: pl.DataFrame) -> pl.DataFrame:
    """Add the units of each group up."""
    dry = pl.col("period").dt.month().is_between(5, 10)
    return slots.group_by(_GROUP).agg(
        pl.col("numerator", "denominator", "n", "covered").sum(),
        covered_dry=pl.col("covered").filter(dry).sum(),
        origin=least_real(pl.col("origin")),
        stations=pl.col("station").unique().sort(),
    )


def _expected(
    sums: pl.DataFrame, units: pl.DataFrame, length: Grain, standards: Standards
) -> pl.DataFrame:
    """Say how many members and slots each group should have had.

    A member that reports by another length of time is expected too: what only its yearly total
    holds is missing from the month.
    """
    # Adding a length to the last of many dates is cheap; adding it to each of them is not.
    lives = (
        units.group_by("jurisdiction", "member", "slot")
        .agg(pl.col("first").min(), pl.col("period").max())
        .group_by("jurisdiction", "member")
        .agg(since=pl.col("first").min(), last=last_end())
        .with_columns(until=completeness.closed_on(standards, "last"))
    )
    members = (
        sums.select(_GROUP)
        .join(lives, on="jurisdiction")
        .filter(pl.col("first").is_between("since", "until", closed="left"))
        .group_by(_GROUP)
        .agg(members=pl.len())
    )
    following = pl.col("first").dt.offset_by(_TRUNCATION[length])
    slots_in_period = (
        pl.when(pl.col("slot") == Grain.DAY.value)
        .then((following - pl.col("first")).dt.total_days())
        .when(pl.col("slot") == Grain.MONTH.value)
        .then(pl.lit(12 if length is Grain.YEAR else 1))
        .otherwise(pl.lit(1))
    )
    return sums.join(members, on=_GROUP).with_columns(
        expected=(pl.col("members") * slots_in_period).cast(pl.Float64)
    )
