"""What is overdue: evaluations, recommendations, promises; what is silent or only a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from kembar_gateway.reckoning.realisation import DELIVERED, is_cancelled, plan_only, reached
from kembar_gateway.register.activities import STEPS, Activity, Commitment
from kembar_gateway.register.dates import Span, add_months, months_between
from kembar_gateway.register.evaluations import Evaluation

PLAN_MONTHS: Final = 12
SILENT_MONTHS: Final = 12

REASONS: Final = (
    ("evaluation", "not-held"),
    ("evaluation", "due-again"),
    ("recommendation", "open"),
    ("commitment", "not-delivered"),
    ("commitment", "only-a-plan"),
    ("activity", "silent"),
)
"""What may be listed, and why."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """Something that should have happened.

    Attributes:
        what: The kind of thing.
        code: Of its entry, or `entry/item`.
        due_on: The last day on which it would have been in time.
        days: Days since then.
        reason: Why it is listed.
    """

    what: Literal["evaluation", "recommendation", "commitment", "activity"]
    code: str
    due_on: date
    days: int
    reason: Literal["not-held", "due-again", "open", "not-delivered", "only-a-plan", "silent"]


def overdue(
    evaluations: Iterable[Evaluation],
    commitments: Iterable[Commitment],
    activities: Iterable[Activity],
    *,
    today: date,
    plan_months: int,
    silent_months: int,
) -> list[Overdue]:
    """List what is surely overdue *today*, the longest first; uncertain dates count at their last.

    Args:
        evaluations: With their recommendations.
        commitments: Late ones, and those that are only a plan.
        activities: Continuing ones that show no sign of life.
        today: Where the cooperation keeps its calendar.
        plan_months: Longer than this a commitment may not be only a plan.
        silent_months: Longer than this a continuing activity may not be silent.
    """
    promises = list(commitments)
    found = [
        *_evaluations(evaluations, today),
        *_promises(promises, today),
        *_plans(promises, today, plan_months),
        *_silent(activities, today, silent_months),
    ]
    return sorted(found, key=lambda each: (-each.days, each.what, each.code))


def due_again(evaluation: Evaluation) -> date | None:
    """Return the last day on which an evaluation that was held is in time again."""
    if evaluation.every_months is None or evaluation.held_on is None:
        return None
    return add_months(Span.of(evaluation.held_on).last, evaluation.every_months)


def last_sign(activity: Activity) -> date | None:
    """Return the last day on which a continuing activity may have shown that it goes on."""
    if not activity.is_continuing or activity.halt is not None:
        return None
    if any(each.event == "actual_end" for each in activity.dates):
        return None
    signs = [e.span.last for e in activity.dates if e.event in {"actual_start", "sign_of_life"}]
    return max(signs, default=None)


def _evaluations(evaluations: Iterable[Evaluation], today: date) -> Iterator[Overdue]:
    for evaluation in evaluations:
        if evaluation.state == "cancelled":
            continue
        planned = evaluation.planned_on
        again = due_again(evaluation)
        if evaluation.held_on is None and planned is not None:
            yield from _late(
                "evaluation", evaluation.code, Span.of(planned).last, today, "not-held"
            )
        if again is not None:
            yield from _late("evaluation", evaluation.code, again, today, "due-again")
        for each in evaluation.recommendations:
            if each.due is not None and not each.is_settled:
                code = f"{evaluation.code}/{each.code}"
                yield from _late("recommendation", code, Span.of(each.due).last, today, "open")


def _promises(commitments: Iterable[Commitment], today: date) -> Iterator[Overdue]:
    for commitment in commitments:
        step = reached(commitment)
        is_open = step is None or STEPS.index(step) < DELIVERED
        if commitment.due is not None and is_open and not is_cancelled(commitment):
            last = Span.of(commitment.due).last
            yield from _late("commitment", commitment.code, last, today, "not-delivered")


def _plans(commitments: Iterable[Commitment], today: date, months: int) -> Iterator[Overdue]:
    for commitment, _ in plan_only(commitments, today=today, months=months):
        due = add_months(commitment.steps[0].span.last, months)
        yield from _late("commitment", commitment.code, due, today, "only-a-plan")


def _silent(activities: Iterable[Activity], today: date, months: int) -> Iterator[Overdue]:
    for activity in activities:
        sign = last_sign(activity)
        if sign is not None and months_between(sign, today) > months:
            due = add_months(sign, months)
            yield from _late("activity", activity.code, due, today, "silent")


def _late(
    what: Literal["evaluation", "recommendation", "commitment", "activity"],
    code: str,
    due: date,
    today: date,
    reason: Literal["not-held", "due-again", "open", "not-delivered", "only-a-plan", "silent"],
) -> Iterator[Overdue]:
    if due < today:
        yield Overdue(what, code, due, (today - due).days, reason)
