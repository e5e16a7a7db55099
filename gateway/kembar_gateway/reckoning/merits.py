"""Was it worth it: cost beside what was reached, and how many targets were reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from kembar_gateway.reckoning.realisation import within
from kembar_gateway.reckoning.values import Value, known, unknown
from kembar_gateway.register.book import Register
from kembar_gateway.register.dates import Span
from kembar_gateway.register.judging import Indicator
from kembar_gateway.register.programmes import Programme
from kembar_gateway.register.resources import BudgetLine, ExchangeRate
from kembar_gateway.tallies import Term
from kembar_gateway.wire import Measure, Period, State

REACHED: Final = "kembar/targets-reached@1"

MONTHS_OF_A_YEAR: Final = 12


def reached(code: str, direction: str, value: float | None, target: float) -> Term:
    """Return what an indicator with a target adds to the share of targets reached."""
    is_reached = None
    if value is not None and direction != "none":
        is_reached = float(value >= target if direction == "up" else value <= target)
    return Term(f"indicators/{code}", is_reached, 1.0, REACHED)


def improvement(indicator: Indicator, value: float | None, state: State, period: Period) -> Value:
    """Return by how much an indicator is better than its baseline; of a good total, all of it.

    Args:
        indicator: Its definition.
        value: What it is in the period.
        state: What that can be relied on for.
        period: A total is held against its baseline's year only where it is of twelve months.
    """
    unit = indicator.unit
    if value is None:
        return unknown(unit, state, "no-outcome")
    is_total = indicator.measure is Measure.TOTAL
    if is_total and indicator.direction == "up":
        gained = value
    elif indicator.baseline is None:
        return unknown(unit, State.CANNOT_ASSESS, "no-baseline")
    elif is_total and period.count != MONTHS_OF_A_YEAR:
        return unknown(unit, State.CANNOT_ASSESS, "no-year")
    else:
        gained = value - indicator.baseline.value
        gained = gained if indicator.direction == "up" else -gained
    if gained <= 0:
        return unknown(unit, State.CANNOT_ASSESS, "no-improvement")
    return Value(gained, unit, state)


def spent_on(register: Register, indicator: Indicator, days: Span) -> tuple[Value, list[str]]:
    """Return what the programmes of an indicator surely spent in some days, and on which lines.

    In the lines' own currency where they have one, else in rupiah by each line's dated rate.
    """
    code = indicator.cooperation
    programmes = register.of(code, "programmes", Programme)
    own = {
        part
        for programme in programmes
        if indicator.code in programme.indicators
        for part in within(programmes, programme.code)
    }
    lines = [
        line
        for line in register.of(code, "budget-lines", BudgetLine)
        if line.state != "cancelled" and line.programme in own
    ]
    currencies = {line.currency for line in lines}
    currency = currencies.pop() if len(currencies) == 1 else "IDR"
    rates = {rate.code: rate for rate in register.of(code, "exchange-rates", ExchangeRate)}
    return _sum(lines, currency, rates, days), [line.code for line in lines]


def per_unit(cost: Value, gained: Value) -> Value:
    """Return the cost of one unit gained; where either is not known, why."""
    unit = f"{cost.unit}/{gained.unit}"
    for each in (cost, gained):
        if each.value is None:
            return unknown(unit, each.state, each.reason)
    assert cost.value is not None
    assert gained.value is not None
    return Value(cost.value / gained.value, unit, gained.state)


def _sum(
    lines: Sequence[BudgetLine], currency: str, rates: Mapping[str, ExchangeRate], days: Span
) -> Value:
    if not lines:
        return unknown(currency, State.NO_DATA, "no-budget-line")
    if any(not line.spent for line in lines):
        return unknown(currency, State.CANNOT_ASSESS, "spent-unstated")
    spans = [each.span for line in lines for each in line.spent]
    if any(span.meets(days) and not span.lies_in(days) for span in spans):
        return unknown(currency, State.INSUFFICIENT, "dates-uncertain")
    amounts = list(_converted(lines, currency, rates, days))
    if None in amounts:
        return unknown(currency, State.CANNOT_ASSESS, "rate-missing")
    return known(float(sum(each for each in amounts if each is not None)), currency)


def _converted(
    lines: Iterable[BudgetLine], currency: str, rates: Mapping[str, ExchangeRate], days: Span
) -> Iterator[Decimal | None]:
    for line in lines:
        amount = Decimal(sum(each.amount for each in line.spent if each.span.lies_in(days)))
        if line.currency == currency:
            yield amount
            continue
        rate = rates.get(line.rate or "")
        yield None if rate is None else amount * Decimal(repr(rate.idr_per_jpy))
