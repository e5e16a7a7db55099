"""What the waste service judges by and computes with: dated tables, each row with its source."""

from __future__ import annotations

from kembar_shared.measurement import completeness
from kembar_shared.measurement.standards import Standards
from kembar_waste.standards import climate, survey, targets


def build() -> Standards:
    """Return the limits and factors of the waste service, before an operator's own rows."""
    return Standards(
        limits=targets.LIMITS,
        factors=(*climate.FACTORS, *survey.FACTORS, *completeness.FACTORS),
    )
