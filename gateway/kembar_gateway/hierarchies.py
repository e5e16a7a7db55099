"""Route of a programme with all that is part of it: what it comes to, everything counted once."""

from __future__ import annotations

from collections import Counter

from fastapi import Request, Response
from pydantic import BaseModel, Field

from kembar_gateway import asking, entering
from kembar_gateway.asking import CooperationQuery
from kembar_gateway.reckoning import realisation
from kembar_gateway.reckoning.realisation import Tally
from kembar_gateway.reckoning.stages import Stage, stages_of
from kembar_gateway.reckoning.wholes import Link, whole_of
from kembar_gateway.register.activities import Activity, Commitment
from kembar_gateway.register.book import Register
from kembar_gateway.register.parts import Text
from kembar_gateway.register.programmes import Programme
from kembar_gateway.registers import RegisterDep
from kembar_gateway.settings import NowDep
from kembar_shared.chassis import caching
from kembar_shared.chassis.auth import CallerDep, Router, needs

router = Router(tags=["overviews"])


class BranchShown(BaseModel):
    """A programme in the hierarchy."""

    code: str
    parent: str | None
    depth: int = Field(description="0 for the programme asked for, 1 for its parts, and so on.")
    names: Text
    level: str | None
    owner: str | None
    own: Tally = Field(description="Of its own commitments, without those of its parts.")


class WholeShown(BaseModel):
    """A programme with its parts; whatever several of them name is counted once."""

    cooperation: str
    programme: str
    programmes: list[BranchShown]
    stations: list[Link] = Field(description="Globs; one that is inside another counts with it.")
    indicators: list[Link]
    all: Tally
    stages: list[Stage]
    activities: dict[str, int] = Field(description="How many there are, by kind.")


@router.get("/v1/programmes/{code}/whole", response_model=WholeShown)
@needs("outcomes:read")
def show_whole(
    request: Request,
    register: RegisterDep,
    caller: CallerDep,
    now: NowDep,
    code: str,
    cooperation: CooperationQuery = None,
) -> Response:
    """Show what a programme and all its parts come to: stations, indicators, commitments."""
    whose = _cooperation_of(register, asking.joined(register, caller, cooperation), code)
    whole = whole_of(register.of(whose, "programmes", Programme), code)
    commitments = register.of(whose, "commitments", Commitment)
    inside = [each for each in commitments if each.programme in whole.codes]
    activities = register.of(whose, "activities", Activity)
    kinds = Counter(each.kind for each in activities if each.programme in whole.codes)
    shown = WholeShown(
        cooperation=whose,
        programme=code,
        programmes=[
            BranchShown(
                code=branch.programme.code,
                parent=branch.programme.parent,
                depth=branch.depth,
                names=branch.programme.names,
                level=branch.programme.level,
                owner=branch.programme.owner,
                own=realisation.tally(c for c in inside if c.programme == branch.programme.code),
            )
            for branch in whole.branches
        ],
        stations=list(whole.stations),
        indicators=list(whole.indicators),
        all=realisation.tally(inside),
        stages=stages_of(inside, today=register.today(whose, now)),
        activities=dict(sorted(kinds.items())),
    )
    return caching.json_response(request, shown)


def _cooperation_of(register: Register, cooperations: list[str], code: str) -> str:
    """Return the one cooperation that has the programme."""
    return entering.one([c for c in cooperations if register.knows(c, "programmes", code)])
