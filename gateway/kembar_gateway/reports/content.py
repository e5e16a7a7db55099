"""What a report says: facts, figures and definitions become one document and its inputs.

Codes are the same in every language and every text is there in all of them, so that a report has
one digest. Nothing here depends on the store, the machine or the present.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from kembar_gateway.reports import canonical, recompute
from kembar_gateway.wire import Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kembar_gateway.outcomes import Indicator
    from kembar_gateway.reports.canonical import Json
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


def inputs_of(wanted: Request, indicators: Sequence[Indicator], stored: Iterable[Stored]) -> Json:
    """Return everything the outcomes are computed from, in an order of its own.

    Args:
        wanted: What is reported.
        indicators: Definitions of the outcomes, in the order of the report.
        stored: Any figures; those of other indicators, areas and periods are passed over.
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
        "definitions": [_definition(indicator) for indicator in indicators],
        "figures": sorted(kept, key=lambda f: (f["indicator"], f["jurisdiction"], f["period"])),
    }


def document_of(
    wanted: Request,
    *,
    inputs: Json,
    facts: Json,
    indicators: Sequence[Json],
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
        heard: Where the figures came from.
        texts: What the codes mean.
        restatement: What changed against the report published before; None for the first.
    """
    outcomes = [
        _outcome(computed, definition, shown, inputs["figures"])
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


def _definition(indicator: Indicator) -> Json:
    baseline = indicator.baseline
    return {
        "indicator": indicator.code,
        "rule": recompute.RULE,
        "unit": indicator.unit,
        "measure": indicator.measure.value,
        "jurisdictions": list(indicator.jurisdictions),
        "baseline": baseline and {"year": baseline.year, "value": baseline.value},
        "targets": [
            {"year": target.year, "value": target.value}
            for target in sorted(indicator.targets, key=lambda target: target.year)
        ],
    }


def _outcome(computed: Json, definition: Json, indicator: Json, figures: Sequence[Json]) -> Json:
    """Return a computed outcome with the digest of each thing it was computed from."""
    return {
        **computed,
        "focus_area": indicator["focus_area"],
        "rule": definition["rule"],
        "definition": canonical.digest_of(definition),
        "figures": [
            canonical.digest_of(figure)
            for figure in figures
            if figure["indicator"] == definition["indicator"]
        ],
    }
