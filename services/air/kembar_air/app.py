"""The air service, assembled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kembar_air import catalogue, standards
from kembar_air.indicators import Ispu
from kembar_air.indices import Reading
from kembar_shared.measurement import service
from kembar_shared.measurement.indicators import Domain

if TYPE_CHECKING:
    from fastapi import FastAPI

    from kembar_air.settings import AirSettings


def domain(settings: AirSettings) -> Domain:
    """Return what the air service adds to the kernel."""
    ispu = Ispu(reading=Reading(settings.ispu_reading))
    return Domain(
        service="air",
        catalogue=catalogue.build(),
        indices=ispu.indices,
        figures=ispu.figures,
        standards=list(standards.rows()),
        rules=settings.ispu_reading,
    )


def build(settings: AirSettings) -> FastAPI:
    """Assemble the service."""
    return service.build(settings, domain(settings))
