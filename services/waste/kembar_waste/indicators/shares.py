"""Shares of what was generated or treated, of jurisdictions and calendar months and years."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from kembar_shared.measurement import coverage
from kembar_shared.measurement.completeness import COMPLETENESS
from kembar_shared.measurement.indicators import Figure
from kembar_shared.measurement.vocabulary import State
from kembar_waste.indicators import facilities, sides, unreported
from kembar_waste.indicators.rates import RATES, Rate
from kembar_waste.indices import rates
from kembar_waste.standards.survey import FACILITY

if TYPE_CHECKING:
    from kembar_shared.measurement.standards import Standards

_FIGURE: Final = ("basis", "place", "period", "grain")
_HAS_NUMBER: Final = (State.OK.value, State.PROVISIONAL.value)

_ROLES: Final = pl.DataFrame(
    [
        (
            number,
            code,
            next((n for n, group in enumerate(basis.needs) if code in sides.of(group)), None),
            code in sides.of(basis.parts),
            code in sides.of(basis.whole),
        )
        for number, basis in enumerate(sides.BASES)
        for code in sides.of((*basis.whole, *basis.parts))
    ],
    schema={"basis": pl.Int64(), "code": pl.Int64(), "group": pl.Int64()}
    | {"is_part": pl.Boolean(), "is_whole": pl.Boolean()},
    orient="row",
)
_NEEDED: Final = {number: len(basis.needs) for number, basis in enumerate(sides.BASES)}
_WHOLES: Final = {number: basis.whole[0] for number, basis in enumerate(sides.BASES)}


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

        A share divides the same days (or reported months, or years) only: those of which the
        whole and every part are known.

        Args:
            units: As of `series.units`.
        """
        numbered = sides.numbered(units, self._levels)
        found: list[Figure] = []
        if bases := sides.bases_of(numbered):
            shares = _shares(numbered, bases, self._standards)
            found = [
                Figure.of(
                    {**row, "detail": _detail(row, rate)},
                    indicator=rate.indicator,
                    unit="1",
                    method=self._method_of(rate),
                )
                for rate in RATES
                for row in shares.filter(basis=sides.BASES.index(rate.basis)).iter_rows(named=True)
            ]
        return [*found, *unreported.figures(units, found, self._method_of)]

    def _method_of(self, rate: Rate) -> str:
        used = (COMPLETENESS, FACILITY) if rate.controlled else (COMPLETENESS,)
        return self._standards.method(rate.method, *used)


def _detail(row: dict[str, Any], rate: Rate) -> dict[str, object]:
    detail = {name: row[name] for name in ("parameters", "grains", "reason")}
    if rate.controlled:
        detail["unknown_control_t"] = row["unknown"]
    if rate.names_missing:
        detail["missing"] = []
    return detail


def _shares(units: pl.DataFrame, bases: list[int], standards: Standards) -> pl.DataFrame:
    """Divide the parts by the whole of the same days, or of the same months or years."""
    # One side by the day and the other by the month are both reported, but not to be divided.
    reported = pl.col("groups").explode().drop_nulls().n_unique().over("basis", "place", "period")
    needed = pl.col("basis").replace_strict(_NEEDED, return_dtype=pl.UInt32)
    names = pl.col("code").replace_strict(
        range(len(sides.PARAMETERS)), sides.PARAMETERS, return_dtype=pl.String
    )
    both = (
        sides.judged(units, bases, standards)
        .join(_ROLES, on=["basis", "code"], how="left", maintain_order="left")
        .with_columns(parameter=names)
        .sort("parameter")
        .group_by(_FIGURE, maintain_order=True)
        .agg(
            pl.col("n", "expected").sum(),
            pl.col("coverage").min(),
            coverage.least_real(pl.col("origin")).alias("origin"),
            pl.col("stations").explode().unique().sort(),
            part=pl.col("numerator").filter("is_part").sum(),
            whole=pl.col("numerator").filter("is_whole").sum(),
            unknown=pl.col("denominator").filter("is_part").sum(),
            parameters=pl.col("parameter"),
            grains=pl.col("grain"),
            groups=pl.col("group").drop_nulls().unique(),
        )
        .filter(pl.col("groups").list.len() > 0, reported == needed)
        .drop("groups")
    )
    chosen = coverage.finest(
        both.with_columns(
            jurisdiction=pl.col("place") * sides.WIDTH + pl.col("basis"),
            numerator="part",
            denominator="whole",
        ),
        standards,
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
    named = pl.col("basis").replace_strict(_WHOLES, return_dtype=pl.String)
    reason = (
        pl.when(pl.col("state") != State.CANNOT_ASSESS.value)
        .then(None)
        .when(pl.col("value").is_null() & (pl.col("part") > pl.col("whole")))
        .then(pl.format("part_exceeds_{}", named))
        .when(pl.col("whole") == 0.0)
        .then(pl.format("nothing_{}", named))
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
