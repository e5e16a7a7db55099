"""Figures: what the gateway pulls, and the index values behind them."""

from __future__ import annotations

from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Query, Request, Response

from kembar_shared.chassis.auth import CallerDep, needs
from kembar_shared.chassis.caching import json_response
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.pages import LimitDep, encode_cursor, page
from kembar_shared.measurement import rollups
from kembar_shared.measurement.routes.needed import (
    CursorDep,
    DomainDep,
    EngineDep,
    FiguresDep,
    FromDep,
    StationsDep,
    ToDep,
    days_asked,
    own_stations,
    position,
)

router = APIRouter(prefix="/v1", tags=["figures"])


@router.get("/indicators")
@needs("indicators:read", "outcomes:read")
def list_indicators(
    request: Request,
    figures: FiguresDep,
    limit: LimitDep,
    from_: FromDep = None,
    to: ToDep = None,
    cursor: CursorDep = None,
) -> Response:
    """Answer one figure per indicator, jurisdiction and month or year."""
    first, following = (str(day) for day in days_asked(from_, to))
    start = (position(cursor, "n") or (0,))[0]
    found, _ = figures.current()
    asked = [f for f in found if first[: len(f.period)] <= f.period and f.period < following]
    chosen = asked[start : start + limit]
    more = encode_cursor({"n": start + limit}) if len(asked) > start + limit else None
    return json_response(request, page([_answer(f, figures.digest_of(f)) for f in chosen], more))


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
    start = (position(cursor, "n") or (0,))[0]
    with reading(engine) as conn:
        frame = rollups.days(conn, *days_asked(from_, to))
        own = own_stations(conn, caller, station)
    if own is not None:
        frame = frame.filter(pl.col("station").is_in(own))
    values = domain.indices(frame).sort("station", "period", "index")
    if index is not None:
        values = values.filter(pl.col("index") == index)
    chosen = values.slice(start, limit).with_columns(pl.col("period").cast(pl.String))
    more = encode_cursor({"n": start + limit}) if values.height > start + limit else None
    return json_response(request, page(chosen.to_dicts(), more))


def _answer(figure: Any, digest: str) -> dict[str, Any]:
    return {
        "indicator": figure.indicator,
        "jurisdiction": figure.jurisdiction,
        "period": figure.period,
        "value": figure.value,
        "unit": figure.unit,
        "state": figure.state,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "n": figure.n,
        "expected": figure.expected,
        "coverage": figure.coverage,
        "origin": figure.origin,
        "method": figure.method,
        "stations": list(figure.stations),
        "detail": figure.detail,
        "digest": digest,
    }
