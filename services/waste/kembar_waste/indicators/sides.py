"""What a share is divided from: masses of the same days, or reported months, or years."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement import completeness, coverage
from kembar_shared.measurement.vocabulary import Grain
from kembar_waste.indicators import facilities
from kembar_waste.indicators.rates import ENDED, RATES, REDUCED, RESOURCED, TREATED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kembar_shared.measurement.standards import Standards
    from kembar_waste.indicators.rates import Basis

PARAMETERS: Final = ("generated", "sorted", *REDUCED, *ENDED, TREATED, *RESOURCED)
"""Sides of shares; a parameter's place is its code."""

_NEVER_CLOSED: Final = tuple(PARAMETERS.index(name) for name in ("generated", TREATED))

BASES: Final = tuple(dict.fromkeys(rate.basis for rate in RATES))
"""The bases of all shares; each is computed once, and has a number."""

# Whole numbers stand for places, bases and parameters: joining by texts takes ten times as long.
WIDTH: Final = 100
"""More than there are of bases, and of parameters."""

_SLOT: Final = ("place", "slot", "period")
_LENGTHS: Final = {Grain.MONTH: ("1mo", "%Y-%m"), Grain.YEAR: ("1y", "%Y")}
_SUMMED: Final = ("numerator", "denominator", "n", "covered")


def numbered(units: pl.DataFrame, levels: pl.DataFrame) -> pl.DataFrame:
    """Give the units of shares their control level, and numbers for their texts.

    Args:
        units: As of `series.units`.
        levels: As of `facilities.control_levels`.

    Returns:
        *units* with `level`, `place` for the jurisdiction beside it, and `code` for the parameter.
    """
    chosen = units.filter(pl.col("parameter").is_in(PARAMETERS))
    places = chosen.select("jurisdiction").unique().sort("jurisdiction").with_row_index("place")
    members = chosen.select("member").unique().with_row_index("member_number")
    return (
        facilities.joined(chosen, levels, by="station", name="level")
        .join(places, on="jurisdiction", maintain_order="left")
        .join(members, on="member", maintain_order="left")
        .with_columns(
            pl.col("place").cast(pl.Int64),
            member="member_number",
            code=pl.col("parameter").replace_strict(
                PARAMETERS, range(len(PARAMETERS)), return_dtype=pl.Int64
            ),
        )
        .drop("member_number", "parameter")
    )


def of(parameters: Iterable[str]) -> list[int]:
    """Return the codes of *parameters*, each once."""
    return [PARAMETERS.index(parameter) for parameter in dict.fromkeys(parameters)]


def _bits(codes: Iterable[int]) -> int:
    """Return a whole number that stands for a set of parameters: one bit for each."""
    return sum(1 << code for code in codes)


def bases_of(units: pl.DataFrame) -> list[int]:
    """Return the bases of which anything that they need is reported at all."""
    present = frozenset(units["code"].unique())
    return [
        basis
        for basis, (*_, needs, _) in enumerate(BASES)
        if all(present & {*of(group)} for group in needs)
    ]


def _known(units: pl.DataFrame, bases: list[int], standards: Standards) -> pl.DataFrame:
    """Say of days, reported months and reported years of which bases all sides are known.

    Masses of different months, added up and divided, would be the share of no month, and those of
    different stations of one day the share of neither: of each side that is owed, every station
    that is expected has to be there. A part that the jurisdiction reports elsewhere is no zero
    where it is absent, until it counts as closed.

    Returns:
        The columns of `_SLOT`, and for each basis whether it is known, named by its number.
    """
    codes = units["code"].unique().sort().to_list()
    lives = _lives(units, standards)
    until = lives.group_by("place").agg(
        pl.col("until").filter(code=code).first().alias(f"until {code}") for code in codes
    )
    is_whole = (pl.col("n") > 0) & (pl.col("covered").round(9) >= 1.0)
    slots = (
        units.group_by(_SLOT)
        .agg((is_whole & (pl.col("code") == code)).sum().alias(f"told {code}") for code in codes)
        .sort("period")
    )
    for code, counts in _expected(lives).items():
        slots = slots.join_asof(
            counts.rename({"at": "period", "count": f"expected {code}"}),
            on="period",
            by="place",
            check_sortedness=False,
        )
    is_told = {code: _is_told(code) for code in codes}
    slots = slots.with_columns(
        reported=pl.sum_horizontal(
            pl.when(is_told[code]).then(1 << code).otherwise(0) for code in codes
        )
    ).join(until, on="place")
    is_owed = {code: pl.col("period") < pl.col(f"until {code}") for code in codes}
    never_closed = [code for code in _NEVER_CLOSED if code in codes]
    is_owed |= {code: pl.col(f"until {code}").is_not_null() for code in never_closed}
    owed = pl.sum_horizontal(pl.when(is_owed[code]).then(1 << code).otherwise(0) for code in codes)
    return slots.with_columns(owed=owed).select(
        *_SLOT, *(_is_known(BASES[basis]).alias(str(basis)) for basis in bases)
    )


def _lives(units: pl.DataFrame, standards: Standards) -> pl.DataFrame:
    """Say from when until when each station owes each parameter, as `since` and `until`.

    From the year of its first value on, but not before the station reported anything: of the days
    before, what else it sent is a side without the other.
    """
    lives = units.group_by("place", "member", "code").agg(
        pl.col("period").min().alias("first"), last=coverage.last_end()
    )
    lives = lives.with_columns(until=completeness.closed_on(standards, "last"))
    opened = pl.col("first").min().over("place", "member").dt.truncate("1mo")
    return lives.with_columns(since=pl.max_horizontal(pl.col("first").dt.truncate("1y"), opened))


def _expected(lives: pl.DataFrame) -> dict[int, pl.DataFrame]:
    """Return of each parameter how many stations (`count`) owe it `at` a day and after."""
    changes = pl.concat(
        [
            lives.select("place", "code", at="since", count=pl.lit(1, dtype=pl.Int64)),
            lives.select("place", "code", at="until", count=pl.lit(-1, dtype=pl.Int64)),
        ]
    )
    counts = (
        changes.group_by("place", "code", "at")
        .agg(pl.col("count").sum())
        .sort("place", "code", "at")
        .with_columns(pl.col("count").cum_sum().over("place", "code"))
        .sort("at")
    )
    return {code: counts.filter(code=code).drop("code") for code in lives["code"].unique().sort()}


def _is_told(code: int) -> pl.Expr:
    """Say whether all stations that owe a parameter reported it, and any did."""
    told = pl.col(f"told {code}")
    return (told > 0) & (told >= pl.col(f"expected {code}").fill_null(0))


def _is_known(basis: Basis) -> pl.Expr:
    """Say whether all that is owed of a share was reported, and there is a share to be made."""
    whole, part = _bits(of(basis.whole)), _bits(of(basis.parts))
    owed = pl.col("owed") & (whole | part)
    is_reported = (pl.col("reported") & owed) == owed
    return is_reported & ((owed & whole) > 0) & ((owed & part) > 0)


def _side(basis: int) -> dict[str, pl.Expr]:
    """Return what each unit adds to a basis that it is a side of.

    What a facility of unknown control took is kept apart as the denominator, which sides lack;
    what an open dump took is known to count for nothing.
    """
    is_known, mass = pl.col(str(basis)), pl.col("numerator")
    counted, unknown = mass, pl.lit(None, dtype=pl.Float64)
    if controlled := BASES[basis].controlled:
        is_controlled = pl.col("code").is_in(of(controlled))
        is_unknown = is_controlled & pl.col("level").is_null()
        is_dumped = is_controlled & (pl.col("level") == 0.0)
        counted = pl.when(mass.is_not_null() & (is_unknown | is_dumped)).then(0.0).otherwise(mass)
        unknown = pl.when(is_unknown).then(mass)
    return {
        "numerator": pl.when(is_known).then(counted),
        "denominator": pl.when(is_known).then(unknown),
        "n": pl.when(is_known).then("n").otherwise(0),
        "covered": pl.when(is_known).then("covered").otherwise(0.0),
    }


def judged(units: pl.DataFrame, bases: list[int], standards: Standards) -> pl.DataFrame:
    """Judge the coverage of every side of every basis, counting what all sides know.

    Returns:
        The columns of `coverage.judge`, with `basis`, `place` and `code` for `jurisdiction`. The
        denominator is what facilities of unknown control took.
    """
    matched = units.join(
        _known(units, bases, standards), on=_SLOT, how="left", maintain_order="left"
    )
    keyed = units.with_columns(jurisdiction=pl.col("place") * WIDTH + pl.col("code"))
    return pl.concat(
        _of_length(matched, coverage.judge(keyed, length, standards), length, bases)
        for length in _LENGTHS
    )


def _of_length(
    matched: pl.DataFrame, expected: pl.DataFrame, length: Grain, bases: list[int]
) -> pl.DataFrame:
    """Add the sides of each basis up to months or years; *expected* is what is judged of all."""
    truncation, label = _LENGTHS[length]
    shorter = matched
    if length is Grain.MONTH:
        shorter = matched.filter(pl.col("slot") != Grain.YEAR.value)
    sums = (
        shorter.group_by("place", "code", "grain", first=pl.col("period").dt.truncate(truncation))
        .agg(
            side.sum().alias(f"{basis} {name}")
            for basis in bases
            for name, side in _side(basis).items()
        )
        .with_columns(period=pl.col("first").dt.strftime(label))
    )
    wide = expected.drop(*_SUMMED, "coverage", strict=False).with_columns(
        place=pl.col("jurisdiction") // WIDTH, code=pl.col("jurisdiction") % WIDTH
    ).join(sums, on=["place", "code", "grain", "period"])  # fmt: skip
    shared = ("place", "code", "period", "grain", "expected", "origin", "stations")
    sides = [
        wide.filter(pl.col("code").is_in(of((*BASES[basis].whole, *BASES[basis].parts)))).select(
            *shared,
            *(pl.col(f"{basis} {name}").alias(name) for name in _SUMMED),
            basis=pl.lit(basis, dtype=pl.Int64),
        )
        for basis in bases
    ]
    return pl.concat(sides).with_columns(
        coverage=pl.min_horizontal(pl.col("covered") / pl.col("expected"), 1.0)
    )
