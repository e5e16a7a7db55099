"""The water service, assembled."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kembar_shared.measurement import service
from kembar_shared.measurement.indicators import Domain
from kembar_shared.measurement.vocabulary import Grain
from kembar_water import catalogue, standards, verdicts
from kembar_water.indicators.river import River
from kembar_water.indices import oxygen

if TYPE_CHECKING:
    from fastapi import FastAPI

    from kembar_shared.chassis.database import Engine
    from kembar_water.settings import WaterSettings


def domain_of(settings: WaterSettings) -> Domain:
    """Return what the water service adds to the kernel."""
    judged_by = service.amended(standards.build(), settings)
    river = River(
        standards=judged_by,
        fixed_saturation_mg_l=settings.do_saturation_mg_l,
        least_parameters=settings.pollution_index_least_parameters,
        storet_count_basis=settings.storet_count_basis,
    )
    return Domain(
        service="water",
        catalogue=catalogue.build(
            catalogue.oxygen_above_saturation(oxygen.dissolved_oxygen_saturation)
        ),
        standards=judged_by,
        indices=river.indices,
        figures=river.figures,
        verdicts=partial(verdicts.verdicts, judged_by),
        window=Grain.YEAR,
        rules=river.rules,
    )


def build(settings: WaterSettings) -> FastAPI:
    """Assemble the service."""
    return service.build(settings, domain_of(settings))


def adopt(settings: WaterSettings, engine: Engine) -> None:
    """Bring the limits, factors and settings of this process into force for all replicas."""
    service.adopt(settings, domain_of(settings), engine)


def obstacle(settings: WaterSettings) -> str | None:
    """Return why this process may not serve beside the others, if anything."""
    return service.obstacle(settings, domain_of(settings))


def check_quality(settings: WaterSettings) -> str:
    """Check measurements beside their neighbours; say what came of it."""
    return service.check_quality(settings, domain_of(settings))
