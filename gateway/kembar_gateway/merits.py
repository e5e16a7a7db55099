"""Routes of what was asked of the cooperation: efficient, effective, mutual, low in carbon."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from kembar_gateway import answers, asking, partner, shelves
from kembar_gateway.answers import OutcomeShown
from kembar_gateway.asking import CooperationQuery
from kembar_gateway.reckoning import merits
from kembar_gateway.reckoning.assistance import Balance, assistance
from kembar_gateway.reckoning.terms import span_of
from kembar_gateway.reckoning.values import Value
from kembar_gateway.register.judging import EMISSION_GROUPS, EmissionGroup
from kembar_gateway.register.resources import Contribution
from kembar_gateway.registers import RegisterDep
from kembar_gateway.settings import NowDep, SettingsDep
from kembar_gateway.shelves import Shelf
from kembar_gateway.store import EngineDep
from kembar_gateway.tallies import tally
from kembar_gateway.wire import Measure, Period, State
from kembar_shared.chassis import caching
from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.pages import Page

_SIDES: Final = 2

router = Router(tags=["overviews"])


class Efficiency(BaseModel):
    """What the programmes of an indicator spent in the period, beside what was reached in it.

    That one stands beside the other does not say that it made it.
    """

    indicator: str
    cost: Value
    improvement: Value = Field(description="Against the baseline; of a total to raise, all of it.")
    cost_per_unit: Value
    budget_lines: list[str]


class Effectiveness(BaseModel):
    """How many of the targets in force for the period are reached, of how many."""

    value: float | None
    state: State
    numerator: float | None
    denominator: float | None
    reached: list[str]
    missed: list[str]
    unknown: list[str] = Field(description="Indicators with a target and no number.")
    without_target: list[str]


class MeritsShown(BaseModel):
    """Efficiency, effectiveness and mutuality, each a value or the reason why there is none."""

    cooperation: str
    period: str
    efficiency: list[Efficiency]
    effectiveness: Effectiveness
    mutuality: list[Balance] = Field(
        description="Who gave whom what, by kind and unit: 0 is balance; kinds are never added."
    )


class EmissionsShown(BaseModel):
    """The emission figures of one group of sources; `no_data` where there is none."""

    group: EmissionGroup
    state: State = Field(description="`ok` where any figure has a number; else why none has.")
    outcomes: list[OutcomeShown]


@router.get("/v1/merits", response_model=MeritsShown, responses={400: {}, 404: {}})
@needs("outcomes:read")
def show_merits(
    request: Request,
    engine: EngineDep,
    register: RegisterDep,
    settings: SettingsDep,
    caller: CallerDep,
    now: NowDep,
    cooperation: CooperationQuery = None,
    period: partner.Period_ = None,
) -> Response:
    """Show whether the cooperation was efficient, effective and mutual in a period."""
    asked = partner.period_asked(period)
    code = asking.only(register, caller, cooperation)
    with reading(engine) as conn:
        shelf = shelves.read(conn, register, code, now=now, stale_after_s=settings.stale_after_s)
    of = asked or shelf.last_twelve
    shown = MeritsShown(
        cooperation=code,
        period=str(of),
        efficiency=_efficiency(shelf, of),
        effectiveness=_effectiveness(shelf, of),
        mutuality=_mutuality(shelf, of),
    )
    return caching.json_response(request, shown)


@router.get("/v1/emissions", response_model=Page[EmissionsShown], responses={400: {}, 404: {}})
@needs("outcomes:read")
def list_emissions(
    request: Request,
    engine: EngineDep,
    register: RegisterDep,
    settings: SettingsDep,
    caller: CallerDep,
    now: NowDep,
    cooperation: CooperationQuery = None,
    period: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """List the emission figures of each group of sources: waste, transport, other."""
    asked = partner.period_asked(period)
    code = asking.only(register, caller, cooperation)
    with reading(engine) as conn:
        shelf = shelves.read(conn, register, code, now=now, stale_after_s=settings.stale_after_s)
    found = answers.shown(shelf, asked or shelf.last_twelve, None)
    items = []
    for group in EMISSION_GROUPS:
        own = [each for each in found if each.emission_group == group]
        has_number = any(each.value is not None for each in own)
        states = [each.state for each in own]
        state = State.OK if has_number else states[0] if states else State.NO_DATA
        items.append(EmissionsShown(group=group, state=state, outcomes=own))
    lasting = [answers.without_age(o.model_dump(mode="json")) for i in items for o in i.outcomes]
    etag = caching.etag_of(caching.json_bytes([code, str(asked or shelf.last_twelve), lasting]))
    body = caching.json_bytes({"items": [i.model_dump(mode="json") for i in items], "next": None})
    return caching.conditional(request, etag, lambda: Response(body, media_type="application/json"))


def _efficiency(shelf: Shelf, period: Period) -> list[Efficiency]:
    found = []
    for indicator in shelf.register.indicators_of(shelf.cooperation):
        if indicator.is_reckoned:
            continue
        outcome = shelf.outcome(indicator, period)
        cost, lines = merits.spent_on(shelf.register, indicator, span_of(period))
        gained = merits.improvement(indicator, outcome.value, outcome.state, period)
        found.append(
            Efficiency(
                indicator=indicator.code,
                cost=cost,
                improvement=gained,
                cost_per_unit=merits.per_unit(cost, gained),
                budget_lines=lines,
            )
        )
    return found


def _effectiveness(shelf: Shelf, period: Period) -> Effectiveness:
    terms, without = {}, []
    for indicator in shelf.register.indicators_of(shelf.cooperation):
        outcome = shelf.outcome(indicator, period)
        if outcome.target is None:
            without.append(indicator.code)
            continue
        terms[indicator.code] = merits.reached(
            indicator.code, indicator.direction, outcome.value, outcome.target.value
        )
    several = list(terms.values())
    found = tally(several, Measure.RATIO, period, this_month=shelf.this_month)
    return Effectiveness(
        value=found.value,
        state=found.state,
        numerator=found.numerator,
        denominator=found.denominator,
        reached=[code for code, term in terms.items() if term.numerator == 1],
        missed=[code for code, term in terms.items() if term.numerator == 0],
        unknown=[code for code, term in terms.items() if term.numerator is None],
        without_target=without,
    )


def _mutuality(shelf: Shelf, period: Period) -> list[Balance]:
    register, code = shelf.register, shelf.cooperation
    sides = register.cooperations[code].parties[:_SIDES]
    if len(sides) < _SIDES:
        return []
    found = assistance(
        register.of(code, "contributions", Contribution),
        (sides[0], sides[1]),
        lambda party: register.side_of(code, party),
        period=span_of(period),
    )
    return list(found.balances)
