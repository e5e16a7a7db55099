"""What the checks found against measurements: why a flag is what it is."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, Request, Response

from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.caching import json_response
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.pages import LimitDep, encode_cursor, page
from kembar_shared.measurement import periods, store
from kembar_shared.measurement.routes.needed import (
    CursorDep,
    EngineDep,
    FromDep,
    LanguageDep,
    MessagesDep,
    ParametersDep,
    StationsDep,
    ToDep,
    ends,
    known_queries,
    own_stations,
    position,
)
from kembar_shared.measurement.routes.shown import rfc3339
from kembar_shared.measurement.routes.words import worded

router = Router(prefix="/v1", tags=["measurements"], dependencies=[Depends(known_queries)])


@router.get("/findings")
@needs("measurements:read")
def list_findings(
    request: Request,
    engine: EngineDep,
    messages: MessagesDep,
    language: LanguageDep,
    caller: CallerDep,
    limit: LimitDep,
    station: StationsDep = None,
    parameter: ParametersDep = None,
    from_: FromDep = None,
    to: ToDep = None,
    cursor: CursorDep = None,
) -> Response:
    """Answer what the checks found against measurements, test by test.

    3 is suspect, 4 failed; a measurement's own flag is the worst of them, or a reviewer's.
    `words` say what the test's code means, in the language of `Accept-Language`.
    """
    after = position(cursor, "s", "t", "n")
    with reading(engine) as conn:
        selection = store.Selection(
            stations=own_stations(conn, caller, station),
            parameters=None if parameter is None else tuple(parameter),
            **ends(from_, to),
        )
        rows = store.checks.read(conn, selection, after=after, limit=limit + 1)
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        following = encode_cursor({"s": last["series_id"], "t": last["time_us"], "n": last["n"]})
    items = [worded(_answer(row), messages, language) for row in rows[:limit]]
    return json_response(request, page(items, following))


def _answer(row: Any) -> dict[str, Any]:
    return {
        "station": row["station"],
        "parameter": row["parameter"],
        "material": row["material"] or None,
        "source": row["source"] or None,
        "time": rfc3339(periods.instant_of_us(row["time_us"])),
        "test": row["test"],
        "flag": row["flag"],
    }
