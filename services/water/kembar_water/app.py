"""The water service, assembled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kembar_shared.measurement import service
from kembar_shared.measurement.indicators import Domain
from kembar_water import catalogue, standards
from kembar_water.indicators import PollutionIndex

if TYPE_CHECKING:
    from fastapi import FastAPI

    from kembar_water.settings import WaterSettings


def domain_of(settings: WaterSettings) -> Domain:
    """Return what the water service adds to the kernel."""
    index = PollutionIndex(
        fixed_saturation_mg_l=settings.do_saturation_mg_l,
        least_parameters=settings.pollution_index_least_parameters,
    )
    return Domain(
        service="water",
        catalogue=catalogue.build(),
        indices=index.indices,
        figures=index.figures,
        standards=[limit.as_row() for limit in standards.LIMITS],
        rules=repr(index),
    )


def build(settings: WaterSettings) -> FastAPI:
    """Assemble the service."""
    return service.build(settings, domain_of(settings))
