"""Outcomes computed anew from a report's inputs, independently of the server that made it.

This is the rule `combine@2`. A year's own figure is the answer for a share or a mean; months of a
total are better where they suffice. Numerators and denominators are added up, never shares. A
number needs three quarters of the period. `combine@1` knew neither targets of single periods nor
disruptions. What follows from the register is added up by `tally@1`, in `tallying`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, Final

from kembar_client import stating, tallying
from kembar_client.periods import Months, months_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kembar_client.canonical import Json

FIRST_RULE: Final = "combine@1"
RULES: Final = (FIRST_RULE, "combine@2", tallying.RULE)
LEAST_SHARE: Final = 0.75
ORIGINS: Final = ("real", "stand-in", "synthetic")
NUMBERED: Final = ("ok", "provisional")


@dataclass(frozen=True)
class Part:
    """A figure and the months it stands for; `beside` are usable months it was preferred to."""

    months: int
    figure: Json
    beside: int = 0


def outcomes(inputs: Json) -> list[Json]:
    """Return every outcome that the inputs define, numbers and state, in their order.

    Raises:
        KeyError, TypeError, ValueError: The inputs are not those of a report.
    """
    period, this_month = months_of(inputs["period"]), months_of(inputs["this_month"])
    terms = inputs.get("terms", ())
    found = []
    for definition in inputs["definitions"]:
        if definition["rule"] == tallying.RULE:
            one = tallying.outcome(definition, terms, period, this_month)
        else:
            one = _outcome(definition, inputs["figures"], period, this_month)
        found.append(one)
    return found


def _outcome(definition: Json, figures: Sequence[Json], period: Months, now: Months) -> Json:
    found = _combined(definition, figures, list(range(*period)), now)
    counted = found.pop("counted")
    origins = [part.figure["origin"] for part in counted]
    outcome = {
        **found,
        "indicator": definition["indicator"],
        "unit": definition["unit"],
        "expected": fsum(part.figure["expected"] for part in counted),
        "origin": max(origins, key=ORIGINS.index) if origins else None,
        "methods": sorted({part.figure["method"] for part in counted}),
        **stating.stated(definition, found["value"], period),
    }
    if definition["rule"] == FIRST_RULE:
        return {name: outcome[name] for name in outcome if name not in stating.LATER}
    hindered = {m for d in definition["disrupted"] for m in range(*months_of(d["period"]))}
    codes = [each["disruption"] for each in definition["disrupted"]]
    return {
        **outcome,
        "numerator": None,
        "denominator": None,
        "disruptions": list(dict.fromkeys(codes)),
        "undisrupted": _rest(definition, figures, period, now, hindered) if codes else None,
    }


def _rest(
    definition: Json, figures: Sequence[Json], period: Months, now: Months, hindered: set[int]
) -> Json:
    """Combine what a disruption left of the period."""
    left = [month for month in range(*period) if month not in hindered]
    if not left:
        nothing = {"value": None, "state": "suspended", "n": 0, "coverage": None}
        return {**nothing, "months": 0, "months_expected": 0}
    found = _combined(definition, figures, left, now)
    if not found.pop("counted") and _parts(definition, figures, list(range(*period))):
        found["state"] = "cannot_assess"
    return found


def _combined(definition: Json, figures: Sequence[Json], span: Sequence[int], now: Months) -> Json:
    """Combine the figures of some months, with the parts that were counted."""
    parts = _parts(definition, figures, span)
    usable = [part for part in parts if _usable(part.figure, definition, alone=len(parts) == 1)]
    months, due = sum(part.months for part in usable), len(span) * len(definition["jurisdictions"])
    counted = usable or parts
    coverage = _coverage(counted, due)
    share = months / due
    if coverage is not None and len(parts) != 1:
        share = min(share, coverage)
    whole = (span[0], span[-1] + 1)
    state = _state(definition, parts, usable, min(share, 1.0), whole, now)
    value = _value(definition, [p.figure for p in usable]) if state in NUMBERED else None
    if value is None and state in NUMBERED:
        state = "no_data"
    return {
        "value": value,
        "state": state,
        "n": fsum(part.figure["n"] for part in counted),
        "coverage": coverage,
        "months": months + sum(part.beside for part in parts if part not in usable),
        "months_expected": due,
        "counted": counted,
    }


def _parts(definition: Json, figures: Sequence[Json], span: Sequence[int]) -> list[Part]:
    """Choose the figures that tile some months, without one month twice."""
    found = {
        (figure["jurisdiction"], months_of(figure["period"])): figure
        for figure in figures
        if figure["indicator"] == definition["indicator"]
    }
    parts = []
    for area in definition["jurisdictions"]:
        covered = set()
        for year in sorted({month // 12 for month in span}):
            if not set(range(year * 12, year * 12 + 12)) <= set(span):
                continue
            part = _whole_year(definition, found, area, year * 12)
            if part is not None:
                parts.append(part)
                covered.add(year)
        parts += [
            Part(1, found[area, (month, month + 1)])
            for month in span
            if month // 12 not in covered and (area, (month, month + 1)) in found
        ]
    return parts


def _whole_year(
    definition: Json, found: dict[tuple[str, Months], Json], area: str, first: int
) -> Part | None:
    yearly = found.get((area, (first, first + 12)))
    if yearly is None:
        return None
    spans = [(month, month + 1) for month in range(first, first + 12)]
    months = [found[area, span] for span in spans if (area, span) in found]
    usable = sum(_usable(figure, definition, alone=False) for figure in months)
    if definition["measure"] == "total" and (
        usable >= LEAST_SHARE * 12 or (months and not _usable(yearly, definition, alone=True))
    ):
        return None
    return Part(12, yearly, usable)


def _usable(figure: Json, definition: Json, *, alone: bool) -> bool:
    if figure["value"] is None or figure["unit"] != definition["unit"]:
        return False
    if alone or definition["measure"] == "total":
        return True
    return figure["numerator"] is not None and (figure["denominator"] or 0) > 0


def _value(definition: Json, figures: Sequence[Json]) -> float | None:
    if len(figures) == 1:
        return float(figures[0]["value"])
    if definition["measure"] == "total":
        return fsum(figure["value"] for figure in figures)
    under = fsum(figure["denominator"] for figure in figures)
    return fsum(figure["numerator"] for figure in figures) / under if under > 0 else None


def _state(
    definition: Json,
    parts: Sequence[Part],
    usable: Sequence[Part],
    share: float,
    period: Months,
    now: Months,
) -> str:
    over = period[1] <= now[0]
    waiting = "insufficient" if over else "not_yet_due"
    if period[0] > now[0]:
        return "not_yet_due"
    if not parts:
        return "no_data" if over else "not_yet_due"
    if not usable:
        state = _common([part.figure for part in parts], definition)
        return waiting if state == "insufficient" else state
    if share < LEAST_SHARE:
        return waiting
    certain = (
        over
        and {part.figure["state"] for part in usable} == {"ok"}
        and len({part.figure["method"] for part in usable}) == 1
        and (share >= 1 or definition["measure"] != "total")
    )
    return "ok" if certain else "provisional"


def _common(figures: Sequence[Json], definition: Json) -> str:
    states = {str(figure["state"]) for figure in figures}
    if states & set(NUMBERED) or any(f["unit"] != definition["unit"] for f in figures):
        return "cannot_assess"
    return states.pop() if len(states) == 1 else "insufficient"


def _coverage(counted: Sequence[Part], due: int) -> float | None:
    if not counted or any(part.figure["coverage"] is None for part in counted):
        return None
    return fsum(part.months * part.figure["coverage"] for part in counted) / due
