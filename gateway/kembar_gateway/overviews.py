"""Routes of what follows from the register: realisation and assistance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Annotated, Final, Literal

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from kembar_gateway import asking
from kembar_gateway.asking import AsOfQuery, CooperationQuery
from kembar_gateway.reckoning import realisation
from kembar_gateway.reckoning.assistance import Balance, assistance
from kembar_gateway.reckoning.realisation import Tally
from kembar_gateway.reckoning.stages import Stage, stages_of
from kembar_gateway.reckoning.values import Ratio
from kembar_gateway.register.activities import Commitment
from kembar_gateway.register.agreements import Agreement
from kembar_gateway.register.book import Register
from kembar_gateway.register.dates import Span
from kembar_gateway.register.parties import Party
from kembar_gateway.register.parts import Text
from kembar_gateway.register.programmes import Programme
from kembar_gateway.register.resources import BudgetLine, Contribution
from kembar_gateway.registers import RegisterDep, RegistersDep
from kembar_gateway.settings import NowDep
from kembar_gateway.wire import Period
from kembar_shared.chassis import caching
from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.pages import Page
from kembar_shared.chassis.problems import BadQuery, NotFound

PLAN_MONTHS: Final = 12

router = Router(tags=["overviews"])

By = Literal["scope", "programme", "party"]


class AgreementRow(BaseModel):
    """How many scopes of an agreement are realised, out of all of them."""

    agreement: str
    realised: Ratio
    evidenced: Ratio


class PlanRow(BaseModel):
    """A commitment with which nothing was done yet."""

    commitment: str
    names: Text
    step: str | None
    since: str
    months: int = Field(description="Whole months since then, at least.")


class RealisationRow(BaseModel):
    """What became of the commitments of one scope, programme or party."""

    code: str
    names: Text
    named: bool = Field(description="False where the source counts it but does not name it.")
    tally: Tally
    stages: list[Stage]


class RealisationShown(Page[RealisationRow]):
    """Rates with their denominators; what is only claimed is realised, but never evidenced."""

    cooperation: str
    by: By
    as_of: datetime | None = Field(description="Null for now.")
    all: Tally
    stages: list[Stage] = Field(description="How long each step took, and what waits for it.")
    agreements: list[AgreementRow]
    complete_plan_items: Ratio = Field(
        description="Items of plans that name owner, date, budget and indicator."
    )
    plan_only: list[PlanRow]


class AssistanceShown(Page[Balance]):
    """What the two sides gave each other, by kind and unit."""

    cooperation: str
    period: str | None
    sides: list[str]
    uncertain: list[str] = Field(description="Contributions that may lie in the period or not.")
    outside: list[str] = Field(description="Contributions not between the two sides.")


@router.get("/v1/realisation", response_model=RealisationShown)
@needs("outcomes:read")
def show_realisation(
    request: Request,
    registers: RegistersDep,
    register: RegisterDep,
    caller: CallerDep,
    now: NowDep,
    cooperation: CooperationQuery = None,
    by: By = "scope",
    as_of: AsOfQuery = None,
    older_than_months: Annotated[int, Query(ge=0, le=1200)] = PLAN_MONTHS,
) -> Response:
    """Show how many commitments were realised, of how many, and which are only a plan."""
    code, at = asking.only(register, caller, cooperation), asking.instant(as_of)
    if at is not None:
        with reading(registers.engine) as conn:
            register = registers.as_of(conn, at)
        if code not in register.cooperations:
            raise NotFound
    commitments = register.of(code, "commitments", Commitment)
    agreements = register.of(code, "agreements", Agreement)
    today = register.today(code, at or now)
    plans = realisation.plan_only(commitments, today=today, months=older_than_months)
    shown = RealisationShown(
        cooperation=code,
        by=by,
        as_of=at,
        all=realisation.tally(commitments),
        stages=stages_of(commitments, today=today),
        agreements=list(_agreements(agreements, commitments)),
        complete_plan_items=realisation.complete_plan_items(
            commitments,
            {line.commitment or "" for line in register.of(code, "budget-lines", BudgetLine)},
        ),
        plan_only=[
            PlanRow(
                commitment=plan.code,
                names=plan.names,
                step=realisation.reached(plan),
                since=plan.steps[0].on,
                months=months,
            )
            for plan, months in plans
        ],
        items=list(_rows(register, code, by, commitments, today)),
        next=None,
    )
    return caching.json_response(request, shown)


@router.get("/v1/assistance", response_model=AssistanceShown)
@needs("outcomes:read")
def show_assistance(
    request: Request,
    register: RegisterDep,
    caller: CallerDep,
    cooperation: CooperationQuery = None,
    period: Annotated[
        str | None,
        Query(max_length=40, description="`2023`, `2023-04` or `2023-01/2023-06`; default: all."),
    ] = None,
) -> Response:
    """Show who gave whom how much of what kind of help; kinds and units are never added up."""
    code = asking.only(register, caller, cooperation)
    days = None if period is None else _days(period)
    sides = register.cooperations[code].parties[:2]
    if len(sides) < 2:
        raise NotFound
    found = assistance(
        register.of(code, "contributions", Contribution),
        (sides[0], sides[1]),
        lambda party: register.side_of(code, party),
        period=days,
    )
    shown = AssistanceShown(
        cooperation=code,
        period=period,
        sides=list(sides),
        uncertain=list(found.uncertain),
        outside=list(found.outside),
        items=list(found.balances),
        next=None,
    )
    return caching.json_response(request, shown)


def _agreements(
    agreements: Sequence[Agreement], commitments: Sequence[Commitment]
) -> Iterator[AgreementRow]:
    for agreement in agreements:
        realised, evidenced = realisation.scopes_realised(
            realisation.by_scope([agreement], commitments)
        )
        yield AgreementRow(agreement=agreement.code, realised=realised, evidenced=evidenced)


def _rows(
    register: Register, code: str, by: By, commitments: Sequence[Commitment], today: date
) -> Iterator[RealisationRow]:
    for key, names, named, own in _groups(register, code, by, commitments):
        tally, stages = realisation.tally(own), stages_of(own, today=today)
        yield RealisationRow(code=key, names=names, named=named, tally=tally, stages=stages)


def _groups(
    register: Register, code: str, by: By, commitments: Sequence[Commitment]
) -> Iterator[tuple[str, Text, bool, list[Commitment]]]:
    """Yield code, names, whether it is named, and the commitments of each scope, …."""
    if by == "scope":
        for agreement in register.of(code, "agreements", Agreement):
            for scope in agreement.scopes:
                key = f"{agreement.code}/{scope.code}"
                yield key, scope.names, scope.named, [c for c in commitments if key in c.scopes]
    elif by == "programme":
        programmes = register.of(code, "programmes", Programme)
        for each in programmes:
            inside = realisation.within(programmes, each.code)
            yield each.code, each.names, True, [c for c in commitments if c.programme in inside]
    else:
        names = {party.code: party.names for party in register.of(code, "parties", Party)}
        for key in dict.fromkeys(party for c in commitments for party in c.parties):
            yield key, names[key], True, [c for c in commitments if key in c.parties]


def _days(period: str) -> Span:
    try:
        parsed = Period.parse(period)
    except ValueError as error:
        raise BadQuery(name="period") from error
    last = parsed.following - 1
    months = [f"{month // 12:04}-{month % 12 + 1:02}" for month in (parsed.first, last)]
    return Span.of(*months)
