"""How much of an hour, a mean and a season has to be measured."""

from __future__ import annotations

from datetime import date
from typing import Final

from kembar_shared.measurement.standards import Factor

EU_2008_50: Final = "eu-2008-50"
OWN: Final = "kembar"

_ANNEX_VII: Final = "Directive 2008/50/EC, Annex VII"
_CONVENTION: Final = "own convention, after the 75 % of Directive 2008/50/EC, Annex VII"
_ALWAYS: Final = date(1900, 1, 1)

# Standard, subject, quantity, value, unit, source, whether it was seen.
_ROWS: Final = (
    (EU_2008_50, "hour", "least_share", 0.75, "1", _ANNEX_VII, True),
    (EU_2008_50, "mean_8h", "least_hours", 6.0, "h", _ANNEX_VII, True),
    (EU_2008_50, "max_8h", "least_means", 18.0, "1", _ANNEX_VII, True),
    (OWN, "mean_3h", "least_hours", 3.0, "h", _CONVENTION, False),
    (OWN, "mean_24h", "least_hours", 18.0, "h", _CONVENTION, False),
    (OWN, "season", "least_share", 0.75, "1", _CONVENTION, False),
)

FACTORS: Final = tuple(
    Factor(
        standard=standard,
        subject=subject,
        quantity=quantity,
        value=value,
        unit=unit,
        valid_from=_ALWAYS,
        source=source,
        verified=verified,
    )
    for standard, subject, quantity, value, unit, source, verified in _ROWS
)
"""Below these there is no mean, no maximum, no statistic."""
