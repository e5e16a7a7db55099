"""The waste service, assembled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kembar_shared.measurement import service
from kembar_shared.measurement.indicators import Domain
from kembar_shared.measurement.vocabulary import Grain
from kembar_waste import catalogue, standards
from kembar_waste.indicators import stocks
from kembar_waste.indicators.assumptions import Assumptions
from kembar_waste.indicators.figures import WasteFigures
from kembar_waste.indices import claims
from kembar_waste.verdicts import WasteVerdicts

if TYPE_CHECKING:
    from fastapi import FastAPI

    from kembar_shared.chassis.database import Engine
    from kembar_waste.settings import WasteSettings


def domain(settings: WasteSettings) -> Domain:
    """Return what the waste service adds to the kernel.

    Raises:
        StandardsUnfit: A row has no meaning for this service.
        ClaimsUnfit: The file of claims cannot be used.
    """
    used = service.amended(standards.build(), settings)
    figures = WasteFigures(
        used,
        Assumptions(
            gwp_set=settings.gwp_set,
            docf_set=settings.docf_set,
            horizon_years=settings.horizon_years,
            disposal_mcf=settings.disposal_mcf,
            climate=settings.climate,
            claims=_claims(settings),
        ),
    )
    return Domain(
        service="waste",
        catalogue=catalogue.build(),
        standards=used,
        indices=figures.indices,
        figures=figures.figures,
        verdicts=WasteVerdicts(used, figures).verdicts,
        window=Grain.YEAR,
        levels=(stocks.STOCK,),
        judged_by="jurisdiction",
        rules=repr(figures),
    )


def _claims(settings: WasteSettings) -> tuple[claims.Claim, ...]:
    """Read the operator's claims."""
    path = settings.programmes_file
    if path is None:
        return ()
    try:
        return claims.parse(path.read_text("utf-8"), materials=catalogue.MATERIALS)
    except (OSError, UnicodeDecodeError) as error:
        raise claims.ClaimsUnfit(
            f"{path}: the file cannot be read ({error}); set KEMBAR_WASTE_PROGRAMMES_FILE to a "
            "readable file, or leave it unset"
        ) from error
    except claims.ClaimsUnfit as error:
        raise type(error)(f"{path}: {error}") from error


def build(settings: WasteSettings) -> FastAPI:
    """Assemble the service."""
    return service.build(settings, domain(settings))


def adopt(settings: WasteSettings, engine: Engine) -> None:
    """Bring the limits, factors and settings of this process into force for all replicas."""
    service.adopt(settings, domain(settings), engine)


def obstacle(settings: WasteSettings) -> str | None:
    """Return why this process may not serve beside the others, if anything."""
    return service.obstacle(settings, domain(settings))


def check_quality(settings: WasteSettings) -> str:
    """Check measurements beside their neighbours; say what came of it."""
    return service.check_quality(settings, domain(settings))
