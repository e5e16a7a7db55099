"""Read-only routes for the partner city: outcomes, as JSON or as a table."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Header, Query, Request, Response
from pydantic import BaseModel, Field

from kembar_gateway import store, trends
from kembar_gateway.outcomes import Outcome
from kembar_gateway.register.book import Register
from kembar_gateway.register.judging import Indicator
from kembar_gateway.registers import RegisterDep
from kembar_gateway.settings import NowDep, SettingsDep
from kembar_gateway.spreadsheet import NUMBER, cell
from kembar_gateway.store import EngineDep, Shelf
from kembar_gateway.trends import TrendShown
from kembar_gateway.wire import Origin, Period, State
from kembar_shared.chassis import caching, pages
from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.pages import Page
from kembar_shared.chassis.problems import BadQuery, NotFound
from kembar_shared.chassis.verifying import Caller

if TYPE_CHECKING:
    from kembar_gateway.statistics.guard import Assessment

router = Router(tags=["outcomes"])


class SourceShown(BaseModel):
    """Who the figures came from, and how old they are."""

    service: str = Field(description="A service, or `register` for values published by others.")
    fetched_at: datetime | None = Field(description="When it last confirmed its figures.")
    age_s: float | None = Field(description="Seconds since then.")
    stale: bool = Field(description="True where that is longer ago than it should be.")


class OutcomeShown(BaseModel):
    """One indicator in one period; numbers are null wherever the state gives none."""

    cooperation: str
    focus_area: str
    indicator: str
    period: str
    value: float | None
    actual: float | None = Field(description="The same as `value`, beside baseline and target.")
    unit: str
    state: State
    coverage: float | None = Field(description="Share of the expected measurements, 0 to 1.")
    n: int = Field(description="Measurements counted.")
    expected: float
    months: int = Field(description="Months of the period with a usable figure.")
    months_expected: int
    baseline: float | None
    baseline_year: int | None
    target: float | None
    target_year: int | None
    progress: float | None = Field(description="(actual - baseline) / (target - baseline)")
    achievement: float | None = Field(description="actual / target")
    trend: TrendShown | None
    origin: Origin | None = Field(description="The least real of its inputs.")
    methods: list[str]
    sources: list[SourceShown]
    computed_at: datetime


Period_ = Annotated[
    str | None,
    Query(max_length=40, description="`2023`, `2023-04` or `2023-01/2023-06`; last 12 months."),
]
Code = Annotated[str | None, Query(max_length=100)]


@router.get(
    "/v1/outcomes",
    response_model=Page[OutcomeShown],
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
@needs("outcomes:read")
def list_outcomes(
    request: Request,
    engine: EngineDep,
    register: RegisterDep,
    settings: SettingsDep,
    caller: CallerDep,
    now: NowDep,
    cooperation: Code = None,
    period: Period_ = None,
    indicator: Code = None,
    format: Annotated[Literal["json", "csv"] | None, Query()] = None,  # noqa: A002  the API's word
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """List outcomes from what is stored; no service is asked.

    The entity tag covers everything but the age of the figures: 304 says that neither a figure
    nor its staleness has changed.
    """
    asked = period_asked(period)
    answers: list[OutcomeShown] = []
    with reading(engine) as conn:
        for code in cooperations_asked(register, caller, cooperation):
            shelf = store.read_shelf(
                conn, register, code, now=now, stale_after_s=settings.stale_after_s
            )
            answers += shown(shelf, asked or shelf.last_twelve, indicator)
    if indicator is not None and not answers:
        raise NotFound
    is_csv = format == "csv" or (format is None and _prefers_csv(accept))
    return _answer(request, answers, is_csv=is_csv)


def period_asked(text: str | None) -> Period | None:
    """Return the period that a query asks for; None where it asks for none.

    Raises:
        BadQuery: It is no period.
    """
    try:
        return None if text is None else Period.parse(text)
    except ValueError as error:
        raise BadQuery(name="period") from error


def cooperations_asked(register: Register, caller: Caller, asked: str | None) -> list[str]:
    """Return the cooperations to answer for.

    Raises:
        NotFound: The one asked for is not known, or not to the caller.
    """
    joined = [cooperation.code for cooperation in register.joined_by(caller)]
    if asked is None:
        return joined
    if asked not in joined:
        raise NotFound
    return [asked]


def shown(shelf: Shelf, period: Period, indicator: str | None) -> list[OutcomeShown]:
    """Return the outcomes of a cooperation in a period, or the one of an indicator.

    Args:
        shelf: What they are computed from.
        period: Which period.
        indicator: Code of an indicator; None for all.
    """
    assessed = trends.concluded(shelf)
    return [
        _show(each, shelf.outcome(each, period), assessed[each.code])
        for each in shelf.register.indicators_of(shelf.cooperation)
        if indicator in (None, each.code)
    ]


def _show(indicator: Indicator, outcome: Outcome, assessment: Assessment) -> OutcomeShown:
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
        months=outcome.months,
        months_expected=outcome.months_expected,
        baseline=baseline.value if baseline else None,
        baseline_year=baseline.year if baseline else None,
        target=target.value if target else None,
        target_year=target.year if target else None,
        progress=outcome.progress,
        achievement=outcome.achievement,
        trend=trends.shown(assessment),
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


def _answer(request: Request, shown: list[OutcomeShown], *, is_csv: bool) -> Response:
    items = [outcome.model_dump(mode="json") for outcome in shown]
    lasting = json.dumps([without_age(item) for item in items], sort_keys=True)
    etag = caching.etag_of("csv" if is_csv else "json", lasting)
    if is_csv:
        table = _table(items)
        return caching.conditional(
            request, etag, lambda: Response(table, media_type="text/csv; charset=utf-8")
        )
    body = json.dumps(pages.page(items, None), ensure_ascii=False, allow_nan=False)
    return caching.conditional(request, etag, lambda: Response(body, media_type="application/json"))


def without_age(item: dict[str, Any]) -> dict[str, Any]:
    """Return an outcome without what changes though nothing happens: its entity tag's content."""
    sources = [{"service": s["service"], "stale": s["stale"]} for s in item["sources"]]
    return {**item, "sources": sources, "computed_at": None}


def _prefers_csv(accept: str) -> bool:
    """Say whether an Accept header asks for CSV rather than JSON."""
    weights: dict[str, float] = {}
    for one in accept.split(","):
        media_type, *parameters = (part.strip() for part in one.split(";"))
        weight = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        weights[media_type.lower()] = float(weight) if NUMBER.fullmatch(weight) else 0.0
    others = ("application/json", "application/*", "*/*")
    return weights.get("text/csv", 0.0) > max(weights.get(other, 0.0) for other in others)


def _table(items: list[dict[str, Any]]) -> str:
    """Return outcomes as CSV, one source per row's columns, safe to open in a spreadsheet."""
    columns = [name for name in OutcomeShown.model_fields if name not in ("sources", "trend")]
    columns += ["source", "fetched_at", "age_s", "stale"]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for item in items:
        source = item["sources"][0]
        row = item | source | {"source": source["service"], "methods": " ".join(item["methods"])}
        writer.writerow([cell(row[name]) for name in columns])
    return out.getvalue()
