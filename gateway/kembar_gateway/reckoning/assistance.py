"""Who gave whom what, by kind and unit: never summed over kinds, mirrored when sides swap."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import fsum

from kembar_gateway.reckoning.values import Value, known, unknown
from kembar_gateway.register.dates import Span
from kembar_gateway.register.resources import KINDS_OF_HELP, TRANSFERS, Contribution
from kembar_gateway.wire import State


@dataclass(frozen=True, slots=True)
class Balance:
    """What two sides gave each other of one kind, in one unit.

    Attributes:
        kind, unit: Of what.
        is_transfer: False for facilitation, which passes nothing on and has no balance.
        given: What the first side gave the second, and the second the first.
        balance: (first - second) / (first + second), from -1 to 1.
        dominance: The greater one's share, 0.5 to 1.
        dominant: The side that gave more; None where neither did.
        n: Contributions counted.
        unquantified: Contributions whose quantity nobody stated.
    """

    kind: str
    unit: str
    is_transfer: bool
    given: tuple[Value, Value]
    balance: Value
    dominance: Value
    dominant: str | None
    n: int
    unquantified: int


@dataclass(frozen=True, slots=True)
class Assistance:
    """The balances of a period, and what could not be placed.

    Attributes:
        uncertain: Codes of contributions that may lie in the period or not.
        outside: Codes of contributions that are not between the two sides.
    """

    balances: tuple[Balance, ...]
    uncertain: tuple[str, ...]
    outside: tuple[str, ...]


def assistance(
    contributions: Iterable[Contribution],
    sides: tuple[str, str],
    side_of: Callable[[str], str],
    *,
    period: Span | None = None,
) -> Assistance:
    """Compare what two sides gave each other.

    Args:
        contributions: Any; the cancelled do not count.
        sides: The two parties at the top.
        side_of: The party at the top of those that a party answers to.
        period: Only what surely falls into these days counts; None: whenever it was.
    """
    counted: list[tuple[Contribution, str, str]] = []
    uncertain, outside = [], []
    for each in contributions:
        if each.state == "cancelled":
            continue
        giver, receiver = side_of(each.giver), side_of(each.receiver)
        if {giver, receiver} != set(sides):
            outside.append(each.code)
        elif period is None or _lies_in(each, period):
            counted.append((each, giver, receiver))
        elif _may_meet(each, period):
            uncertain.append(each.code)
    groups = {(each.kind, each.unit): None for each, _, _ in counted}
    ordered = sorted(groups, key=lambda group: (KINDS_OF_HELP.index(group[0]), group[1]))
    missing = [(kind, "") for kind in TRANSFERS if kind not in {k for k, _ in ordered}]
    balances = tuple(
        _balance(kind, unit, [c for c in counted if (c[0].kind, c[0].unit) == (kind, unit)], sides)
        for kind, unit in (*ordered, *missing)
    )
    return Assistance(balances, tuple(uncertain), tuple(outside))


def _balance(
    kind: str, unit: str, counted: list[tuple[Contribution, str, str]], sides: tuple[str, str]
) -> Balance:
    given = tuple(_given([c for c, giver, _ in counted if giver == side], unit) for side in sides)
    first, second = given
    n = len(counted)
    unquantified = sum(each.quantity is None for each, _, _ in counted)
    balance, dominant = _compared(kind, first, second, sides)
    dominance = balance
    if balance.value is not None:
        dominance = known((1 + abs(balance.value)) / 2, "1")
    return Balance(
        kind, unit, kind in TRANSFERS, (first, second), balance, dominance, dominant, n,
        unquantified,
    )  # fmt: skip


def _compared(
    kind: str, first: Value, second: Value, sides: tuple[str, str]
) -> tuple[Value, str | None]:
    """Return the balance of what two sides gave, and who gave more.

    A side of which nothing was entered has not declared that it gave nothing.
    """
    if kind not in TRANSFERS:
        return unknown("1", State.CANNOT_ASSESS, "no-transfer"), None
    states = {first.state, second.state}
    if states == {State.NO_DATA}:
        return unknown("1", State.NO_DATA), None
    if State.CANNOT_ASSESS in states:
        return unknown("1", State.CANNOT_ASSESS, "quantity-unknown"), None
    if first.value is None or second.value is None:
        return unknown("1", State.INSUFFICIENT, "one-side-undeclared"), None
    total = first.value + second.value
    if total == 0:
        return unknown("1", State.CANNOT_ASSESS, "nothing-given"), None
    dominant = None
    if first.value != second.value:
        dominant = sides[0 if first.value > second.value else 1]
    return known((first.value - second.value) / total, "1"), dominant


def _given(several: list[Contribution], unit: str) -> Value:
    """Add up quantities; zero is a zero only where it was declared."""
    if not several:
        return unknown(unit, State.NO_DATA)
    stated = [each.quantity for each in several if each.quantity is not None]
    if len(stated) < len(several):
        return unknown(unit, State.CANNOT_ASSESS, "quantity-unknown")
    return known(fsum(stated), unit)


def _lies_in(contribution: Contribution, period: Span) -> bool:
    """Say whether all of it surely falls into the period; what has no date does not."""
    dates = contribution.dates
    return bool(dates) and all(each.span.lies_in(period) for each in dates)


def _may_meet(contribution: Contribution, period: Span) -> bool:
    if not contribution.dates:
        return True
    spans = [each.span for each in contribution.dates]
    whole = Span(min(span.first for span in spans), max(span.last for span in spans))
    return whole.meets(period)
