"""Shares that have no number, as what they are made of was not reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from kembar_shared.measurement import coverage
from kembar_shared.measurement.indicators import Figure
from kembar_shared.measurement.vocabulary import Grain, Origin, State
from kembar_waste.indicators.rates import RATES, REDUCED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kembar_waste.indicators.rates import Rate

_LABEL: Final = {Grain.MONTH: "%Y-%m", Grain.YEAR: "%Y"}
_NAMING: Final = tuple(rate for rate in RATES if rate.names_missing)


def figures(
    units: pl.DataFrame, found: Iterable[Figure], method_of: Callable[[Rate], str]
) -> list[Figure]:
    """Name what is missing of shares, where what became of waste is known of the month or year.

    Args:
        units: As of `series.units`.
        found: The figures that are made already; these periods need no other.
        method_of: Identifies the method of a share.

    Returns:
        Figures without a value, in the state `no_data` where nothing of a share was reported, and
        `insufficient` where some of it was not. They count parameters: `n` of those `expected`.
    """
    made = {(figure.indicator, figure.jurisdiction, figure.period) for figure in found}
    return [
        Figure(
            indicator=rate.indicator,
            jurisdiction=place,
            period=period,
            value=None,
            unit="1",
            state=State.INSUFFICIENT if present else State.NO_DATA,
            numerator=None,
            denominator=None,
            n=len(present),
            expected=float(len(needed)),
            coverage=0.0,
            origin=Origin(origin),
            method=method_of(rate),
            stations=tuple(stations),
            detail={
                "parameters": present,
                "grains": grains,
                "reason": "not_reported",
                "missing": [name for name in needed if name not in present],
            },
        )
        for length, label in _LABEL.items()
        for place, period, parameters, grains, origin, stations in _reported(
            units, length, label
        ).iter_rows()
        for rate in _NAMING
        if (rate.indicator, place, period) not in made
        for needed in [[name for group in rate.needs for name in group]]
        for present in [[name for name in parameters if name in needed]]
    ]


def _reported(units: pl.DataFrame, length: Grain, label: str) -> pl.DataFrame:
    """Return what each jurisdiction reported of reduction and of these shares, by period."""
    needed = [name for rate in _NAMING for group in rate.needs for name in group]
    told = units.filter(pl.col("parameter").is_in([*REDUCED, *needed]), pl.col("n") > 0)
    if length is Grain.MONTH:
        told = told.filter(pl.col("grain") != Grain.YEAR.value)
    return (
        told.group_by("jurisdiction", pl.col("period").dt.strftime(label))
        .agg(
            pl.col("parameter").unique().sort(),
            pl.col("grain").unique().sort(),
            coverage.least_real(pl.col("origin")).alias("origin"),
            pl.col("station").unique().sort(),
        )
        .sort("jurisdiction", "period")
    )
