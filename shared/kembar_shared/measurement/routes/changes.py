"""The feed of changes: every insertion, correction, review, retraction and change of rules."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, Request, Response

from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.caching import json_response
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.pages import LimitDep, encode_cursor
from kembar_shared.measurement import store
from kembar_shared.measurement.routes.needed import (
    CursorDep,
    DomainDep,
    EngineDep,
    ParametersDep,
    StationsDep,
    known_queries,
    own_stations,
    position,
)
from kembar_shared.measurement.routes.shown import rfc3339, version_answer

router = Router(prefix="/v1", tags=["changes"], dependencies=[Depends(known_queries)])


@router.get("/changes")
@needs("measurements:read")
def list_changes(
    request: Request,
    engine: EngineDep,
    domain: DomainDep,
    caller: CallerDep,
    limit: LimitDep,
    station: StationsDep = None,
    parameter: ParametersDep = None,
    cursor: CursorDep = None,
) -> Response:
    """Answer what changed since *cursor*, in the order in which it was committed.

    `next` is never null: it is where to go on later. No change is ever skipped, however late it
    was committed, and none comes twice. Where other limits or factors moved figures (`rules`), it
    is told of each how it was before and is now; without a station or parameter asked for.
    """
    after = position(cursor, "e", "s", "t") or (0, 0, 0)
    place = (after[0], after[1], after[2])
    with reading(engine) as conn:
        selection = store.Selection(
            stations=own_stations(conn, caller, station),
            parameters=None if parameter is None else tuple(parameter),
        )
        rows = store.changes.read(conn, selection, after=place, limit=limit)
        if not caller.is_narrowed and station is None and parameter is None:
            rows += store.changes.moved(conn, after=place, limit=limit)
            rows = sorted(rows, key=_place)[:limit]
    if rows:
        place = _place(rows[-1])
    following = encode_cursor(dict(zip("est", place, strict=True)))
    items = [_answer(row, domain) for row in rows]
    return json_response(request, {"items": items, "next": following})


def _place(row: Any) -> tuple[int, int, int]:
    return row["seq"], row["series_id"], row["time_us"]


def _answer(row: Any, domain: DomainDep) -> dict[str, Any]:
    """Say what happened, beside the measurement as it was from then on, or the figure before it."""
    change = row["kind"]
    if change == store.events.RULES_CHANGED:
        return _told(row) | {"figure": _figure(row["figure"])}
    if change == store.events.UPLOADED:
        change = "insertion" if row["revision"] == 1 else "correction"
    return _told(row) | {"change": change, "measurement": version_answer(row, domain)}


def _told(row: Any) -> dict[str, Any]:
    return {
        "seq": row["seq"],
        "change": row["kind"],
        "client": row["client"],
        "recorded_at": rfc3339(row["recorded_at"]),
    }


def _figure(row: Any) -> dict[str, Any]:
    """Return a figure as it was, and what the new rules made of it."""
    names = ("jurisdiction", "indicator", "period", "unit", "digest")
    before = {name: row[name] for name in ("value", "state", "method")}
    return {
        **{name: row[name] for name in names},
        "before": before,
        "after": {name: row[f"new_{name}"] for name in before},
    }
