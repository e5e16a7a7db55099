"""Reviews: a person's flag on measurements, with its reason; and taking an upload back."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.caching import json_response
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.pages import LimitDep, encode_cursor, page
from kembar_shared.measurement import reviews, store
from kembar_shared.measurement.routes.needed import (
    PLAIN,
    CursorDep,
    EngineDep,
    ends,
    known_queries,
    own_stations,
    position,
)
from kembar_shared.measurement.routes.shown import rfc3339
from kembar_shared.measurement.vocabulary import Flag

router = Router(prefix="/v1", tags=["reviews"], dependencies=[Depends(known_queries)])

Codes = Annotated[list[Annotated[str, Field(max_length=100)]], Field(min_length=1, max_length=500)]
Reason = Annotated[str, Field(min_length=3, max_length=2000, pattern=PLAIN)]
Code = Annotated[str, Field(max_length=100)]
Instant = Annotated[
    str,
    Field(
        max_length=40, description="A day of each station's calendar, or an instant with offset."
    ),
]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", populate_by_name=True)


class NewReview(_Strict):
    """A judgement of measurements; an absent member does not narrow the selection."""

    flag: Annotated[Literal[1, 3, 4], Field(description="1 good, 3 suspect, 4 failed.")]
    reason: Reason
    stations: Codes | None = None
    parameters: Codes | None = None
    material: Code | None = None
    source: Code | None = None
    from_: Annotated[Instant | None, Field(alias="from")] = None
    to: Instant | None = None
    upload: Code | None = Field(default=None, description="Only what came with this upload.")


class Retraction(_Strict):
    """Why an upload is taken back."""

    reason: Reason


@router.post("/reviews", status_code=201, responses={404: {}, 409: {}})
@needs("measurements:review")
def create_review(engine: EngineDep, caller: CallerDep, review: NewReview) -> Response:
    """Give measurements a flag that wins over every check; the values stay as they are."""
    selection = store.Selection(
        stations=None if review.stations is None else tuple(review.stations),
        parameters=None if review.parameters is None else tuple(review.parameters),
        material=review.material,
        source=review.source,
        **ends(review.from_, review.to),
    )
    judgement = reviews.Judgement(Flag(review.flag), review.reason, selection, review.upload)
    return JSONResponse(_answer(reviews.review(engine, judgement, caller=caller)), 201)


@router.post("/uploads/{code}/retraction", status_code=201, responses={404: {}, 409: {}})
@needs("measurements:write")
def retract_upload(
    engine: EngineDep, caller: CallerDep, code: str, retraction: Retraction
) -> Response:
    """Take an own upload back: its values are kept, flagged as missing, and count nowhere."""
    kept = reviews.retract(engine, code, retraction.reason, caller=caller)
    return JSONResponse(_answer(kept), 201)


@router.get("/reviews")
@needs("measurements:read")
def list_reviews(
    request: Request,
    engine: EngineDep,
    caller: CallerDep,
    limit: LimitDep,
    cursor: CursorDep = None,
) -> Response:
    """Answer reviews and retractions in order, each with who made it and why.

    Who is narrowed to some stations sees those that touched one of them.
    """
    after = position(cursor, "n")
    with reading(engine) as conn:
        rows = store.judging.read(
            conn,
            stations=own_stations(conn, caller, None),
            after=after[0] if after else 0,
            limit=limit + 1,
        )
    more = encode_cursor({"n": rows[limit - 1]["seq"]}) if len(rows) > limit else None
    return json_response(request, page([_seen(row, caller) for row in rows[:limit]], more))


def _seen(row: Any, caller: CallerDep) -> dict[str, Any]:
    """Return a review without the stations that the caller may not know of."""
    answer = _answer(row)
    named = answer["selection"]["stations"]
    if named is not None:
        answer["selection"]["stations"] = [code for code in named if caller.sees(code)]
    return answer


def _answer(row: Any) -> dict[str, Any]:
    return {
        "id": row["code"],
        "kind": row["kind"],
        "flag": row["flag"],
        "reason": row["reason"],
        "selection": json.loads(row["selection"]),
        "judged": row["judged"],
        "client": row["client"],
        "recorded_at": rfc3339(row["recorded_at"]),
    }
