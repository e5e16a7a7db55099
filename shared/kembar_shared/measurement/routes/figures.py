"""Figures: what the gateway pulls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from kembar_shared.chassis.auth import needs
from kembar_shared.chassis.caching import json_response
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.pages import LimitDep, decode_cursor, encode_cursor, page
from kembar_shared.chassis.problems import BadCursor
from kembar_shared.measurement import store
from kembar_shared.measurement.routes.needed import (
    CursorDep,
    EngineDep,
    FiguresDep,
    FromDep,
    ToDep,
    days_asked,
    known_queries,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

router = APIRouter(prefix="/v1", tags=["figures"], dependencies=[Depends(known_queries)])


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
    after = None if cursor is None else _key(cursor)
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


def _key(cursor: str) -> tuple[str, str, str]:
    key = decode_cursor(cursor).get("k")
    if not isinstance(key, list) or [type(part) for part in key] != [str] * 3:
        raise BadCursor
    return key[0], key[1], key[2]


def _cursor(figure: Mapping[str, Any]) -> str:
    return encode_cursor({"k": [figure[name] for name in ("jurisdiction", "indicator", "period")]})
