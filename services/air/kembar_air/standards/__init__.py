"""The limits, breakpoints and factors that the air service judges by, each with its source."""

from __future__ import annotations

from kembar_air.standards import completeness, indonesia, ispu, japan, who
from kembar_shared.measurement import completeness as shared
from kembar_shared.measurement.standards import Standards


def build() -> Standards:
    """Return every row of every standard, before an operator's own."""
    return Standards(
        limits=(*ispu.limits(), *indonesia.LIMITS, *japan.LIMITS, *who.limits()),
        factors=(
            *ispu.factors(),
            *indonesia.FACTORS,
            *japan.FACTORS,
            *completeness.FACTORS,
            *shared.FACTORS,
            *shared.OF_HALF_YEARS,
        ),
    )
