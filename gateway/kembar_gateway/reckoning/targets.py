"""What an indicator's targets were, and why each was changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from kembar_gateway.register.judging import Indicator


@dataclass(frozen=True, slots=True)
class Revision:
    """A target as one version of its indicator has it; `value` is None where it was withdrawn."""

    period: str
    value: float | None
    former: float | None
    version: int
    changed_at: datetime
    changed_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Known:
    """One version of an indicator."""

    indicator: Indicator
    version: int
    changed_at: datetime
    changed_by: str
    reason: str


def revisions(versions: Iterable[Known]) -> list[Revision]:
    """Return every target that ever was, as it was set, changed and withdrawn.

    Args:
        versions: All versions of one indicator, the first one first.
    """
    found: list[Revision] = []
    before: dict[str, float] = {}
    for known in versions:
        now = _targets(known.indicator)
        found += (
            Revision(
                period,
                now.get(period),
                before.get(period),
                known.version,
                known.changed_at,
                known.changed_by,
                known.reason,
            )
            for period in sorted({*before, *now})
            if before.get(period) != now.get(period)
        )
        before = now
    return found


def _targets(indicator: Indicator) -> dict[str, float]:
    years = {f"{target.year:04}": target.value for target in indicator.targets}
    return years | {target.period: target.value for target in indicator.period_targets}
