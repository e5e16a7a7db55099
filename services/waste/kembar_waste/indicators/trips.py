"""Masses that trips of trucks stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from kembar_shared.measurement import coverage
from kembar_shared.measurement.completeness import COMPLETENESS
from kembar_shared.measurement.indicators import Figure
from kembar_shared.measurement.vocabulary import Grain, State
from kembar_waste.indicators import facilities, series
from kembar_waste.indices import masses
from kembar_waste.standards.survey import TRIP_LOAD

if TYPE_CHECKING:
    from kembar_shared.measurement.standards import Standards

METHOD: Final = "kembar/collected-from-trips@3"

_LENGTHS: Final = {Grain.MONTH: "%Y-%m", Grain.YEAR: "%Y"}
_FIGURE: Final = ("jurisdiction", "period", "grain")
_SLOT: Final = ("station", "grain", "period")


_MOST_T: Final = 40.0
"""Load that no truck carries (domain rules, D: gross range of a truck's load)."""


def loads_of(standards: Standards) -> pl.DataFrame:
    """Return the loads of trips in t, as of `facilities.dated`.

    Raises:
        StandardsUnfit: One of them is no truck's.
    """
    return facilities.dated(standards, TRIP_LOAD, "load", "t/trip", most=_MOST_T)


def figures(days: pl.DataFrame, loads: pl.DataFrame, standards: Standards) -> list[Figure]:
    """Return the masses in t that trips stand for, of each jurisdiction, month and year.

    A load holds for the days it was recorded for and no others: of a station's own, else its
    jurisdiction's. Weighed masses are better, and stand beside the converted ones.

    Args:
        days: Of `DAYS_SCHEMA`, totals or parts.
        loads: As of `loads_of`.
        standards: Say how much of a period has to be measured.
    """
    converted = _converted(days, loads)
    method = standards.method(METHOD, TRIP_LOAD, COMPLETENESS)
    found: list[Figure] = []
    for length, label in _LENGTHS.items():
        shorter = converted
        if length is Grain.MONTH:
            shorter = converted.filter(pl.col("grain") != Grain.YEAR.value)
        used = (
            shorter.with_columns(pl.col("period").dt.strftime(label))
            .group_by(_FIGURE)
            .agg(
                pl.col("trips", "weighed_t").sum(),
                without_load=pl.col("trips").filter(pl.col("load").is_null()).sum(),
                loads=pl.col("load").drop_nulls().unique().sort(),
                verified=pl.col("load_verified").drop_nulls().all(),
                weighed=pl.col("weighed_t").is_not_null().any(),
            )
        )
        judged = coverage.finest(coverage.judge(converted, length, standards), standards)
        found += [
            _figure(row, method)
            for row in judged.join(used, on=_FIGURE, how="left")
            .sort("jurisdiction", "period")
            .iter_rows(named=True)
        ]
    return found


def _converted(days: pl.DataFrame, loads: pl.DataFrame) -> pl.DataFrame:
    """Return the trips of each station with its load and the mass it stands for."""
    units = series.units(days)
    counts = days.filter(parameter="trips").group_by(_SLOT).agg(trips=pl.col("sum").sum())
    trips = (
        units.filter(parameter="trips")
        .join(counts, on=_SLOT, how="left", maintain_order="left")
        .with_columns(pl.when(pl.col("n") > 0).then(pl.col("trips").cast(pl.Float64)))
    )
    weighed = (
        units.filter(pl.col("parameter").is_in(["received", "collected"]))
        .group_by(*_SLOT, "parameter")
        .agg(pl.col("numerator").sum())
        # What a station receives and what it collects are the same waste.
        .group_by(_SLOT)
        .agg(weighed_t=pl.col("numerator").max())
    )
    own = facilities.joined(trips, loads, by="station", name="own")
    both = facilities.joined(own, loads, by="jurisdiction", name="load").with_columns(
        load=pl.coalesce("own", "load"),
        load_verified=pl.coalesce("own_verified", "load_verified"),
    )
    mass = masses.from_trips(both["trips"].to_numpy(), both["load"].to_numpy())
    return both.join(weighed, on=_SLOT, how="left", maintain_order="left").with_columns(
        numerator=pl.Series(mass, dtype=pl.Float64, nan_to_null=True),
    )


def _figure(row: dict[str, Any], method: str) -> Figure:
    """Make one figure; there is none without a load for every trip."""
    state, reason = State(row["state"]), None
    if state is State.OK and row["without_load"] > 0.0:
        state, reason = State.CANNOT_ASSESS, "no_factor_in_force"
    elif state is State.OK and row["coverage"] < 1.0:
        state = State.PROVISIONAL
    value = row["numerator"] if state in {State.OK, State.PROVISIONAL} else None
    detail = {
        "grain": row["grain"],
        "reason": reason,
        "converted": True,
        "trips": row["trips"],
        "factors_t_per_trip": row["loads"],
        "verified": row["verified"] if row["loads"] else None,
        "weighed_t": row["weighed_t"] if row["weighed"] else None,
    }
    return Figure.of(
        {**row, "state": state, "value": value, "numerator": value, "denominator": None}
        | {"detail": detail},
        indicator="waste.collected_from_trips",
        unit="t",
        method=method,
    )
