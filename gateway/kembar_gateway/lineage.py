"""What an outcome was made from: figures, and where each leads down to the lines of files."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from kembar_gateway import outcomes, partner, store
from kembar_gateway.partner import OutcomeShown
from kembar_gateway.register.judging import SERVICE
from kembar_gateway.registers import RegisterDep
from kembar_gateway.settings import NowDep, SettingsDep
from kembar_gateway.store import EngineDep
from kembar_shared.chassis import caching
from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.problems import NotFound

router = Router(tags=["outcomes"])


class FigureUsed(BaseModel):
    """A figure as its service last answered it."""

    service: str = Field(description="A service, or `register` for values published by others.")
    indicator: str
    jurisdiction: str
    period: str
    value: float | None
    unit: str
    state: str
    numerator: float | None
    denominator: float | None
    n: int
    expected: float
    coverage: float | None
    origin: str
    method: str
    stations: list[str]
    detail: dict[str, Any]
    digest: str = Field(description="Of the method and of every sum that the figure rests on.")
    lineage: str | None = Field(
        description="Where this address answers the sums, measurements, uploads and lines behind "
        "it; to whoever may not read measurements, their places and digests. None where nothing "
        "was measured: the register itself names the sources."
    )


class Lineage(BaseModel):
    """An outcome, and the figures that it was computed from."""

    outcome: OutcomeShown
    figures: list[FigureUsed]


@router.get(
    "/v1/outcomes/{indicator}/lineage", response_model=Lineage, responses={400: {}, 404: {}}
)
@needs("outcomes:read")
def show_lineage(
    request: Request,
    engine: EngineDep,
    register: RegisterDep,
    settings: SettingsDep,
    caller: CallerDep,
    now: NowDep,
    indicator: str,
    period: partner.Period_ = None,
    cooperation: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """Answer the figures of an outcome, each with the way down to the measurements behind it.

    The way up begins at an upload: `/{service}/v1/uploads/{code}/figures`.
    """
    asked = partner.period_asked(period)
    found: list[Lineage] = []
    with reading(engine) as conn:
        for code in partner.cooperations_asked(register, caller, cooperation):
            shelf = store.read_shelf(
                conn, register, code, now=now, stale_after_s=settings.stale_after_s
            )
            for each in register.indicators_of(code):
                if each.code != indicator:
                    continue
                of = asked or shelf.last_twelve
                (outcome,) = partner.shown(shelf, of, each.code)
                used = outcomes.used(each, shelf.figures.get(each.code, ()), of)
                figures = [_shown(figure.model_dump(mode="json"), each.service) for figure in used]
                found.append(Lineage(outcome=outcome, figures=figures))
    if len(found) != 1:
        # Of several cooperations that have it, one has to be asked for.
        raise NotFound
    answer = found[0].model_dump(mode="json")
    lasting = answer | {"outcome": partner.without_age(answer["outcome"])}
    etag = caching.etag_of(caching.json_bytes(lasting))
    body = caching.json_bytes(answer)
    return caching.conditional(request, etag, lambda: Response(body, media_type="application/json"))


def _shown(figure: dict[str, Any], service: str) -> FigureUsed:
    way = None
    if service != SERVICE:
        key = {name: figure[name] for name in ("indicator", "jurisdiction", "period")}
        way = f"/{service}/v1/lineage?{urlencode(key)}"
    return FigureUsed(service=service, lineage=way, **figure)
