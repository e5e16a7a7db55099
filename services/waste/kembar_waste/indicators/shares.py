"""Shares of what was generated, of jurisdictions and calendar months and years."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from kembar_shared.measurement import coverage
from kembar_shared.measurement.indicators import Figure
from kembar_shared.measurement.vocabulary import Grain, State
from kembar_waste.indicators import facilities
from kembar_waste.indicators.rates import ENDED, RATES, REDUCED, Rate
from kembar_waste.indices import rates
from kembar_waste.standards.survey import FACILITY

if TYPE_CHECKING:
    from kembar_shared.measurement.standards import Standards

_PARAMETERS: Final = ("generated", "sorted", *REDUCED, *ENDED)
_GENERATED: Final = _PARAMETERS.index("generated")
_BASES: Final = tuple(dict.fromkeys((rate.parts, rate.needs, rate.controlled) for rate in RATES))
"""What distinguishes the numbers of two shares; each is computed once."""

# Whole numbers stand for places, bases and parameters: joining by texts takes ten times as long.
_WIDTH: Final = 100
_SLOT: Final = ("basis", "place", "slot", "period")
_IS_PART: Final = pl.col("code") != _GENERATED
_FIGURE: Final = ("basis", "place", "period", "grain")
_LENGTHS: Final = (Grain.MONTH, Grain.YEAR)
_HAS_NUMBER: Final = (State.OK.value, State.PROVISIONAL.value)

_SIDES: Final = pl.DataFrame(
    [
        (basis, _PARAMETERS.index(parameter), parameter in controlled)
        for basis, (parts, _, controlled) in enumerate(_BASES)
        for parameter in ("generated", *parts)
    ],
    schema={"basis": pl.Int64(), "code": pl.Int64(), "is_controlled": pl.Boolean()},
    orient="row",
)
_NEEDS: Final = pl.DataFrame(
    [
        (basis, _PARAMETERS.index(parameter), number)
        for basis, (_, needs, _) in enumerate(_BASES)
        for number, group in enumerate(needs)
        for parameter in group
    ],
    schema={"basis": pl.Int64(), "code": pl.Int64(), "group": pl.Int64()},
    orient="row",
)
_NEEDED: Final = {basis: len(needs) for basis, (_, needs, _) in enumerate(_BASES)}


class Shares:
    """The shares, as facilities are said to be controlled."""

    def __init__(self, standards: Standards) -> None:
        """Take the factors `facility` / `control_level`.

        Raises:
            StandardsUnfit: One of them is no level.
        """
        self._levels = facilities.control_levels(standards)
        self._standards = standards

    def figures(self, units: pl.DataFrame) -> list[Figure]:
        """Return the shares of each jurisdiction, month and year.

        A share divides the same days (or reported months, or years) only: those of which
        generation and every part are known.

        Args:
            units: As of `series.units`.
        """
        found = _shares(_numbered(units, self._levels))
        return [
            Figure.of(
                {**row, "detail": _detail(row, rate)},
                indicator=rate.indicator,
                unit="1",
                method=self._standards.method(rate.method, FACILITY)
                if rate.controlled
                else rate.method,
            )
            for rate in RATES
            for row in found.filter(
                basis=_BASES.index((rate.parts, rate.needs, rate.controlled))
            ).iter_rows(named=True)
        ]


def _detail(row: dict[str, Any], rate: Rate) -> dict[str, object]:
    detail = {name: row[name] for name in ("parameters", "grains", "reason")}
    if rate.controlled:
        detail["unknown_control_t"] = row["unknown"]
    return detail


def _numbered(units: pl.DataFrame, levels: pl.DataFrame) -> pl.DataFrame:
    """Give the units of shares their control level, and numbers for their texts."""
    chosen = units.filter(pl.col("parameter").is_in(_PARAMETERS))
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
                _PARAMETERS, range(len(_PARAMETERS)), return_dtype=pl.Int64
            ),
        )
        .drop("member_number", "parameter")
    )


def _sides(units: pl.DataFrame) -> pl.DataFrame:
    """Return each unit once for every basis it is a side of.

    What a facility of unknown control took is kept apart as the denominator, which sides lack;
    what an open dump took is known to count for nothing.
    """
    is_unknown = pl.col("is_controlled") & pl.col("level").is_null()
    is_dumped = pl.col("is_controlled") & (pl.col("level") == 0.0)
    has_mass = pl.col("numerator").is_not_null()
    present = frozenset(units["code"].unique())
    needed = [
        basis
        for basis, (_, needs, _) in enumerate(_BASES)
        if all(present & {_PARAMETERS.index(each) for each in group} for group in needs)
    ]
    sides = _SIDES.filter(pl.col("basis").is_in(needed))
    return units.join(sides, on="code", maintain_order="left").with_columns(
        numerator=pl.when(has_mass & (is_unknown | is_dumped)).then(0.0).otherwise("numerator"),
        denominator=pl.when(is_unknown).then("numerator"),
    )


def _known(units: pl.DataFrame) -> pl.DataFrame:
    """Return those days, reported months and reported years of which all sides are known.

    Masses of different months, added up and divided, would be the share of no month. A part that
    the jurisdiction reports elsewhere is no zero where it is absent, until it counts as closed.
    """
    lives = units.group_by("place", "code").agg(until=coverage.expected_until())
    reported = (
        units.filter(pl.col("n") > 0)
        .select("place", "slot", "period", "code", is_known=True)
        .unique()
        .join(_SIDES.drop("is_controlled"), on="code")
    )
    owed = (
        reported.select(_SLOT)
        .unique()
        .join(lives.join(_SIDES, on="code"), on=["basis", "place"])
        .filter((pl.col("period") < pl.col("until")) | ~_IS_PART)
    )
    return (
        owed.join(reported, on=[*_SLOT, "code"], how="left")
        .group_by(_SLOT)
        .agg(
            pl.col("is_known").fill_null(value=False).all(),
            has_whole=(~_IS_PART).any(),
            has_part=_IS_PART.any(),
        )
        .filter("is_known", "has_whole", "has_part")
        .select(*_SLOT, "is_known")
    )


def _judged(units: pl.DataFrame) -> pl.DataFrame:
    """Judge the coverage of every side of every share, counting what all sides know."""
    is_known = pl.col("is_known").fill_null(value=False)
    key = (pl.col("place") * _WIDTH + pl.col("basis")) * _WIDTH + pl.col("code")
    matched = (
        _sides(units)
        .join(_known(units), on=_SLOT, how="left", maintain_order="left")
        .with_columns(
            pl.when(is_known).then(pl.col("numerator", "denominator")),
            pl.when(is_known).then("covered").otherwise(0.0),
            pl.when(is_known).then("n").otherwise(0),
            jurisdiction=key,
        )
    )
    numbered = pl.col("jurisdiction")
    return pl.concat(coverage.judge(matched, length) for length in _LENGTHS).with_columns(
        place=numbered // (_WIDTH * _WIDTH),
        basis=numbered // _WIDTH % _WIDTH,
        code=numbered % _WIDTH,
    )


def _shares(units: pl.DataFrame) -> pl.DataFrame:
    """Divide the parts by what was generated on the same days, or in the same months or years."""
    # One side by the day and the other by the month are both reported, but not to be divided.
    reported = pl.col("groups").explode().drop_nulls().n_unique().over("basis", "place", "period")
    needed = pl.col("basis").replace_strict(_NEEDED, return_dtype=pl.UInt32)
    names = pl.col("code").replace_strict(
        range(len(_PARAMETERS)), _PARAMETERS, return_dtype=pl.String
    )
    both = (
        _judged(units)
        .join(_NEEDS, on=["basis", "code"], how="left", maintain_order="left")
        .with_columns(parameter=names)
        .sort("parameter")
        .group_by(_FIGURE, maintain_order=True)
        .agg(
            pl.col("n", "expected").sum(),
            pl.col("coverage").min(),
            coverage.least_real(pl.col("origin")).alias("origin"),
            pl.col("stations").explode().unique().sort(),
            part=pl.col("numerator").filter(_IS_PART).sum(),
            whole=pl.col("numerator").filter(~_IS_PART).sum(),
            unknown=pl.col("denominator").filter(_IS_PART).sum(),
            parameters=pl.col("parameter"),
            grains=pl.col("grain"),
            groups=pl.col("group").drop_nulls().unique(),
        )
        .filter(pl.col("groups").list.len() > 0, reported == needed)
        .drop("groups")
    )
    chosen = coverage.finest(
        both.with_columns(
            jurisdiction=pl.col("place") * _WIDTH + pl.col("basis"),
            numerator="part",
            denominator="whole",
        )
    )
    places = units.select("place", "jurisdiction").unique()
    return _stated(
        chosen.drop("jurisdiction")
        .join(places, on="place", maintain_order="left")
        .sort("jurisdiction", "period")
    )


def _stated(chosen: pl.DataFrame) -> pl.DataFrame:
    """Give each share its value where it has one, its state, and the reason of none."""
    value = rates.share(chosen["part"].to_numpy(), chosen["whole"].to_numpy())
    state = (
        pl.when(pl.col("state") == State.INSUFFICIENT.value)
        .then("state")
        .when(pl.col("value").is_null() | (pl.col("unknown") > 0.0))
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
        .when(pl.col("unknown") > 0.0)
        .then(pl.lit("control_level_unknown"))
        .otherwise(pl.lit("negative_mass"))
    )
    return (
        chosen.with_columns(pl.Series("value", value, dtype=pl.Float64).fill_nan(None))
        .with_columns(state=state)
        .with_columns(
            pl.when(pl.col("state").is_in(_HAS_NUMBER)).then(
                pl.col("value", "numerator", "denominator")
            ),
            reason=reason,
        )
    )
