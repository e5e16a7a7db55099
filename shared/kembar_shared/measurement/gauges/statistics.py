"""Statistics of the newest days of stations, which limits of less than a year are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kembar_shared.chassis.exposition import Family, Row, Sheet
from kembar_shared.measurement.vocabulary import State

if TYPE_CHECKING:
    from datetime import timedelta

_LABELS: Final = ("station", "jurisdiction", "parameter", "statistic", "origin")
_VALUE: Final = Family(
    "kembar_day_statistic",
    "A statistic of the newest day of a station that has one; absent once the day is long ago.",
    (*_LABELS, "unit"),
)
_AT: Final = Family(
    "kembar_day_statistic_timestamp_seconds", "When that day began at the station.", _LABELS
)
_STATE: Final = Family(
    "kembar_day_statistic_state", "1 for the state of that statistic.", (*_LABELS, "state")
)
_NOTHING: Final = ("", "", "")
NUMBERED: Final = frozenset({State.OK, State.PROVISIONAL})
"""States in which there is a number."""


def statistics() -> Sheet:
    """Return a sheet without any line yet."""
    return Sheet(_VALUE, _AT, _STATE)


def row(
    labels: tuple[str, str, str, str, str],
    unit: str,
    value: float | None,
    state: str,
    *,
    began_s: float,
    age: timedelta,
) -> Row:
    """Return the lines of one statistic.

    Args:
        labels: Station, jurisdiction, parameter, statistic and origin.
        unit: Of the value.
        value: Shown only where the state has a number.
        state: What the value can be relied on for.
        began_s: When the day began, seconds since 1970-01-01 UTC.
        age: How long after that it is shown.
    """
    has_number = value is not None and state in NUMBERED
    lines = (
        _VALUE.line((*labels, unit), value) if value is not None and has_number else "",
        _AT.line(labels, began_s),
        _STATE.line((*labels, state), 1),
    )
    return Row(lines, began_s + age.total_seconds(), _NOTHING)
