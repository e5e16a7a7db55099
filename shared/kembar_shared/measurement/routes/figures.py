"""Figures: what the gateway pulls, and the index values behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from kembar_shared.chassis.auth import CallerDep, needs
from kembar_shared.chassis.caching import json_response
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.pages import LimitDep, decode_cursor, encode_cursor, page
from kembar_shared.chassis.problems import BadCursor
from kembar_shared.measurement import indexing, store
from kembar_shared.measurement.routes.needed import (
    CursorDep,
    DomainDep,
    EngineDep,
    FiguresDep,
    FromDep,
    StationsDep,
    ToDep,
    days_asked,
    known_queries,
    position,
    seen_stations,
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
) -> Response:
    """Answer one figure per indicator, jurisdiction and month or year."""
    first, following = (str(day) for day in days_asked(from_, to))
    after = None if cursor is None else _key(cursor)
    figures.renew()
    with reading(engine) as conn:
        found = store.figures.read(
            conn, first=first, following=following, after=after, limit=limit + 1
        )
    more = _cursor(found[limit - 1]) if len(found) > limit else None
    return json_response(request, page(found[:limit], more))


@router.get("/indices")
@needs("measurements:read")
def list_indices(
    request: Request,
    engine: EngineDep,
    domain: DomainDep,
    caller: CallerDep,
    limit: LimitDep,
    index: Annotated[str | None, Query(max_length=64)] = None,
    station: StationsDep = None,
    from_: FromDep = None,
    to: ToDep = None,
    cursor: CursorDep = None,
) -> Response:
    """Answer index values per station and day, with the parameters used and those missing."""
    after, skipped = ("", 0) if cursor is None else _reached(cursor)
    days = days_asked(from_, to)
    with reading(engine) as conn:
        origins = seen_stations(conn, caller, station)
        stations = [code for code in origins if code >= after]
        is_begun = stations[:1] == [after]
        found = indexing.values(
            conn,
            domain,
            stations,
            days,
            index=index,
            skipped=skipped if is_begun else 0,
            limit=limit,
        )
    chosen = found.head(limit)
    more = None
    if found.height > limit:
        last = chosen["station"][-1]
        done = int((chosen["station"] == last).sum()) + (skipped if last == after else 0)
        more = encode_cursor({"c": last, "n": done})
    items = [
        row | {"period": str(row["period"]), "origin": origins[row["station"]]}
        for row in chosen.iter_rows(named=True)
    ]
    return json_response(request, page(items, more))


def _reached(cursor: str) -> tuple[str, int]:
    """Return the station that a cursor stands at, and how many of its values were answered."""
    station, (done,) = decode_cursor(cursor).get("c"), position(cursor, "n") or (0,)
    if not isinstance(station, str) or done < 0:
        raise BadCursor
    return station, done


def _key(cursor: str) -> tuple[str, str, str]:
    key = decode_cursor(cursor).get("k")
    if not isinstance(key, list) or [type(part) for part in key] != [str] * 3:
        raise BadCursor
    return key[0], key[1], key[2]


def _cursor(figure: Mapping[str, Any]) -> str:
    return encode_cursor({"k": [figure[name] for name in ("jurisdiction", "indicator", "period")]})
