"""A number with a state, and ratios that name their denominator."""

from __future__ import annotations

from dataclasses import dataclass

from kembar_gateway.wire import State


@dataclass(frozen=True, slots=True)
class Value:
    """A number of a unit; None wherever the state gives none."""

    value: float | None
    unit: str
    state: State
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Ratio:
    """A share, with what it is a share of; None where that is nothing."""

    value: float | None
    numerator: int
    denominator: int
    state: State


def ratio(numerator: int, denominator: int) -> Ratio:
    """Return how many of how many; of nothing there is no share, but the state `no_data`."""
    if denominator == 0:
        return Ratio(None, numerator, 0, State.NO_DATA)
    return Ratio(numerator / denominator, numerator, denominator, State.OK)


def known(value: float, unit: str) -> Value:
    """Return a number that is known."""
    return Value(value, unit, State.OK)


def unknown(unit: str, state: State, reason: str | None = None) -> Value:
    """Return that a number is not known, and why."""
    return Value(None, unit, state, reason)
