"""Route of effects: what measures changed beside places where they were not taken."""

from __future__ import annotations

from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from fastapi import Request, Response
from pydantic import BaseModel, Field

from kembar_gateway import asking, entries, store
from kembar_gateway.asking import CooperationQuery
from kembar_gateway.register.interventions import Intervention
from kembar_gateway.register.judging import Indicator
from kembar_gateway.register.parts import Text
from kembar_gateway.registers import RegistersDep
from kembar_shared.chassis import caching
from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.pages import Page

if TYPE_CHECKING:
    from kembar_gateway.entries import Version
    from kembar_gateway.reckoning.effects import Judged
    from kembar_gateway.statistics.regression import Estimate
    from kembar_shared.chassis.database import Connection

_MOST_VERSIONS: Final = 10_000

router = Router(tags=["overviews"])


class EstimateShown(BaseModel):
    """An estimate with its confidence interval of 95 %."""

    value: float
    lower: float
    upper: float
    p: float = Field(description="Of this test alone.")


class EffectShown(BaseModel):
    """What may be said of one measure; `contributed_to_…` never says that nothing else did."""

    intervention: str
    names: Text
    indicator: str
    unit: str
    reach: str
    control: str | None
    started: str
    declared_at: datetime = Field(description="Since when the register holds this design.")
    wording: str = Field(
        description="`contributed_to_improvement`, `contributed_to_worsening`, `no_effect_shown` "
        "or `not_assessable`."
    )
    reason: str | None = Field(description="Why it is not assessable.")
    months: int = Field(description="Length of the periods that were compared.")
    before: int = Field(description="Pairs before it began.")
    after: int
    jump: EstimateShown | None = Field(
        description="How far the reach moved away from its control, in the indicator's unit."
    )
    drift: EstimateShown | None = Field(
        description="How the two moved apart each year before it began."
    )
    p_adjusted: float | None = Field(description="p of the jump among all these tests.")


class Effects(Page[EffectShown]):
    """The measures of a cooperation, judged together."""

    cooperation: str


@router.get("/v1/effects", response_model=Effects)
@needs("outcomes:read")
def list_effects(
    request: Request,
    registers: RegistersDep,
    caller: CallerDep,
    cooperation: CooperationQuery = None,
) -> Response:
    """Say of each intervention whether its place changed beside the control named beforehand."""
    # Numpy and what lies behind it cost every start; most starts ask for no effect.
    from kembar_gateway.reckoning import effects  # noqa: PLC0415

    code = asking.only(registers.current(), caller, cooperation)
    with reading(registers.engine) as conn:
        register = registers.within(conn, entries.head(conn))
        measures = register.of(code, "interventions", Intervention)
        named = {each.indicator for each in measures}
        figures = [figure for _, _, figure in store.dated_figures_of(conn, named)]
        declared = [_declared(conn, code, each) for each in measures]
    judged = [
        effects.judge(each, register.today(code, at), figures)
        for each, at in zip(measures, declared, strict=True)
    ]
    indicators = {each.code: each for each in register.of(code, "indicators", Indicator)}
    ascending = [indicators[each.indicator].direction == "up" for each in measures]
    said = effects.wordings(judged, ascending)
    shown = Effects(
        cooperation=code,
        items=[
            _shown(each, indicators[each.indicator].unit, at, judgement, *words)
            for each, at, judgement, words in zip(measures, declared, judged, said, strict=True)
        ],
        next=None,
    )
    return caching.json_response(request, shown)


def _declared(conn: Connection, cooperation: str, measure: Intervention) -> datetime:
    """Return since when the register has held the design that is in force now."""
    (current,) = entries.find(conn, "interventions", measure.code, [cooperation])
    versions = entries.versions(conn, current.place, after=0, limit=_MOST_VERSIONS)
    same = list(takewhile(lambda each: _design(each) == measure.design, reversed(versions)))
    return same[-1].valid_from


def _design(version: Version) -> tuple[object, ...]:
    return Intervention.model_validate_json(version.body).design


def _shown(
    measure: Intervention,
    unit: str,
    declared_at: datetime,
    judged: Judged,
    wording: str,
    p: float | None,
) -> EffectShown:
    effect = judged.effect
    return EffectShown(
        intervention=measure.code,
        names=measure.names,
        indicator=measure.indicator,
        unit=unit,
        reach=measure.reach,
        control=measure.control,
        started=measure.started.on,
        declared_at=declared_at,
        wording=wording,
        reason=judged.obstacle,
        months=judged.months,
        before=effect.before if effect else 0,
        after=effect.after if effect else 0,
        jump=_estimate(effect.level) if effect else None,
        drift=_estimate(effect.drift) if effect else None,
        p_adjusted=None if p is None else _short(p),
    )


def _estimate(estimate: Estimate | None) -> EstimateShown | None:
    if estimate is None:
        return None
    return EstimateShown(
        value=_short(estimate.value),
        lower=_short(estimate.lower),
        upper=_short(estimate.upper),
        p=_short(estimate.p),
    )


def _short(number: float) -> float:
    """Round to six digits: libraries differ in the last ones, and nobody reads them."""
    return float(f"{number:.6g}")
