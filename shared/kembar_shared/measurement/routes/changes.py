"""The feed of changes: every insertion, correction, review and retraction, in order."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from kembar_shared.chassis.auth import CallerDep, needs
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

router = APIRouter(prefix="/v1", tags=["changes"], dependencies=[Depends(known_queries)])


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
    was committed, and none comes twice.
    """
    after = position(cursor, "e", "s", "t") or (0, 0, 0)
    place = (after[0], after[1], after[2])
    with reading(engine) as conn:
        selection = store.Selection(
            stations=own_stations(conn, caller, station),
            parameters=None if parameter is None else tuple(parameter),
        )
        rows = store.changes.read(conn, selection, after=place, limit=limit)
    if rows:
        place = (rows[-1]["seq"], rows[-1]["series_id"], rows[-1]["time_us"])
    following = encode_cursor(dict(zip("est", place, strict=True)))
    items = [_answer(row, domain) for row in rows]
    return json_response(request, {"items": items, "next": following})


def _answer(row: Any, domain: DomainDep) -> dict[str, Any]:
    """Say what happened, beside the measurement as it was from then on."""
    change = row["kind"]
    if change == store.events.UPLOADED:
        change = "insertion" if row["revision"] == 1 else "correction"
    return {
        "seq": row["seq"],
        "change": change,
        "client": row["client"],
        "recorded_at": rfc3339(row["recorded_at"]),
        "measurement": version_answer(row, domain),
    }
