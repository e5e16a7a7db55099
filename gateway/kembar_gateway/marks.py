"""What was stated of an indicator, baseline and targets, and how far a value is between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kembar_gateway.wire import Measure, Period

if TYPE_CHECKING:
    from collections.abc import Sequence


class Mark(Protocol):
    """A baseline or a target: what was stated for one year."""

    @property
    def year(self) -> int:
        """The calendar year it is stated for."""

    @property
    def value(self) -> float:
        """The value, in the indicator's unit."""


class PeriodMark(Protocol):
    """A target that was stated for one period."""

    @property
    def period(self) -> str:
        """The months it is stated for."""

    @property
    def value(self) -> float:
        """The value, in the indicator's unit."""


@dataclass(frozen=True, slots=True)
class Aim:
    """The target in force for a period, and the period that it was stated for."""

    period: str
    year: int
    value: float


class Stated(Protocol):
    """What is asked of an indicator's definition here."""

    @property
    def measure(self) -> Measure:
        """How months are combined."""

    @property
    def targets(self) -> Sequence[Mark]:
        """What it shall become, by year."""

    @property
    def period_targets(self) -> Sequence[PeriodMark]:
        """What it shall become in single periods."""


def aim(stated: Stated, period: Period) -> Aim | None:
    """Return the target in force for *period*.

    It is the one stated for exactly this period, else the first one for the period's last year or
    a later one. Of a total a year's target says nothing about other spans than twelve months.
    """
    for each in stated.period_targets:
        if spelled(each.period) == str(period):
            return Aim(str(period), _last_year(period), each.value)
    if stated.measure is Measure.TOTAL and period.count != 12:
        return None
    ahead = [target for target in stated.targets if target.year >= _last_year(period)]
    first = min(ahead, key=lambda target: target.year, default=None)
    return None if first is None else Aim(f"{first.year:04}", first.year, first.value)


def spelled(text: str) -> str | None:
    """Return a period as `Period` spells it; None for what is none."""
    try:
        return str(Period.parse(text))
    except ValueError:
        return None


def progress(value: float | None, baseline: Mark | None, target: Aim | None) -> float | None:
    """Return (value - baseline) / (target - baseline); None where that is nothing."""
    if value is None or baseline is None or target is None or target.value == baseline.value:
        return None
    return (value - baseline.value) / (target.value - baseline.value)


def achievement(value: float | None, target: Aim | None) -> float | None:
    """Return value / target; None where that is nothing."""
    return value / target.value if value is not None and target and target.value else None


def _last_year(period: Period) -> int:
    return (period.following - 1) // 12
