"""Whether a jurisdiction reached the national targets of a calendar year."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from kembar_shared.measurement.completeness import COMPLETENESS, SHARE, YEAR
from kembar_shared.measurement.indicators import VERDICT_SCHEMA, Figure
from kembar_shared.measurement.vocabulary import State
from kembar_waste.indicators.rates import RATES

if TYPE_CHECKING:
    from kembar_shared.measurement.standards import Limit, Standards
    from kembar_waste.indicators.figures import WasteFigures

METHOD: Final = "kembar/waste-target@1"

_DECIMALS: Final = 9

_INDICATORS: Final = {
    "reduction_rate": "waste.reduction_rate",
    "handling_rate": "waste.handling_rate",
    "managed_rate_sipsn": "waste.managed_rate_sipsn",
    "managed_rate_rpjmn": "waste.managed_rate_rpjmn",
}
_RATES: Final = {rate.indicator: rate for rate in RATES}


class WasteVerdicts:
    """Judges the rates of jurisdictions by the targets of `Standards`."""

    def __init__(self, standards: Standards, figures: WasteFigures) -> None:
        """Take the targets, and what computes the rates they are compared with."""
        self._standards, self._figures = standards, figures

    def verdicts(self, days: pl.DataFrame, _indices: pl.DataFrame) -> pl.DataFrame:
        """Return a verdict for each jurisdiction, calendar year and target (`VERDICT_SCHEMA`).

        A target holds for the year at whose last day it is in force, and for none before: what
        was asked for later says nothing of it. A rate of at least 75 % of the year is judged.

        Args:
            days: Of `DAYS_SCHEMA`, of whole calendar years of all stations of a jurisdiction.
        """
        rates = {
            (figure.indicator, figure.jurisdiction, figure.period): figure
            for figure in self._figures.rates(days)
            if len(figure.period) == len("2025")
        }
        years = (
            days.filter(pl.col("jurisdiction").is_not_null(), pl.col("n") > 0)
            .select("jurisdiction", pl.col("period").dt.year().alias("year"))
            .unique()
            .sort("jurisdiction", "year")
        )
        stations = dict(
            days.filter(pl.col("jurisdiction").is_not_null())
            .group_by("jurisdiction")
            .agg(pl.col("station").unique().sort())
            .iter_rows()
        )
        rows = [
            self._row(limit, place, year, rates, stations[place])
            for place, year in years.iter_rows()
            for limit in self._in_force(year)
        ]
        return pl.DataFrame(rows, schema=VERDICT_SCHEMA)

    def _in_force(self, year: int) -> list[Limit]:
        last = date(year, 12, 31)
        return [
            limit
            for limit in self._standards.limits
            if limit.evaluation == "target"
            and limit.parameter in _INDICATORS
            and limit.valid_from is not None
            and limit.valid_from <= last
            and (limit.valid_to is None or last < limit.valid_to)
        ]

    def _row(
        self,
        limit: Limit,
        place: str,
        year: int,
        rates: dict[tuple[str, str, str], Figure],
        stations: list[str],
    ) -> dict[str, Any]:
        indicator = _INDICATORS[limit.parameter]
        figure = rates.get((indicator, place, str(year)))
        state, reason = _judged(figure)
        value = figure.value if figure is not None and state is State.OK else None
        is_met = None if value is None else _complies(value, limit)
        enough = self._standards.factor(COMPLETENESS, YEAR, SHARE, date(year, 1, 1))
        is_seen = {
            "limit": limit.verified,
            "completeness": enough.verified,
            "rate": _RATES[indicator].verified,
        }
        parts = [part for part, seen in is_seen.items() if not seen]
        return {
            "place": place,
            "stations": stations if figure is None else list(figure.stations),
            "parameter": limit.parameter,
            "period": str(year),
            "standard": limit.standard,
            "authority": limit.authority,
            "class": limit.grade,
            "averaging": limit.averaging,
            "evaluation": limit.evaluation,
            "least": limit.least,
            "most": limit.most,
            "limit_unit": limit.unit,
            "value": value,
            "n": int(value is not None),
            "expected": 1.0,
            "coverage": 0.0 if figure is None else figure.coverage,
            "exceeded": int(is_met is False),
            "exceeded_on": [],
            "derived": 0,
            "derived_from": [],
            "verdict": None if is_met is None else "met" if is_met else "not_met",
            "state": state.value,
            "reason": reason,
            "method": self._standards.method(
                METHOD if figure is None else f"{METHOD};{figure.method}", limit.standard
            ),
            "retrospective": False,
            "verified": not parts,
            "unverified_parts": parts,
            "source": limit.source,
        }


def _judged(figure: Figure | None) -> tuple[State, str | None]:
    """Return what a verdict on a rate can be, and why there is none."""
    if figure is None:
        return State.INSUFFICIENT, "not_reported"
    if figure.state in {State.OK, State.PROVISIONAL}:
        return State.OK, None
    if figure.state is State.CANNOT_ASSESS:
        return State.CANNOT_ASSESS, str(figure.detail["reason"])
    return State.INSUFFICIENT, "too_few_values"


def _complies(value: float, limit: Limit) -> bool:
    # Sums of decimals may miss 0.3 by the last digit of a number, which is no breach.
    share = round(value, _DECIMALS)
    enough = limit.least is None or share >= limit.least
    return enough and (limit.most is None or share <= limit.most)
