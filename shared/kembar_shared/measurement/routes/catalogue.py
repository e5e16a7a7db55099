"""The catalogue: parameters with their units and bounds, standards with their sources."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import Depends, Request, Response

from kembar_shared.chassis.auth import Router, any_token
from kembar_shared.chassis.caching import json_response
from kembar_shared.chassis.pages import page
from kembar_shared.measurement.routes.needed import DomainDep, LanguageDep, known_queries

router = Router(prefix="/v1", tags=["catalogue"], dependencies=[Depends(known_queries)])


@router.get("/parameters")
@any_token
def list_parameters(request: Request, domain: DomainDep, language: LanguageDep) -> Response:
    """Answer what this service measures, in which units, within which bounds."""
    items = [_answer(p, language) for p in domain.catalogue.parameters]
    return json_response(request, page(items, None))


@router.get("/standards")
@any_token
def list_standards(request: Request, domain: DomainDep) -> Response:
    """Answer the limits and factors this service judges by, with source and dates in force."""
    return json_response(request, page(domain.standards.rows(), None))


def _answer(parameter: Any, language: str) -> dict[str, Any]:
    return {
        "code": parameter.code,
        "name": parameter.names[language],
        "names": parameter.names,
        "unit": parameter.unit,
        "units": [asdict(conversion) for conversion in parameter.conversions],
        "factor_units": [asdict(unit) for unit in parameter.factor_units],
        "aliases": list(parameter.aliases),
        "period": parameter.period,
        "cadence": parameter.cadence or parameter.period,
        "fail": None if parameter.fail is None else asdict(parameter.fail),
        "suspect": None if parameter.suspect is None else asdict(parameter.suspect),
        "source": parameter.source,
        "checks": _checks(parameter.checks),
    }


def _checks(checks: Any) -> dict[str, Any]:
    """Return by what a value is checked beside its neighbours; null where it is not."""
    flat = checks.flat
    return asdict(checks) | {
        "seasons": [asdict(season) for season in checks.seasons],
        "flat": flat and {
            "tolerance": flat.tolerance,
            "suspect": f"PT{flat.suspect_min}M",
            "fail": None if flat.fail_min is None else f"PT{flat.fail_min}M",
        },
    }  # fmt: skip
