"""Outcomes as they are answered, with what may be said of each and what it lacks."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from kembar_gateway import outcomes, trends
from kembar_gateway.outcomes import Outcome
from kembar_gateway.reckoning.judged import judgements
from kembar_gateway.reckoning.terms import span_of
from kembar_gateway.register.judging import EmissionGroup, Indicator
from kembar_gateway.register.parts import Status, Text
from kembar_gateway.shelves import Shelf
from kembar_gateway.trends import TrendShown
from kembar_gateway.wire import Origin, Period, State

if TYPE_CHECKING:
    from kembar_gateway.marks import Aim
    from kembar_gateway.statistics.guard import Assessment


class SourceShown(BaseModel):
    """Who the figures came from, and how old they are."""

    service: str = Field(description="A service, or `register` for values published by others.")
    fetched_at: datetime | None = Field(description="When it last confirmed its figures.")
    age_s: float | None = Field(description="Seconds since then.")
    stale: bool = Field(description="True where that is longer ago than it should be.")


class TargetRevision(BaseModel):
    """How often the target of this period was changed, and why the last time."""

    number: int = Field(description="1 where it stands as it was first stated.")
    former: float | None = Field(description="What it was before.")
    since: datetime
    reason: str


class UndisruptedShown(BaseModel):
    """An outcome without the months of disruptions; `suspended` where none is left."""

    value: float | None
    state: State
    n: int
    coverage: float | None
    months: int
    months_expected: int


class JudgementShown(BaseModel):
    """What an evaluation says of the indicator in words, and on what ground."""

    evaluation: str
    period: str
    text: Text
    status: Status


class OutcomeShown(BaseModel):
    """One indicator in one period; numbers are null wherever the state gives none."""

    cooperation: str
    focus_area: str | None = Field(description="Null for the cooperation itself.")
    indicator: str
    period: str
    value: float | None
    actual: float | None = Field(description="The same as `value`, beside baseline and target.")
    unit: str
    state: State
    coverage: float | None = Field(description="Share of the expected measurements, 0 to 1.")
    n: int = Field(description="Measurements counted; of the cooperation itself, its entries.")
    expected: float
    numerator: float | None = Field(description="Of rates of the cooperation itself.")
    denominator: float | None
    months: int = Field(description="Months of the period with a usable figure.")
    months_expected: int
    baseline: float | None
    baseline_year: int | None
    target: float | None
    target_year: int | None
    target_period: str | None = Field(description="The period that the target was stated for.")
    target_revision: TargetRevision | None
    progress: float | None = Field(description="(actual - baseline) / (target - baseline)")
    achievement: float | None = Field(description="actual / target")
    trend: TrendShown | None = Field(
        description="Null for what is reckoned from the register, which is no measured series."
    )
    emission_group: EmissionGroup | None = Field(
        description="Which sources it is of, where it is an emission."
    )
    disruptions: list[str] = Field(description="What was declared to disrupt the period.")
    undisrupted: UndisruptedShown | None = Field(
        description="The same without the disrupted months; null where nothing disrupts."
    )
    judgements: list[JudgementShown] = Field(
        description="What evaluations say of it in words; never a number."
    )
    findings: list[str] = Field(
        description="What is missing: `no-target`, `no-baseline`, `baseline-is-target`."
    )
    origin: Origin | None = Field(description="The least real of its inputs.")
    methods: list[str]
    sources: list[SourceShown]
    computed_at: datetime


def shown(shelf: Shelf, period: Period, indicator: str | None) -> list[OutcomeShown]:
    """Return the outcomes of a cooperation in a period, or the one of an indicator.

    Args:
        shelf: What they are computed from.
        period: Which period.
        indicator: Code of an indicator; None for all.
    """
    assessed = trends.concluded(shelf)
    return [
        _show(shelf, each, shelf.outcome(each, period), assessed.get(each.code))
        for each in shelf.register.indicators_of(shelf.cooperation)
        if indicator in (None, each.code)
    ]


def _show(
    shelf: Shelf, indicator: Indicator, outcome: Outcome, assessment: Assessment | None
) -> OutcomeShown:
    baseline, target = outcome.baseline, outcome.target
    return OutcomeShown(
        cooperation=indicator.cooperation,
        focus_area=indicator.focus_area,
        indicator=outcome.indicator,
        period=str(outcome.period),
        value=outcome.value,
        actual=outcome.value,
        unit=outcome.unit,
        state=outcome.state,
        coverage=outcome.coverage,
        n=outcome.n,
        expected=outcome.expected,
        numerator=outcome.numerator,
        denominator=outcome.denominator,
        months=outcome.months,
        months_expected=outcome.months_expected,
        baseline=baseline.value if baseline else None,
        baseline_year=baseline.year if baseline else None,
        target=target.value if target else None,
        target_year=target.year if target else None,
        target_period=target.period if target else None,
        target_revision=_revision(shelf, indicator, target),
        progress=outcome.progress,
        achievement=outcome.achievement,
        trend=None if assessment is None else trends.shown(assessment),
        emission_group=indicator.emits,
        disruptions=list(outcome.disruptions),
        undisrupted=None
        if outcome.undisrupted is None
        else UndisruptedShown(**asdict(outcome.undisrupted)),
        judgements=[
            JudgementShown(
                evaluation=evaluation.code, period=said.period, text=said.text, status=said.status
            )
            for evaluation, said in judgements(shelf.register, indicator, span_of(outcome.period))
        ],
        findings=outcomes.findings(outcome),
        origin=outcome.origin,
        methods=list(outcome.methods),
        sources=[
            SourceShown(
                service=source.service,
                fetched_at=source.fetched_at,
                age_s=source.age_s,
                stale=source.stale,
            )
            for source in outcome.sources
        ],
        computed_at=outcome.computed_at,
    )


def _revision(shelf: Shelf, indicator: Indicator, target: Aim | None) -> TargetRevision | None:
    found = None if target is None else shelf.revision(indicator, target)
    if found is None:
        return None
    number, last = found
    return TargetRevision(
        number=number, former=last.former, since=last.changed_at, reason=last.reason
    )


def without_age(item: dict[str, Any]) -> dict[str, Any]:
    """Return an outcome without what changes though nothing happens: its entity tag's content."""
    sources = [{"service": s["service"], "stale": s["stale"]} for s in item["sources"]]
    return {**item, "sources": sources, "computed_at": None}
