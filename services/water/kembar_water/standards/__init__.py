"""The limits and factors of the water service, as data."""

from __future__ import annotations

from kembar_shared.measurement import completeness
from kembar_shared.measurement.standards import Standards
from kembar_water.standards import indonesia, japan, scores, sdg


def build() -> Standards:
    """Return PP 22/2021 Annex VI, Japan's river classes, SDG 6.3.2, the scores, completeness.

    There are no limits of the WHO: it has none for river water.
    """
    return Standards(
        limits=(*indonesia.annex_vi(), *japan.river_classes(), *sdg.targets()),
        factors=(*scores.factors(), *completeness.FACTORS, *completeness.OF_SCORES),
    )
