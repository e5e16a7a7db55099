"""What each entry of the register adds to an outcome of the cooperation itself.

Dates are as certain as their sources: what may have happened before the period's end or after it
is not known for the period, and counts neither as done nor as not done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from math import fsum
from typing import Final

from kembar_gateway.reckoning.composition import is_begun
from kembar_gateway.reckoning.realisation import DELIVERED
from kembar_gateway.register.activities import STEPS, Activity, Commitment, Step
from kembar_gateway.register.book import Entered, Register
from kembar_gateway.register.dates import Span
from kembar_gateway.register.judging import BALANCE, Indicator
from kembar_gateway.register.parts import Amount, When
from kembar_gateway.register.resources import BudgetLine, Contribution, ExchangeRate
from kembar_gateway.tallies import Term
from kembar_gateway.wire import Period

REALISATION: Final = "kembar/realisation-rate@1"
EVIDENCED: Final = "kembar/evidenced-rate@1"
ABSORPTION: Final = "kembar/budget-absorption@1"
PERSON_DAYS: Final = "kembar/trained-person-days@1"
BALANCED: Final = "kembar/assistance-balance@1"


def terms_of(
    register: Register, indicator: Indicator, period: Period, *, today: date
) -> list[Term]:
    """Return what each entry adds to *indicator* in *period*.

    Rates are those at the period's end, or today's while it lasts: all that was promised by then
    is their denominator, so that a further plan never raises them. Person-days and help are those
    of the period alone.

    Args:
        register: The register as it was known.
        indicator: One that is reckoned.
        period: Which period.
        today: Where the cooperation keeps its calendar.
    """
    days = span_of(period)
    end = min(days.last, today)
    if days.first > today:
        return []
    days = Span(days.first, end)
    reckonings: dict[str, Callable[[], Iterable[Term]]] = {
        "realisation_rate": lambda: _realised(register, indicator, end, is_shown=False),
        "evidenced_rate": lambda: _realised(register, indicator, end, is_shown=True),
        "budget_absorption": lambda: _absorbed(register, indicator, end),
        "trained_person_days": lambda: _trained(register, indicator, days),
        BALANCE: lambda: _given(register, indicator, days),
    }
    return list(reckonings[indicator.reckoned_as]())


def span_of(period: Period) -> Span:
    """Return the days of a period."""
    following = period.following
    first = date(period.first // 12, period.first % 12 + 1, 1)
    after = date(following // 12, following % 12 + 1, 1)
    return Span(first, after - timedelta(days=1))


def _realised(
    register: Register, indicator: Indicator, end: date, *, is_shown: bool
) -> Iterator[Term]:
    """Yield 1 for each commitment delivered, or shown to be, by *end*, and not cancelled."""
    for entered in register.entered_of(indicator.cooperation, "commitments"):
        promise = entered.part
        if not isinstance(promise, Commitment) or promise.steps[0].span.first > end:
            continue
        found = (
            step
            for step in promise.steps
            if step.step in STEPS[DELIVERED:] and (step.status == "evidenced" or not is_shown)
        )
        last = promise.steps[-1]
        done = _by(next(found, None), end)
        ended = _by(last if last.step == "cancelled" else None, end)
        numerator: float | None = None
        if done or _by(promise.steps[0], end):
            if done is False or ended:
                numerator = 0.0
            elif done and ended is False:
                numerator = 1.0
        yield _term(entered, numerator, 1.0, EVIDENCED if is_shown else REALISATION)


def _by(step: Step | None, end: date) -> bool | None:
    """Say whether a step was taken by *end*; None where its date leaves that open."""
    if step is None or step.span.first > end:
        return False
    return True if step.span.last <= end else None


def _absorbed(register: Register, indicator: Indicator, end: date) -> Iterator[Term]:
    """Yield spent and committed of each line with a commitment by *end*.

    Where there are lines in yen and in rupiah, yen count in rupiah by the rate that a line names.
    """
    code = indicator.cooperation
    rates = {rate.code: rate for rate in register.of(code, "exchange-rates", ExchangeRate)}
    several = register.entered_of(code, "budget-lines")
    standing = [
        (entered, line)
        for entered in several
        if isinstance(line := entered.part, BudgetLine) and line.state != "cancelled"
    ]
    is_mixed = len({line.currency for _, line in standing}) > 1
    for entered, line in standing:
        if not any(each.span.first <= end for each in line.committed):
            continue
        factor, method = Decimal(1), ABSORPTION
        if is_mixed and line.currency == "JPY":
            rate = rates.get(line.rate or "")
            if rate is None:
                yield _term(entered, None, None, method)
                continue
            factor = Decimal(repr(rate.idr_per_jpy))
            method = f"{ABSORPTION}+idr-per-jpy:{rate.idr_per_jpy!r}"
        committed, most = _sums(line.committed, end)
        spent, most_spent = _sums(line.spent, end)
        is_known = bool(line.spent) and (committed, spent) == (most, most_spent)
        yield _term(
            entered,
            float(spent * factor) if is_known else None,
            float(most * factor),
            method,
        )


def _sums(amounts: Sequence[Amount], end: date) -> tuple[int, int]:
    """Return what surely, and what at most, lies before *end* or on it."""
    least = sum(each.amount for each in amounts if each.span.last <= end)
    return least, sum(each.amount for each in amounts if each.span.first <= end)


def _trained(register: Register, indicator: Indicator, days: Span) -> Iterator[Term]:
    """Yield the person-days of each training of the period; each training counts once."""
    for entered in register.entered_of(indicator.cooperation, "activities"):
        training = entered.part
        if not isinstance(training, Activity) or training.kind != "training":
            continue
        is_cancelled = training.halt is not None and training.halt.state == "cancelled"
        if is_cancelled or not is_begun(training):
            continue
        actual = [each for each in training.dates if not each.event.startswith("planned")]
        place = _place(actual, days)
        if place is False:
            continue
        stated = [each.person_days for each in training.participants]
        if place is None:
            yield _term(entered, None, 1.0, PERSON_DAYS)
        elif not stated or None in stated:
            yield _term(entered, None, None, PERSON_DAYS)
        else:
            yield _term(entered, fsum(each or 0.0 for each in stated), 1.0, PERSON_DAYS)


def _given(register: Register, indicator: Indicator, days: Span) -> Iterator[Term]:
    """Yield what each side gave the other of one kind of help in one unit."""
    help_, code = indicator.help, indicator.cooperation
    sides = register.cooperations[code].parties[:2]
    if help_ is None or len(sides) < 2:
        return
    for entered in register.entered_of(code, "contributions"):
        given = entered.part
        if not isinstance(given, Contribution) or given.state == "cancelled":
            continue
        giver = register.side_of(code, given.giver)
        is_meant = (given.kind, given.unit) == (help_.kind, help_.unit)
        if not is_meant or {giver, register.side_of(code, given.receiver)} != set(sides):
            continue
        place = _place(given.dates, days)
        if place is False:
            continue
        side, quantity = sides.index(giver) + 1, given.quantity
        numerator = None
        if place and quantity is not None:
            numerator = quantity if side == 1 else -quantity
        method = f"{BALANCED}+{help_.kind}:{help_.unit}"
        yield _term(entered, numerator, quantity, method, side=side)


def _place(dates: Sequence[When], days: Span) -> bool | None:
    """Say whether something with these dates lies in the period; None where that is open."""
    if not dates:
        return None
    spans = [each.span for each in dates]
    if all(span.lies_in(days) for span in spans):
        return True
    whole = Span(min(span.first for span in spans), max(span.last for span in spans))
    return None if whole.meets(days) else False


def _term(
    entered: Entered,
    numerator: float | None,
    denominator: float | None,
    method: str,
    *,
    side: int | None = None,
) -> Term:
    name = f"{entered.kind}/{entered.code}"
    return Term(name, numerator, denominator, method, side, entered.digest)
