"""Figures: what the gateway pulls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Query, Request, Response

from kembar_shared.chassis.auth import Router, needs
from kembar_shared.chassis.caching import json_response
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.pages import LimitDep, encode_cursor, page
from kembar_shared.measurement import store
from kembar_shared.measurement.routes.needed import (
    CursorDep,
    EngineDep,
    FiguresDep,
    FromDep,
    ToDep,
    days_asked,
    known_queries,
    three_texts,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

router = Router(prefix="/v1", tags=["figures"], dependencies=[Depends(known_queries)])


@router.get("/indicators")
@needs("indicators:read", "outcomes:read", is_whole=True)
def list_indicators(
    request: Request,
    engine: EngineDep,
    figures: FiguresDep,
    limit: LimitDep,
    from_: FromDep = None,
    to: ToDep = None,
    cursor: CursorDep = None,
    method: Annotated[
        str | None,
        Query(max_length=200, description="Only figures made by it, also where it was replaced."),
    ] = None,
) -> Response:
    """Answer one figure per indicator, jurisdiction and month or year."""
    first, following = (str(day) for day in days_asked(from_, to))
    after = three_texts(cursor)
    figures.renew()
    with reading(engine) as conn:
        found = store.figures.read(
            conn,
            first=first,
            following=following,
            after=after,
            limit=limit + 1,
            method=method,
        )
    more = _cursor(found[limit - 1]) if len(found) > limit else None
    return json_response(request, page(found[:limit], more))


def _cursor(figure: Mapping[str, Any]) -> str:
    return encode_cursor({"k": [figure[name] for name in ("jurisdiction", "indicator", "period")]})
