"""The partner's feed over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from kembar_gateway import feed
from kembar_gateway.registers import RegisterDep
from kembar_gateway.store import EngineDep
from kembar_shared.chassis import caching, pages
from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.pages import LimitDep
from kembar_shared.chassis.problems import BadCursor

router = Router(tags=["outcomes"])


class ChangeShown(BaseModel):
    """A change: of a figure that outcomes are made from, of a report, or of the register."""

    seq: int
    at: datetime
    change: Literal[
        "figure",
        "report-published",
        "report-countersigned",
        "register-changed",
        "target-changed",
    ]
    cooperation: str
    indicator: str | None = Field(
        description="Whose figure or target changed; null for reports and entries."
    )
    detail: dict[str, Any]


class Changes(BaseModel):
    """A page of the feed; `next` is never null: it is where to go on later."""

    items: list[ChangeShown]
    next: str


@router.get("/v1/changes", response_model=Changes)
@needs("outcomes:read")
def list_changes(
    request: Request,
    engine: EngineDep,
    register: RegisterDep,
    caller: CallerDep,
    limit: LimitDep,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> Response:
    """Answer what changed in outcomes, reports and register since *cursor*, in order of commits.

    No change is ever skipped, however late it was committed, and none comes twice.
    """
    after = 0 if cursor is None else pages.decode_cursor(cursor).get("seq")
    if type(after) is not int or not 0 <= after < 2**63:
        raise BadCursor
    joined = [cooperation.code for cooperation in register.joined_by(caller)]
    known = [each for code in joined for each in register.indicators_of(code)]
    areas: dict[str, set[str]] = {}
    for each in known:
        areas.setdefault(each.code, set()).update(each.jurisdictions)
    whose = {(each.code, area): each.cooperation for each in known for area in each.jurisdictions}
    with reading(engine) as conn:
        found, last = feed.read(conn, after=after, limit=limit, cooperations=joined, areas=areas)
    items = [
        feed.shown(
            told,
            told.news.cooperation
            or whose[told.news.indicator or "", told.news.detail["jurisdiction"]],
        )
        for told in found
    ]
    following = pages.encode_cursor({"seq": last})
    return caching.json_response(request, {"items": items, "next": following})
