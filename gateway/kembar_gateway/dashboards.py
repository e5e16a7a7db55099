"""The page for people: every outcome in words, numbers and a small picture, without a script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Any, Final

from fastapi import Header, Query, Request, Response

from kembar_gateway import frames, pictures, shelves
from kembar_gateway.frames import Link
from kembar_gateway.outcomes import Freshness, Outcome
from kembar_gateway.pictures import Column
from kembar_gateway.reckoning.judged import judgements
from kembar_gateway.reckoning.terms import span_of
from kembar_gateway.register.book import Register
from kembar_gateway.register.judging import SERVICE, Indicator
from kembar_gateway.registers import RegisterDep
from kembar_gateway.settings import NowDep, SettingsDep
from kembar_gateway.shelves import Shelf
from kembar_gateway.speech import Speech
from kembar_gateway.store import EngineDep
from kembar_gateway.wire import Origin, Period, State
from kembar_shared.chassis import caching
from kembar_shared.chassis.auth import Router, public
from kembar_shared.chassis.database import reading

MOST_COLUMNS: Final = 15

router = Router(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Reading:
    """One outcome in words."""

    period: str
    value: str
    unit: str
    state: str
    state_kind: str
    origin: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A line below a figure."""

    name: str
    text: str
    is_warning: bool = False


@router.get("/")
@public
def show_page(
    request: Request,
    engine: EngineDep,
    register: RegisterDep,
    settings: SettingsDep,
    now: NowDep,
    lang: Annotated[str | None, Query()] = None,
    period: Annotated[str | None, Query()] = None,
    accept_language: Annotated[str | None, Header()] = None,
) -> Response:
    """Show the cooperation's outcomes, or, where they are not public, what this software is."""
    pages = frames.pages_of(request)
    speech = pages.speech(frames.language_for(lang, accept_language))
    if not settings.public_outcomes:
        return frames.closed(request, speech, frames.OUTCOMES)
    cooperation = next(iter(register.cooperations))
    with reading(engine) as conn:
        shelf = shelves.read(
            conn, register, cooperation, now=now, stale_after_s=settings.stale_after_s
        )
    words = _outcomes(shelf, speech, period)
    html = pages.render("outcomes.html", speech, **words)
    return frames.answer(request, html, speech.language)


@router.get("/static/page.css")
@public
def show_style(request: Request) -> Response:
    """Show the page's style sheet."""
    style = (resources.files("kembar_gateway") / "static" / "page.css").read_bytes()
    return caching.conditional(
        request, caching.etag_of(style), lambda: Response(style, media_type="text/css")
    )


def _outcomes(shelf: Shelf, speech: Speech, asked: str | None) -> dict[str, Any]:
    """Return the words of the page of outcomes."""
    period, is_unknown = shelf.last_twelve, False
    try:
        period = period if not asked else Period.parse(asked)
    except ValueError:
        is_unknown, asked = True, None
    register, language = shelf.register, speech.language
    cooperation = register.cooperations[shelf.cooperation]
    found = {i.code: shelf.outcome(i, period) for i in register.indicators_of(shelf.cooperation)}
    areas = [
        {
            "code": area.code,
            "name": area.names.say(language),
            "cards": [
                _card(shelf, speech, indicator, found[indicator.code])
                for indicator in register.indicators_of(shelf.cooperation, area.code)
            ],
        }
        for area in register.focus_areas_of(shelf.cooperation)
    ]
    reckoned = [i for i in register.indicators_of(shelf.cooperation) if i.is_reckoned]
    if reckoned:
        cards = [_card(shelf, speech, each, found[each.code]) for each in reckoned]
        areas.append(
            {"code": "cooperation", "name": speech.say("page.cooperation"), "cards": cards}
        )
    frame = frames.frame(
        speech,
        frames.OUTCOMES,
        name=cooperation.names.say(language),
        heading=speech.say("page.title"),
        lead=speech.say("page.lead"),
        period=asked or "",
    )
    return frame | {
        "period": speech.period(period),
        "is_period_unknown": is_unknown,
        "periods": list(_period_links(shelf, speech, period)),
        "count": _count(list(found.values()), speech),
        "areas": areas,
        "made_at": speech.instant(shelf.now, cooperation.timezone),
    }


def _period_links(shelf: Shelf, speech: Speech, period: Period) -> Iterator[Link]:
    """Offer the last twelve months, and each year in which anything is known."""
    is_default = period == shelf.last_twelve
    yield Link(
        speech.say("page.last-twelve"), frames.href(frames.OUTCOMES, speech.language), is_default
    )
    years = {
        year.period
        for indicator in shelf.register.indicators_of(shelf.cooperation)
        for year in shelf.years(indicator)
        if year.state is not State.NO_DATA
    }
    for year in sorted(years, reverse=True)[:MOST_COLUMNS]:
        href = frames.href(frames.OUTCOMES, speech.language, period=str(year))
        yield Link(speech.period(year), href, year == period and not is_default)


def _count(found: list[Outcome], speech: Speech) -> str:
    having = sum(outcome.value is not None for outcome in found)
    said = [speech.say("page.count", having=having, all=len(found))]
    if having < len(found):
        said.append(speech.say("page.count-latest"))
    return " ".join(said)


def _card(shelf: Shelf, speech: Speech, indicator: Indicator, outcome: Outcome) -> dict[str, Any]:
    """Return the words of one indicator's card."""
    latest = shelf.latest(indicator) if outcome.value is None else None
    known = latest or outcome
    note = shelf.register.note(indicator.note)
    now_said = _read(speech, indicator, outcome)
    return {
        "name": indicator.names.say(speech.language),
        "meaning": indicator.meaning.say(speech.language),
        "value": now_said.value,
        "unit": now_said.unit,
        "state": now_said.state,
        "state_kind": now_said.state_kind,
        "origin": "" if latest else now_said.origin,
        "latest": _read(speech, indicator, latest) if latest else None,
        "facts": list(_facts(shelf.register, speech, indicator, known)),
        "note": note.say(speech.language) if note else "",
    } | _picture(shelf, speech, indicator)


def _read(speech: Speech, indicator: Indicator, outcome: Outcome) -> Reading:
    kinds = {State.OK: "certain", State.PROVISIONAL: "tentative"}
    return Reading(
        period=speech.period(outcome.period),
        value="" if outcome.value is None else speech.number(outcome.value, indicator),
        unit=speech.unit(indicator),
        state=speech.state(outcome),
        state_kind=kinds.get(outcome.state, "unknown"),
        origin=speech.origin(outcome.origin),
    )


def _facts(
    register: Register, speech: Speech, indicator: Indicator, outcome: Outcome
) -> Iterator[Fact]:
    """Yield target, starting point, progress and age, or why there is none."""
    target, baseline = outcome.target, outcome.baseline
    of_target = "" if target is None else speech.period(Period.parse(target.period))
    of_baseline = "" if baseline is None else speech.period(Period.of_year(baseline.year))
    for name, mark, period, why, key in (
        ("target", target, of_target, indicator.targets_note, "target-year"),
        ("baseline", baseline, of_baseline, indicator.baseline_note, "baseline-year"),
    ):
        note = register.note(why)
        if mark is not None:
            value = speech.quantity(mark.value, indicator)
            text = speech.say(f"page.{key}", value=value, year=period)
        else:
            text = note.say(speech.language) if note else speech.say("page.no-target-now")
        yield Fact(speech.say(f"page.{name}"), text)
    if outcome.progress is not None:
        said = speech.say("page.progress-value", value=speech.percent(outcome.progress))
        note = register.note(indicator.progress_note)
        caveat = f" {note.say(speech.language)}" if note else ""
        yield Fact(speech.say("page.progress"), said + caveat)
    for evaluation, judged in judgements(register, indicator, span_of(outcome.period)):
        said = speech.say(
            f"page.judged-{judged.status}",
            text=judged.text.say(speech.language),
            evaluation=evaluation.names.say(speech.language),
        )
        yield Fact(speech.say("page.judged"), said)
    rest = outcome.undisrupted
    if rest is not None:
        few = "-months" if rest.state is State.INSUFFICIENT else ""
        left = speech.say(f"state.{rest.state.value}{few}", n=rest.months, m=rest.months_expected)
        if rest.value is not None:
            left = speech.quantity(rest.value, indicator)
        yield Fact(speech.say("page.undisrupted"), left)
    for source in outcome.sources:
        age = speech.say("page.age-register") if indicator.is_reckoned else _age(speech, source)
        yield Fact(speech.say("page.age"), age, is_warning=source.stale)


def _age(speech: Speech, source: Freshness) -> str:
    if source.service == SERVICE:
        return speech.say("page.age-published")
    if source.age_s is None:
        return speech.say("page.age-never")
    ago = speech.ago(source.age_s)
    return speech.say("page.age-stale", ago=ago) if source.stale else ago


def _picture(shelf: Shelf, speech: Speech, indicator: Indicator) -> dict[str, Any]:
    """Draw the years, or the months of the latest year where no year has a number."""
    row = shelf.years(indicator)[-MOST_COLUMNS:]
    by = speech.say("page.chart-years")
    latest = shelf.latest(indicator)
    if latest is not None and latest.period.year is None:
        year = Period.of_year(latest.period.first // 12)
        row = [shelf.outcome(indicator, month) for month in year.months()]
        by = speech.say("page.chart-months", year=speech.period(year))
    if not row:
        return {"picture": None, "picture_caption": ""}
    points = (
        speech.say(
            "page.chart-point", period=speech.period(o.period), said=_said(speech, indicator, o)
        )
        for o in row
    )
    name = indicator.names.say(speech.language)
    drawn = pictures.draw_columns(
        [_column(speech, indicator, outcome) for outcome in row],
        key=indicator.code.replace(".", "-"),
        title=speech.say("page.chart-title", name=name, by=by),
        description=" ".join(points),
    )
    return {"picture": drawn, "picture_caption": by}


def _said(speech: Speech, indicator: Indicator, outcome: Outcome) -> str:
    if outcome.value is None:
        return speech.state(outcome)
    return speech.quantity(outcome.value, indicator)


def _column(speech: Speech, indicator: Indicator, outcome: Outcome) -> Column:
    year = outcome.period.year
    targets = {target.year: target.value for target in indicator.targets}
    return Column(
        label=str(year or outcome.period.first % 12 + 1),
        value=outcome.value,
        text="" if outcome.value is None else speech.number(outcome.value, indicator),
        target=None if year is None else targets.get(year),
        is_real=outcome.origin is Origin.REAL,
        is_missing=outcome.state is State.NO_DATA,
    )
