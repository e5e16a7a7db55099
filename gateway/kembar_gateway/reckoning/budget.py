"""Needed, committed, disbursed and spent; two currencies are added only by a dated rate.

Money is added exactly; a sum is rounded once, when it is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from kembar_gateway.combining import LEAST_SHARE
from kembar_gateway.reckoning.values import Value, known, unknown
from kembar_gateway.register.resources import BudgetLine, ExchangeRate
from kembar_gateway.wire import State

CURRENCIES: Final = ("IDR", "JPY")
UNSTATED: Final = "lines-unstated"
"""Some lines do not say how much."""

Column = Literal["needed", "committed", "disbursed", "spent"]
COLUMNS: Final[tuple[Column, ...]] = ("needed", "committed", "disbursed", "spent")


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of some budget lines in one currency.

    Attributes:
        columns: needed, committed, disbursed and spent; `no_data` where no line says any.
        gap: Needed less committed, of the lines that say how much they need.
        absorption: Spent as a share of committed, of the lines that say both; no number where
            these are less than three quarters of what was committed.
        lines: How many lines were added up.
        rates: Codes of the exchange rates used.
    """

    currency: str
    columns: Mapping[Column, Value]
    gap: Value
    absorption: Value
    lines: int
    rates: tuple[str, ...]


def own(lines: Iterable[BudgetLine], currency: str) -> Sums:
    """Add up the lines that are in *currency* themselves."""
    chosen = [(line, Fraction(1)) for line in _standing(lines) if line.currency == currency]
    return _sums(chosen, currency, ())


def together(lines: Iterable[BudgetLine], rates: Mapping[str, ExchangeRate], currency: str) -> Sums:
    """Add up all lines in *currency*, each by the exchange rate that it names.

    Where a line of the other currency names none, nothing of it is known: `cannot_assess`.
    """
    factors: list[tuple[BudgetLine, Fraction]] = []
    used: set[str] = set()
    for line in _standing(lines):
        factor = Fraction(1)
        if line.currency != currency:
            rate = rates.get(line.rate or "")
            if rate is None:
                return _not_added(currency, sum(1 for _ in _standing(lines)))
            used.add(rate.code)
            exact = Fraction(repr(rate.idr_per_jpy))
            factor = exact if currency == "IDR" else 1 / exact
        factors.append((line, factor))
    return _sums(factors, currency, tuple(sorted(used)))


def amount(line: BudgetLine, column: Column) -> int | None:
    """Return what a line says in a column, in its own currency; None where it says nothing."""
    stated = getattr(line, column)
    return sum(each.amount for each in stated) if stated else None


def _standing(lines: Iterable[BudgetLine]) -> list[BudgetLine]:
    return [line for line in lines if line.state != "cancelled"]


def _sums(
    lines: Sequence[tuple[BudgetLine, Fraction]], currency: str, rates: tuple[str, ...]
) -> Sums:
    columns = {column: _sum(lines, column, currency) for column in COLUMNS}
    needing = [(line, f) for line, f in lines if amount(line, "needed") is not None]
    gap = _of_some(_gap(needing, currency), needing, lines)
    return Sums(currency, columns, gap, _absorption(lines), len(lines), rates)


def _sum(lines: Sequence[tuple[BudgetLine, Fraction]], column: Column, currency: str) -> Value:
    stated = [(amount(line, column), factor) for line, factor in lines]
    terms = [value * factor for value, factor in stated if value is not None]
    if not terms:
        return unknown(currency, State.NO_DATA)
    return _of_some(known(float(sum(terms)), currency), terms, lines)


def _of_some(value: Value, counted: Sequence[object], lines: Sequence[object]) -> Value:
    """Return a sum as provisional where some lines do not say what was added up."""
    if value.value is None or len(counted) == len(lines):
        return value
    return Value(value.value, value.unit, State.PROVISIONAL, UNSTATED)


def _gap(lines: Sequence[tuple[BudgetLine, Fraction]], currency: str) -> Value:
    """Return needed less committed; a line without a commitment has none: all of it is missing."""
    if not lines:
        return unknown(currency, State.NO_DATA, "needed-unknown")
    terms = [
        ((amount(line, "needed") or 0) - (amount(line, "committed") or 0)) * factor
        for line, factor in lines
    ]
    return known(float(sum(terms)), currency)


def _absorption(lines: Sequence[tuple[BudgetLine, Fraction]]) -> Value:
    """Return spent of committed, held to the share that an outcome is held to."""
    committing = [(line, f) for line, f in lines if amount(line, "committed") is not None]
    both = [(line, f) for line, f in committing if amount(line, "spent") is not None]
    if not both:
        return unknown("1", State.NO_DATA)
    committed = sum((amount(line, "committed") or 0) * factor for line, factor in both)
    spent = sum((amount(line, "spent") or 0) * factor for line, factor in both)
    everything = sum((amount(line, "committed") or 0) * factor for line, factor in committing)
    if everything == 0:
        return unknown("1", State.CANNOT_ASSESS, "nothing-committed")
    if committed < Fraction(LEAST_SHARE) * everything:
        return unknown("1", State.INSUFFICIENT, UNSTATED)
    value = known(float(Fraction(spent) / committed), "1")
    return value if committed == everything else _of_some(value, both, committing)


def _not_added(currency: str, lines: int) -> Sums:
    def none(unit: str) -> Value:
        return unknown(unit, State.CANNOT_ASSESS, "rate-missing")

    columns = dict.fromkeys(COLUMNS, none(currency))
    return Sums(currency, columns, none(currency), none("1"), lines, ())
