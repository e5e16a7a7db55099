"""Outcomes computed anew from a report's inputs, independently of the server that made it.

This is the rule `combine@1`. A year's own figure is the answer for a share or a mean; months of a
total are better where they suffice. Numerators and denominators are added up, never shares. A
number needs three quarters of the period.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kembar_client.canonical import Json

RULE: Final = "combine@1"
LEAST_SHARE: Final = 0.75
ORIGINS: Final = ("real", "stand-in", "synthetic")
NUMBERED: Final = ("ok", "provisional")

Months = tuple[int, int]
"""Months from the first up to, not including, the second, counted from year 0."""


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
    return [_outcome(d, inputs["figures"], period, this_month) for d in inputs["definitions"]]


def months_of(text: str) -> Months:
    """Read `2023`, `2023-04` or `2023-01/2023-06`.

    Raises:
        ValueError: It is none of them.
    """
    if re.fullmatch(r"\d{4}", text):
        return int(text) * 12, int(text) * 12 + 12
    found = re.fullmatch(r"(\d{4})-(\d{2})(?:/(\d{4})-(\d{2}))?", text)
    if found is None:
        raise ValueError(text)
    first = int(found[1]) * 12 + int(found[2]) - 1
    last = first if found[3] is None else int(found[3]) * 12 + int(found[4]) - 1
    return first, last + 1


def _outcome(definition: Json, figures: Sequence[Json], period: Months, now: Months) -> Json:
    count, areas = period[1] - period[0], definition["jurisdictions"]
    parts = _parts(definition, figures, period)
    usable = [part for part in parts if _usable(part.figure, definition, alone=len(parts) == 1)]
    months, due = sum(part.months for part in usable), count * len(areas)
    counted = usable or parts
    coverage = _coverage(counted, due)
    share = months / due
    if coverage is not None and len(parts) != 1:
        share = min(share, coverage)
    state = _state(definition, parts, usable, min(share, 1.0), period, now)
    value = _value(definition, [p.figure for p in usable]) if state in NUMBERED else None
    if value is None and state in NUMBERED:
        state = "no_data"
    baseline, target = definition["baseline"], _target(definition, period)
    origins = [part.figure["origin"] for part in counted]
    return {
        "indicator": definition["indicator"],
        "value": value,
        "unit": definition["unit"],
        "state": state,
        "n": fsum(part.figure["n"] for part in counted),
        "expected": fsum(part.figure["expected"] for part in counted),
        "coverage": coverage,
        "months": months + sum(part.beside for part in parts if part not in usable),
        "months_expected": due,
        "origin": max(origins, key=ORIGINS.index) if origins else None,
        "methods": sorted({part.figure["method"] for part in counted}),
        "baseline": baseline and baseline["value"],
        "baseline_year": baseline and baseline["year"],
        "target": target and target["value"],
        "target_year": target and target["year"],
        "progress": _progress(value, baseline, target),
        "achievement": _achievement(value, target),
    }


def _parts(definition: Json, figures: Sequence[Json], period: Months) -> list[Part]:
    """Choose the figures that tile the period, without one month twice."""
    found = {
        (figure["jurisdiction"], months_of(figure["period"])): figure
        for figure in figures
        if figure["indicator"] == definition["indicator"]
    }
    parts = []
    for area in definition["jurisdictions"]:
        covered = set()
        for year in range(-(-period[0] // 12), period[1] // 12):
            part = _whole_year(definition, found, area, year * 12)
            if part is not None:
                parts.append(part)
                covered.add(year)
        parts += [
            Part(1, found[area, (month, month + 1)])
            for month in range(*period)
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


def _target(definition: Json, period: Months) -> Json | None:
    if definition["measure"] == "total" and period[1] - period[0] != 12:
        return None
    last = (period[1] - 1) // 12
    ahead = [target for target in definition["targets"] if target["year"] >= last]
    return min(ahead, key=lambda target: float(target["year"]), default=None)


def _progress(value: float | None, baseline: Json | None, target: Json | None) -> float | None:
    if value is None or baseline is None or target is None or target["value"] == baseline["value"]:
        return None
    done: float = (value - baseline["value"]) / (target["value"] - baseline["value"])
    return done


def _achievement(value: float | None, target: Json | None) -> float | None:
    if value is None or target is None or not target["value"]:
        return None
    reached: float = value / target["value"]
    return reached
