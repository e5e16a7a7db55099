"""What a report says: facts, figures and definitions become one document and its inputs.

Codes are the same in every language and every text is there in all of them, so that a report has
one digest. Nothing here depends on the store, the machine or the present.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from kembar_gateway import marks
from kembar_gateway.reports import canonical, recompute
from kembar_gateway.wire import Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kembar_gateway.combining import Disrupted
    from kembar_gateway.outcomes import Indicator
    from kembar_gateway.reports.canonical import Json
    from kembar_gateway.statistics.series import Point
    from kembar_gateway.tallies import Term
    from kembar_gateway.wire import Figure

FORMAT: Final = "kembar-report@1"
INPUTS_FORMAT: Final = "kembar-inputs@1"
LANGUAGES: Final = ("en", "id", "ja")

Texts = dict[str, dict[str, str]]
"""What codes mean, in each language, by code."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A figure as stored: of which service, and since when it is the current one."""

    service: str
    valid_from: datetime | None
    figure: Figure


@dataclass(frozen=True, slots=True)
class Heard:
    """When a source last confirmed its figures, and whether that is too long ago."""

    service: str
    fetched_at: datetime | None
    stale: bool


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be reported, by whom, and as known when."""

    code: str
    cooperation: str
    period: Period
    this_month: Period
    generated_at: datetime
    publisher: str
    organisation: str


def instant(at: datetime) -> str:
    """Return an instant as reports spell it: UTC, to the microsecond, whatever the store keeps."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def inputs_of(
    wanted: Request,
    indicators: Sequence[Indicator],
    stored: Iterable[Stored],
    terms: Mapping[str, Sequence[Term]],
    disrupted: Mapping[str, Sequence[Disrupted]],
    series: Iterable[Json],
) -> Json:
    """Return everything the outcomes are computed from, in an order of its own.

    Args:
        wanted: What is reported.
        indicators: Definitions of the outcomes, in the order of the report.
        stored: Any figures; those of other indicators, areas and periods are passed over.
        terms: Of each indicator that is reckoned from the register, what its entries add.
        disrupted: Months that were declared to be disrupted, by indicator.
        series: The periods that each trend is told from, as `series_of` spells them.
    """
    areas = {indicator.code: frozenset(indicator.jurisdictions) for indicator in indicators}
    kept = [
        _input(each)
        for each in stored
        if each.figure.jurisdiction in areas.get(each.figure.indicator, ())
        and _lies_in(each.figure, wanted.period)
    ]
    return {
        "format": INPUTS_FORMAT,
        "period": str(wanted.period),
        "this_month": str(wanted.this_month),
        "definitions": [
            _definition(
                each,
                disrupted.get(each.code, ()),
                wanted.period,
                is_reckoned=each.code in terms,
            )
            for each in indicators
        ],
        "terms": [
            _term(code, term)
            for code in sorted(terms)
            for term in sorted(terms[code], key=lambda term: term.entry)
        ],
        "series": sorted(series, key=lambda each: str(each["indicator"])),
        "figures": sorted(kept, key=lambda f: (f["indicator"], f["jurisdiction"], f["period"])),
    }


def series_of(indicator: str, direction: str, points: Iterable[Point]) -> Json:
    """Return the periods of an indicator, all that a trend is told from."""
    return {
        "indicator": indicator,
        "direction": direction,
        "points": [
            {
                "period": point.period,
                "value": point.value,
                "state": point.state.value,
                "method": point.method,
                "parameters": point.parameter_set,
                "stations": point.station_set,
            }
            for point in points
        ],
    }


def document_of(
    wanted: Request,
    *,
    inputs: Json,
    facts: Json,
    indicators: Sequence[Json],
    trends: Mapping[str, Json],
    heard: Iterable[Heard],
    texts: Texts,
    restatement: Json | None,
) -> Json:
    """Return the report without the digests of its files.

    Args:
        wanted: What is reported.
        inputs: As `inputs_of` returns them.
        facts: What the register says of the cooperation.
        indicators: What each indicator is called and means, in the order of the definitions.
        trends: What may be said of how each measured indicator developed.
        heard: Where the figures came from.
        texts: What the codes mean.
        restatement: What changed against the report published before; None for the first.
    """
    used = [*inputs["figures"], *inputs["terms"], *inputs["series"]]
    outcomes = [
        {
            **_outcome(computed, definition, shown, used),
            "trend": trends.get(definition["indicator"]),
        }
        for computed, definition, shown in zip(
            recompute.outcomes_of(inputs), inputs["definitions"], indicators, strict=True
        )
    ]
    return {
        "format": FORMAT,
        "code": wanted.code,
        "cooperation": wanted.cooperation,
        "period": str(wanted.period),
        "generated_at": instant(wanted.generated_at),
        "publisher": wanted.publisher,
        "organisation": wanted.organisation,
        "languages": list(LANGUAGES),
        "texts": texts,
        "register": facts,
        "indicators": list(indicators),
        "outcomes": outcomes,
        "sources": [
            {
                "service": source.service,
                "fetched_at": None if source.fetched_at is None else instant(source.fetched_at),
                "stale": source.stale,
            }
            for source in sorted(heard, key=lambda source: source.service)
        ],
        "restatement": restatement,
    }


def sealed(document: Json, digests: Mapping[str, Json]) -> bytes:
    """Return the canonical bytes of a report that names each of its files by digest and length."""
    return canonical.dumps({**document, "files": dict(digests)})


def _lies_in(figure: Figure, period: Period) -> bool:
    its = Period.parse(figure.period)
    return period.first <= its.first and its.following <= period.following


def _input(stored: Stored) -> Json:
    figure = stored.figure
    spelled = figure.model_dump(mode="json")
    return {
        **{name: spelled[name] for name in recompute.FIGURE_MEMBERS},
        "stations": sorted(figure.stations),
        "service": stored.service,
        "valid_from": None if stored.valid_from is None else instant(stored.valid_from),
    }


def _term(indicator: str, term: Term) -> Json:
    return {
        "indicator": indicator,
        "entry": term.entry,
        "numerator": term.numerator,
        "denominator": term.denominator,
        "side": term.side,
        "method": term.method,
        "digest": term.digest,
    }


def _definition(
    indicator: Indicator, disrupted: Sequence[Disrupted], period: Period, *, is_reckoned: bool
) -> Json:
    baseline = indicator.baseline
    periods = {marks.spelled(t.period): t.value for t in reversed(indicator.period_targets)}
    return {
        "indicator": indicator.code,
        "rule": recompute.TALLY if is_reckoned else recompute.COMBINE,
        "unit": indicator.unit,
        "measure": indicator.measure.value,
        "jurisdictions": list(indicator.jurisdictions),
        "baseline": baseline and {"year": baseline.year, "value": baseline.value},
        "targets": [
            {"year": target.year, "value": target.value}
            for target in sorted(indicator.targets, key=lambda target: target.year)
        ],
        "period_targets": [
            {"period": stated, "value": periods[stated]} for stated in sorted(filter(None, periods))
        ],
        "disrupted": [
            {"disruption": each.code, "period": str(within)}
            for each in disrupted
            if (within := each.period.within(period)) is not None
        ],
    }


def _outcome(computed: Json, definition: Json, indicator: Json, figures: Sequence[Json]) -> Json:
    """Return a computed outcome with the digest of each thing it was computed from."""
    stated = [
        revision
        for revision in indicator["target_revisions"]
        if marks.spelled(revision["period"]) == computed["target_period"]
    ]
    return {
        **computed,
        "target_revision": len(stated) or None,
        "focus_area": indicator["focus_area"],
        "rule": definition["rule"],
        "definition": canonical.digest_of(definition),
        "figures": [
            canonical.digest_of(figure)
            for figure in figures
            if figure["indicator"] == definition["indicator"]
        ],
    }
