"""The rule `tally@1`: what entries of the register add up to, computed anew.

Each term is what one entry adds to numerator and denominator; one whose numerator is not known is
left out of both, and its weight counts against the coverage. A rate needs three quarters of the
weight, a total every term, and a comparison of two sides something of each.
"""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING, Final

from kembar_client import stating

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kembar_client.canonical import Json
    from kembar_client.periods import Months

RULE: Final = "tally@1"
LEAST_SHARE: Final = 0.75


def outcome(definition: Json, terms: Sequence[Json], period: Months, now: Months) -> Json:
    """Return the outcome of a definition, numbers and state."""
    own = [term for term in terms if term["indicator"] == definition["indicator"]]
    known = [term for term in own if term["numerator"] is not None]
    over, is_total = period[1] <= now[0], definition["measure"] == "total"
    coverage = _coverage(own, known)
    above = fsum(term["numerator"] for term in known)
    below = fsum(term["denominator"] or 0 for term in known)
    state = _state(own, known, coverage, is_total=is_total, over=over)
    if period[0] > now[0]:
        state = "not_yet_due"
    is_number = state in {"ok", "provisional"}
    if is_number and not is_total and below <= 0:
        state, is_number = "cannot_assess", False
    value = (above if is_total else above / below) if is_number else None
    months = period[1] - period[0]
    return {
        "indicator": definition["indicator"],
        "value": value,
        "unit": definition["unit"],
        "state": state,
        "n": float(len(known)),
        "expected": float(len(own)),
        "coverage": coverage,
        "numerator": above if is_number else None,
        "denominator": below if is_number and not is_total else None,
        "months": months if is_number else 0,
        "months_expected": months,
        "origin": "real" if own else None,
        "methods": sorted({term["method"] for term in own}),
        "disruptions": [],
        "undisrupted": None,
        **stating.stated(definition, value, period),
    }


def _coverage(own: Sequence[Json], known: Sequence[Json]) -> float | None:
    if not own or any(term["denominator"] is None for term in own):
        return None
    weight = fsum(term["denominator"] for term in own)
    if weight <= 0:
        return len(known) / len(own)
    return fsum(term["denominator"] for term in known) / weight


def _state(
    own: Sequence[Json],
    known: Sequence[Json],
    coverage: float | None,
    *,
    is_total: bool,
    over: bool,
) -> str:
    if not own:
        return "no_data" if over else "not_yet_due"
    if coverage is None:
        return "cannot_assess"
    is_one_sided = any(term["side"] for term in own) and len({t["side"] for t in known}) < 2
    if coverage < (1.0 if is_total else LEAST_SHARE) or is_one_sided:
        return "insufficient" if over else "not_yet_due"
    return "ok" if over and coverage >= 1 else "provisional"
