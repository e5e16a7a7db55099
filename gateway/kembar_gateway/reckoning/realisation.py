"""How far commitments have come: rates with their denominator, funnel, delay, mere plans."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Final

from kembar_gateway.reckoning.values import Ratio, ratio
from kembar_gateway.register.activities import STEPS, Commitment, Step
from kembar_gateway.register.agreements import Agreement
from kembar_gateway.register.dates import Span, months_between
from kembar_gateway.register.programmes import Programme

DELIVERED: Final = STEPS.index("delivered")
PAPER: Final = ("planned", "agreed")


@dataclass(frozen=True, slots=True)
class Delay:
    """Days between the date that was promised and the date of delivery, as far as both are known.

    Attributes:
        n: Commitments with both dates.
        least_days, most_days: Bounds of the delays, as dates may be uncertain; early is negative.
        median_days: The middle one of the delays that are surely known at least.
    """

    n: int
    least_days: int | None
    median_days: float | None
    most_days: int | None


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of some commitments.

    Attributes:
        total: All of them, the cancelled too: who cancels does not raise a rate.
        funnel: How many have come at least so far, by step.
        realised: Delivered and not cancelled, whoever says so.
        evidenced: Realised with evidence attached; what is only claimed never counts here.
        cancelled, suspended: How many ended or rest.
        delay: Of what was delivered.
    """

    total: int
    funnel: Mapping[str, int]
    realised: Ratio
    evidenced: Ratio
    cancelled: int
    suspended: int
    delay: Delay


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """A scope of an agreement and what became of its commitments."""

    agreement: str
    scope: str
    named: bool
    tally: Tally

    @property
    def is_realised(self) -> bool:
        """Say whether anything agreed under it was delivered."""
        return self.tally.realised.numerator > 0

    @property
    def is_evidenced(self) -> bool:
        """Say whether evidence shows so."""
        return self.tally.evidenced.numerator > 0


def reached(commitment: Commitment) -> str | None:
    """Return the furthest step taken; None where it was cancelled or suspended before any."""
    taken = [step.step for step in commitment.steps if step.step in STEPS]
    return taken[-1] if taken else None


def is_cancelled(commitment: Commitment) -> bool:
    """Say whether it ended before its end."""
    return commitment.steps[-1].step == "cancelled"


def is_suspended(commitment: Commitment) -> bool:
    """Say whether it rests."""
    return commitment.steps[-1].step == "suspended"


def is_realised(commitment: Commitment) -> bool:
    """Say whether it was delivered, by whatever source, and not cancelled."""
    return _place(commitment) >= DELIVERED and not is_cancelled(commitment)


def is_evidenced(commitment: Commitment) -> bool:
    """Say whether evidence attached to a step from delivery on shows that it was realised."""
    shown = (
        step.status == "evidenced" for step in commitment.steps if step.step in STEPS[DELIVERED:]
    )
    return is_realised(commitment) and any(shown)


def tally(commitments: Iterable[Commitment]) -> Tally:
    """Count what became of *commitments*, each once."""
    several = list({commitment.code: commitment for commitment in commitments}.values())
    total = len(several)
    standing = [each for each in several if not is_cancelled(each)]
    places = [_place(each) for each in standing]
    funnel = {step: sum(at >= place for at in places) for place, step in enumerate(STEPS)}
    return Tally(
        total=total,
        funnel=funnel,
        realised=ratio(sum(map(is_realised, several)), total),
        evidenced=ratio(sum(map(is_evidenced, several)), total),
        cancelled=total - len(standing),
        suspended=sum(map(is_suspended, several)),
        delay=delay_of(several),
    )


def by_scope(agreements: Iterable[Agreement], commitments: Sequence[Commitment]) -> list[ScopeRow]:
    """Return each scope of each agreement with what became of its commitments."""
    return [
        ScopeRow(
            agreement.code,
            scope.code,
            scope.named,
            tally(c for c in commitments if f"{agreement.code}/{scope.code}" in c.scopes),
        )
        for agreement in agreements
        for scope in agreement.scopes
    ]


def scopes_realised(rows: Sequence[ScopeRow]) -> tuple[Ratio, Ratio]:
    """Return how many of these scopes are realised, and how many by evidence.

    A scope without a commitment is one that was not realised: it stays in the denominator.
    """
    return (
        ratio(sum(row.is_realised for row in rows), len(rows)),
        ratio(sum(row.is_evidenced for row in rows), len(rows)),
    )


def within(programmes: Sequence[Programme], code: str) -> set[str]:
    """Return a programme and all that are part of it, however far below."""
    found, rising = {code}, True
    while rising:
        below = {p.code for p in programmes if p.parent in found} - found
        found |= below
        rising = bool(below)
    return found


def plan_only(
    commitments: Iterable[Commitment], *, today: date, months: int
) -> Iterator[tuple[Commitment, int]]:
    """Yield commitments with which surely nothing was done for more than *months*, and how long.

    What was planned or agreed, but neither funded nor started, is only a plan; what rests is too.
    """
    for commitment in commitments:
        if reached(commitment) not in PAPER or is_cancelled(commitment):
            continue
        age = months_between(commitment.steps[0].span.last, today)
        if age > months:
            yield commitment, age


def complete_plan_items(commitments: Iterable[Commitment], budgeted: Container[str]) -> Ratio:
    """Return how many items of plans name who does them, until when, by what budget and measure.

    Args:
        commitments: Any; those that are no item of a plan, or cancelled, are passed over.
        budgeted: Codes of the commitments that a budget line names.
    """
    items = [c for c in commitments if c.kind == "plan_item" and not is_cancelled(c)]
    complete = [c for c in items if c.parties and c.due and c.indicators and c.code in budgeted]
    return ratio(len(complete), len(items))


def delay_of(commitments: Iterable[Commitment]) -> Delay:
    """Return how late *commitments* were delivered, where both dates are known."""
    least, most = [], []
    for commitment in commitments:
        step = _step(commitment, "delivered")
        if step is None or commitment.due is None or is_cancelled(commitment):
            continue
        due = Span.of(commitment.due)
        least.append((step.span.first - due.last).days)
        most.append((step.span.last - due.first).days)
    if not least:
        return Delay(0, None, None, None)
    return Delay(len(least), min(least), float(median(least)), max(most))


def _place(commitment: Commitment) -> int:
    step = reached(commitment)
    return -1 if step is None else STEPS.index(step)


def _step(commitment: Commitment, name: str) -> Step | None:
    return next((step for step in commitment.steps if step.step == name), None)
