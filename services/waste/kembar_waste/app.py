"""The waste service, assembled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kembar_shared.measurement import service
from kembar_shared.measurement.indicators import Domain
from kembar_waste import catalogue, indicators

if TYPE_CHECKING:
    from fastapi import FastAPI

    from kembar_waste.settings import WasteSettings


def domain() -> Domain:
    """Return what the waste service adds to the kernel."""
    return Domain(
        service="waste",
        catalogue=catalogue.build(),
        indices=indicators.no_indices,
        figures=indicators.figures,
    )


def build(settings: WasteSettings) -> FastAPI:
    """Assemble the service."""
    return service.build(settings, domain())
