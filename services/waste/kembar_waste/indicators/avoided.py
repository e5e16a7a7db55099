"""Greenhouse gas avoided by recycling, composting and using waste again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from kembar_shared.measurement import coverage
from kembar_shared.measurement.indicators import Figure
from kembar_shared.measurement.vocabulary import Grain, State
from kembar_waste.indicators import crediting, diverted, facilities
from kembar_waste.indicators.assumptions import LONG_HORIZON, coefficients
from kembar_waste.indices import emissions
from kembar_waste.standards.survey import DISPOSAL

if TYPE_CHECKING:
    from kembar_shared.measurement.standards import Standards
    from kembar_waste.indicators.assumptions import Assumptions

_LENGTHS: Final = {Grain.MONTH: "%Y-%m", Grain.YEAR: "%Y"}
_FIGURE: Final = ("jurisdiction", "period", "grain")
_SUMS: Final = ("net", "gross", "treatment", "gross_long", "assessed_t", "unassessed_t", "excess_t")
# Masses are sums of numbers in kg: what is left of a total is not exactly nothing.
_ROUNDING_T: Final = 1e-6


class AvoidedEmissions:
    """What diverting waste from a landfill avoids, by one set of factors and assumptions.

    Only masses of a known material count. Recycled, composted and reused waste is taken to have
    gone to the landfill assumed otherwise; the goods that recycling replaces are not counted.
    """

    def __init__(self, standards: Standards, assumptions: Assumptions) -> None:
        """Compute what a tonne of each material avoids.

        Raises:
            StandardsUnfit: An operator's methane correction factor is none.
            ClaimsOverlap: Programmes claim the same tonne.
        """
        self._assumptions, self._standards = assumptions, standards
        self._method = assumptions.method(standards)
        self._coefficients = coefficients(standards, assumptions)
        self._sites = facilities.dated(standards, DISPOSAL, "mcf", "1", most=1.0)
        self._claims = crediting.frame(assumptions.claims)

    def figures(self, days: pl.DataFrame) -> list[Figure]:
        """Return what was avoided in each jurisdiction, month and year, in t CO2e, net."""
        streams = self._assessed(diverted.streams(days))
        credited = crediting.credited(streams, self._claims)
        found: list[Figure] = []
        for length, label in _LENGTHS.items():
            judged = coverage.finest(
                coverage.judge(streams, length, self._standards), self._standards
            )
            members = _labelled(streams, length, label)
            sums = members.group_by(_FIGURE).agg(pl.col(_SUMS).sum())
            materials = _by(members, "material", "net")
            programmes = _by(_labelled(credited, length, label), "programme", "credited")
            found += [
                self._figure(row, materials, programmes)
                for row in judged.join(sums, on=_FIGURE, how="left")
                .sort("jurisdiction", "period")
                .join(_extent(members), on=_FIGURE, how="left")
                .iter_rows(named=True)
            ]
        return found

    def _assessed(self, streams: pl.DataFrame) -> pl.DataFrame:
        """Add what each stream avoids; nothing is known of one whose material is not known."""
        joined = (
            facilities.joined(streams, self._sites, by="jurisdiction", name="own_mcf")
            .with_row_index("row")
            .sort("period")
            .join_asof(
                self._coefficients,
                left_on="period",
                right_on="since",
                by=["parameter", "material"],
                check_sortedness=False,
            )
            .sort("row")
            .with_columns(mcf=pl.coalesce("own_mcf", "mcf"))
            .with_columns(
                is_seen=pl.col("is_seen") & pl.col("own_mcf_verified").fill_null(value=True),
                is_assessed=pl.col("methane").is_not_null(),
            )
        )
        masses = joined["mass_t"].to_numpy()
        treatment = joined["treatment"].to_numpy()
        potential = joined["ch4"].to_numpy()
        found = {
            name: emissions.avoided(
                masses,
                methane_t_per_t=(joined[name] * joined["mcf"]).to_numpy(),
                treatment_t_per_t=treatment,
                ch4_potential=potential,
            )
            for name in ("methane", "methane_long")
        }
        amounts = {
            "net": found["methane"].net,
            "gross": found["methane"].gross,
            "treatment": found["methane"].treatment,
            "gross_long": found["methane_long"].gross,
        }
        has_mass = pl.col("mass_t").is_not_null()
        return joined.with_columns(
            **{
                name: pl.Series(values, dtype=pl.Float64, nan_to_null=True)
                for name, values in amounts.items()
            },
            assessed_t=pl.when("is_assessed").then("mass_t"),
            unassessed_t=pl.when(~pl.col("is_assessed")).then("mass_t"),
        ).with_columns(
            numerator=pl.when(has_mass).then(pl.col("net").fill_null(0.0)),
            denominator=pl.lit(None, dtype=pl.Float64),
        )

    def _figure(self, row: dict[str, Any], materials: _Named, programmes: _Named) -> Figure:
        state, reason = _judged(row)
        has_number = state in {State.OK, State.PROVISIONAL}
        key = tuple(row[name] for name in _FIGURE)
        detail: dict[str, object] = {
            "grain": row["grain"],
            "reason": reason,
            "horizon_years": self._assumptions.horizon_years,
            "gwp_set": self._assumptions.gwp_set,
            "docf_set": self._assumptions.docf_set,
            "climate": f"tropical_{self._assumptions.climate}",
            "disposal_site": self._assumptions.disposal_mcf if row["is_assumed"] else "own",
            "disposal_mcf": row["mcfs"],
            "verified": row["is_seen"],
            "unassessed_t": row["unassessed_t"],
        }
        if has_number:
            by_programme = programmes.get(key, {})
            detail |= {
                "assessed_t": row["assessed_t"],
                "gross": row["gross"],
                "treatment": row["treatment"],
                f"gross_{LONG_HORIZON}": row["gross_long"],
                f"net_{LONG_HORIZON}": row["gross_long"] - row["treatment"],
                "by_material": materials.get(key, {}),
                "by_programme": by_programme,
                "unclaimed": row["net"] - sum(by_programme.values()),
            }
        value = row["numerator"] if has_number else None
        return Figure.of(
            {**row, "value": value, "numerator": value, "denominator": None}
            | {"state": state, "detail": detail},
            indicator="waste.avoided_tco2e",
            unit="t CO2e",
            method=self._method,
        )


_Named = dict[tuple[Any, ...], dict[str, float]]


def _judged(row: dict[str, Any]) -> tuple[State, str | None]:
    """Return the state of a figure, and the reason where it has no number."""
    if row["state"] == State.INSUFFICIENT.value:
        return State.INSUFFICIENT, None
    if row["excess_t"] > _ROUNDING_T:
        return State.CANNOT_ASSESS, "materials_exceed_total"
    has_unassessed = row["unassessed_t"] > _ROUNDING_T
    if has_unassessed and row["assessed_t"] <= _ROUNDING_T:
        return State.CANNOT_ASSESS, "material_unknown"
    is_partial = has_unassessed or row["coverage"] < 1.0
    return (State.PROVISIONAL if is_partial else State.OK), None


def _labelled(streams: pl.DataFrame, length: Grain, label: str) -> pl.DataFrame:
    """Name the month or year each stream lies in; leave out those of longer periods."""
    shorter = streams
    if length is Grain.MONTH:
        shorter = streams.filter(pl.col("grain") != Grain.YEAR.value)
    return shorter.with_columns(pl.col("period").dt.strftime(label))


def _by(members: pl.DataFrame, name: str, amount: str) -> _Named:
    """Return the sums of *amount* of each figure, by *name*."""
    sums = (
        members.filter(pl.col(amount).is_not_null())
        .group_by(*_FIGURE, name)
        .agg(pl.col(amount).sum())
        .sort(name)
    )
    found: _Named = {}
    for jurisdiction, period, grain, each, value in sums.select(*_FIGURE, name, amount).iter_rows():
        found.setdefault((jurisdiction, period, grain), {})[each] = value
    return found


def _extent(members: pl.DataFrame) -> pl.DataFrame:
    """Return of each figure which landfills were assumed, and whether all factors are verified.

    Where nothing was assessed no factor was used, and nothing is said of its verification.
    """
    used = pl.col("is_seen").filter(pl.col("assessed_t").is_not_null())
    return members.group_by(_FIGURE).agg(
        mcfs=pl.col("mcf").drop_nulls().unique().sort(),
        is_assumed=pl.col("own_mcf").is_null().any(),
        is_seen=pl.when(used.is_not_null().any()).then(used.all()),
    )
