"""What follows from entries of the register: terms that are added up, with what nobody knows.

The rule `tally@1`. Each term is what one entry adds to numerator and denominator; one whose
numerator is not known for the period is left out of both, and counts against the coverage.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

from kembar_gateway.combining import LEAST_SHARE
from kembar_gateway.wire import Measure, Period, State

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Term:
    """What one entry adds.

    Attributes:
        entry: `commitments/mou-2016-energy`.
        numerator: None where it is not known for this period.
        denominator: Its weight; None where even that is not known.
        method: By which the two follow from the entry, factors included.
        side: 1 or 2, whose help it is, where two sides are compared.
        digest: Of the entry's version.
    """

    entry: str
    numerator: float | None
    denominator: float | None
    method: str
    side: int | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """What terms come to; no number without a state that has one.

    Attributes:
        numerator, denominator: What the value is made of; of a total no denominator.
        n, expected: Terms known, and all of them.
        coverage: Share known, by the terms' weights; None where a weight is not known.
    """

    value: float | None
    state: State
    numerator: float | None
    denominator: float | None
    n: int
    expected: int
    coverage: float | None


def tally(terms: Sequence[Term], measure: Measure, period: Period, *, this_month: Period) -> Tally:
    """Add up *terms*.

    Args:
        terms: Those of one indicator and period.
        measure: A total adds numerators; all else divides their sum by that of the denominators.
        period: Which period they are of.
        this_month: A period that ends later is not over.
    """
    known = [term for term in terms if term.numerator is not None]
    numerator = fsum(term.numerator or 0.0 for term in known)
    denominator = fsum(term.denominator or 0.0 for term in known)
    coverage = _coverage(terms, known)
    state = _state(terms, known, coverage, measure, period, this_month)
    is_total = measure is Measure.TOTAL
    if state.has_number and not is_total and denominator <= 0:
        state = State.CANNOT_ASSESS
    value = (numerator if is_total else numerator / denominator) if state.has_number else None
    return Tally(
        value,
        state,
        numerator if value is not None else None,
        denominator if value is not None and not is_total else None,
        len(known),
        len(terms),
        coverage,
    )


def _coverage(terms: Sequence[Term], known: Sequence[Term]) -> float | None:
    if not terms or any(term.denominator is None for term in terms):
        return None
    weight = fsum(term.denominator or 0.0 for term in terms)
    if weight <= 0:
        return len(known) / len(terms)
    return fsum(term.denominator or 0.0 for term in known) / weight


def _state(
    terms: Sequence[Term],
    known: Sequence[Term],
    coverage: float | None,
    measure: Measure,
    period: Period,
    this_month: Period,
) -> State:
    """Say what the sum can be relied on for; of a total every term has to be known."""
    over = period.following <= this_month.first
    if period.first > this_month.first:
        return State.NOT_YET_DUE
    if not terms:
        return State.NO_DATA if over else State.NOT_YET_DUE
    if coverage is None:
        return State.CANNOT_ASSESS
    sides = {term.side for term in known} - {None}
    is_one_sided = any(term.side for term in terms) and len(sides) < 2
    if coverage < (1.0 if measure is Measure.TOTAL else LEAST_SHARE) or is_one_sided:
        return State.INSUFFICIENT if over else State.NOT_YET_DUE
    return State.OK if over and coverage >= 1 else State.PROVISIONAL
