"""How long commitments took from each step to the next, and which still wait for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import median

from kembar_gateway.reckoning.realisation import is_cancelled, reached
from kembar_gateway.register.activities import STEPS, Commitment


@dataclass(frozen=True, slots=True)
class Stage:
    """How long the way from one step to the next took.

    What never came so far has no duration: `waiting` stands beside the days, so that a stage that
    few get through does not look quick. Days are bounds, as dates may be uncertain.

    Attributes:
        n: Commitments that took both steps.
        least_days, most_days: Bounds of all durations.
        median_least_days, median_most_days: Between these lies the median of the durations.
        passed_over: Commitments that went further without one of the two steps being dated.
        waiting: Commitments that stand at the first step, the suspended too, the cancelled not.
        longest_wait_days: For how long at least the longest of them stands there.
    """

    before: str
    after: str
    n: int
    least_days: int | None
    median_least_days: float | None
    median_most_days: float | None
    most_days: int | None
    passed_over: int
    waiting: int
    longest_wait_days: int | None


def stages_of(commitments: Iterable[Commitment], *, today: date) -> list[Stage]:
    """Return each stage of some commitments, each commitment counted once."""
    several = list({commitment.code: commitment for commitment in commitments}.values())
    return [_stage(several, before, after, today) for before, after in pairwise(STEPS)]


def _stage(several: list[Commitment], before: str, after: str, today: date) -> Stage:
    spans = list(_spans(several, before, after))
    waits = [
        max(0, (today - commitment.steps[place].span.last).days)
        for commitment in several
        if reached(commitment) == before and not is_cancelled(commitment)
        for place in [_place(commitment, before)]
        if place is not None
    ]
    further = sum(_reached_at_least(commitment, after) for commitment in several)
    least, most = [span[0] for span in spans], [span[1] for span in spans]
    return Stage(
        before,
        after,
        n=len(spans),
        least_days=min(least, default=None),
        median_least_days=float(median(least)) if least else None,
        median_most_days=float(median(most)) if most else None,
        most_days=max(most, default=None),
        passed_over=further - len(spans),
        waiting=len(waits),
        longest_wait_days=max(waits, default=None),
    )


def _spans(several: list[Commitment], before: str, after: str) -> Iterator[tuple[int, int]]:
    """Yield the fewest and the most days between two steps, where both were taken."""
    for commitment in several:
        first, last = _place(commitment, before), _place(commitment, after)
        if first is None or last is None:
            continue
        earlier, later = commitment.steps[first].span, commitment.steps[last].span
        # Steps lead forward, so overlapping dates mean no days at least.
        yield max(0, (later.first - earlier.last).days), (later.last - earlier.first).days


def _reached_at_least(commitment: Commitment, step: str) -> bool:
    at = reached(commitment)
    return at is not None and STEPS.index(at) >= STEPS.index(step)


def _place(commitment: Commitment, name: str) -> int | None:
    return next((at for at, step in enumerate(commitment.steps) if step.step == name), None)
