"""Routes of oversight: what was done, what is overdue, evidence drawn, how targets changed."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from kembar_gateway import asking, entering, entries
from kembar_gateway.asking import CooperationQuery
from kembar_gateway.evidence import store as evidence_store
from kembar_gateway.reckoning import sampling, targets
from kembar_gateway.reckoning.composition import Composition, composition
from kembar_gateway.reckoning.deadlines import PLAN_MONTHS, SILENT_MONTHS, Overdue, overdue
from kembar_gateway.reckoning.targets import Known, Revision
from kembar_gateway.register.activities import Activity, Commitment
from kembar_gateway.register.evaluations import Evaluation
from kembar_gateway.register.judging import Indicator
from kembar_gateway.registers import RegisterDep, RegistersDep
from kembar_gateway.settings import NowDep
from kembar_shared.chassis import caching, pages
from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.pages import Page

SAMPLES: Final = 20
MOST_SAMPLES: Final = 500

_MOST_VERSIONS: Final = 10_000

router = Router(tags=["oversight"])


class OverdueShown(Page[Overdue]):
    """What should have happened by today, the longest overdue first."""

    cooperation: str
    today: date


class ChainShown(BaseModel):
    """A piece of evidence, the fact it is said to show, and what that fact leads up to."""

    kind: str
    code: str
    place: str = Field(description="Where in the entry; empty for the entry itself.")
    version: int
    digest: str = Field(description="Of this version of the entry.")
    status: str
    sources: list[dict[str, Any]]  # Any: sources and evidence as the register shows them
    evidence: dict[str, Any]
    file: str | None = Field(description="Where its file is kept; null where it is not.")
    leads_to: list[str]


class SampleShown(Page[ChainShown]):
    """Evidence drawn by lot; the same seed draws the same."""

    cooperation: str
    seed: str
    of: int = Field(description="How many pieces of evidence there are.")


class CompositionShown(BaseModel):
    """What kinds of activities there were."""

    cooperation: str
    activities: Composition


@router.get("/v1/composition", response_model=CompositionShown)
@needs("outcomes:read")
def show_composition(
    request: Request,
    register: RegisterDep,
    caller: CallerDep,
    cooperation: CooperationQuery = None,
) -> Response:
    """Show how many activities only shared knowledge, and how many had vendors in them."""
    code = asking.only(register, caller, cooperation)
    activities = composition(register.of(code, "activities", Activity))
    return caching.json_response(request, CompositionShown(cooperation=code, activities=activities))


@router.get("/v1/overdue", response_model=OverdueShown)
@needs("outcomes:read")
def list_overdue(
    request: Request,
    register: RegisterDep,
    caller: CallerDep,
    now: NowDep,
    cooperation: CooperationQuery = None,
    plan_months: Annotated[int, Query(ge=0, le=1200)] = PLAN_MONTHS,
    silent_months: Annotated[int, Query(ge=0, le=1200)] = SILENT_MONTHS,
) -> Response:
    """List evaluations, recommendations and promises that are overdue, and what is silent."""
    code = asking.only(register, caller, cooperation)
    today = register.today(code, now)
    found = overdue(
        register.of(code, "evaluations", Evaluation),
        register.of(code, "commitments", Commitment),
        register.of(code, "activities", Activity),
        today=today,
        plan_months=plan_months,
        silent_months=silent_months,
    )
    shown = OverdueShown(cooperation=code, today=today, items=found, next=None)
    return caching.json_response(request, shown)


@router.get("/v1/audit-sample", response_model=SampleShown)
@needs("audit:read")
def draw_sample(
    request: Request,
    registers: RegistersDep,
    caller: CallerDep,
    seed: Annotated[str, Query(min_length=1, max_length=100)],
    cooperation: CooperationQuery = None,
    size: Annotated[int, Query(ge=1, le=MOST_SAMPLES)] = SAMPLES,
) -> Response:
    """Draw pieces of evidence by a seed, each with the chain of what it is said to show."""
    code = asking.only(registers.current(), caller, cooperation)
    with reading(registers.engine) as conn:
        register = registers.within(conn, entries.head(conn))
        kept = evidence_store.kept_of(conn, code)
        stored = {
            (version.kind, version.code): version
            for version in entries.current(conn)
            if version.cooperation == code
        }
    own = [entered for entered in register.entries if entered.cooperation == code]
    chains = list(sampling.chains(own))
    items = []
    for chain in sampling.draw(chains, seed=seed, size=size):
        version = stored[chain.kind, chain.code]
        items.append(
            ChainShown(
                kind=chain.kind,
                code=chain.code,
                place=chain.place,
                version=version.version,
                digest=version.digest,
                status=chain.fact.status,
                sources=[source.model_dump() for source in chain.fact.sources],
                evidence=chain.evidence.model_dump(),
                file=f"/v1/evidence/{chain.evidence.sha256}?cooperation={code}"
                if chain.evidence.sha256 in kept
                else None,
                leads_to=[f"{kind}/{named}" for kind, named in sampling.grounds(chain, own)],
            )
        )
    shown = SampleShown(cooperation=code, seed=seed, of=len(chains), items=items, next=None)
    return caching.json_response(request, shown)


@router.get("/v1/indicators/{code}/targets", response_model=Page[Revision])
@needs("outcomes:read")
def list_target_revisions(
    request: Request,
    registers: RegistersDep,
    caller: CallerDep,
    code: str,
    cooperation: CooperationQuery = None,
) -> Response:
    """List every target an indicator ever had, who changed it and why."""
    asked = asking.joined(registers.current(), caller, cooperation)
    with reading(registers.engine) as conn:
        found = entries.find(conn, "indicators", entering.clean(code), asked)
        place = entering.one(found).place
        versions = entries.versions(conn, place, after=0, limit=_MOST_VERSIONS)
    known = [
        Known(
            Indicator.model_validate_json(each.body),
            each.version,
            each.valid_from,
            each.changed_by,
            each.reason,
        )
        for each in versions
    ]
    return caching.json_response(request, pages.page(targets.revisions(known), None))
