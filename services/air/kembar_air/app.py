"""The air service, assembled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kembar_air import catalogue, standards
from kembar_air.indicators import figures
from kembar_air.indicators.air import Air
from kembar_air.indices.ispu import Reading
from kembar_air.verdicts import Verdicts
from kembar_shared.measurement import service
from kembar_shared.measurement.indicators import Domain

if TYPE_CHECKING:
    from fastapi import FastAPI

    from kembar_air.settings import AirSettings
    from kembar_shared.chassis.database import Engine


REACH_H: Final = 9
"""A day of KEP-107 begins at 15:00 of the day before; a mean of eight hours reaches less far."""


def domain(settings: AirSettings) -> Domain:
    """Return what the air service adds to the kernel."""
    rows = service.amended(standards.build(), settings)
    reading = Reading(settings.ispu_reading)
    air = Air(reading=reading, standards=rows)
    return Domain(
        service="air",
        catalogue=catalogue.build(),
        standards=rows,
        indices=air.indices,
        figures=lambda _days: [],
        figure_indices=figures.INDICES,
        index_figures=air.figures,
        verdicts=Verdicts(rows).judge,
        hourly=air.hourly,
        reach_h=REACH_H,
        hours_index=air.hours_index,
        # A release may change how figures are made, and nothing else that tells it from another.
        rules=" ".join((reading.value, *figures.methods(reading))),
    )


def build(settings: AirSettings) -> FastAPI:
    """Assemble the service."""
    return service.build(settings, domain(settings))


def adopt(settings: AirSettings, engine: Engine) -> None:
    """Bring the limits, factors and settings of this process into force for all replicas."""
    service.adopt(settings, domain(settings), engine)


def obstacle(settings: AirSettings) -> str | None:
    """Return why this process may not serve beside the others, if anything."""
    return service.obstacle(settings, domain(settings))


def check_quality(settings: AirSettings) -> str:
    """Check measurements beside their neighbours; say what came of it."""
    return service.check_quality(settings, domain(settings))
