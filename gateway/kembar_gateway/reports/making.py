"""Make a report of what is stored now, and keep it with its files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from kembar_gateway import shelves, trends
from kembar_gateway import store as gateway_store
from kembar_gateway.register.judging import SERVICE
from kembar_gateway.reports import bundle, canonical, content, facts, restatement, store
from kembar_gateway.reports.canonical import Uncanonical
from kembar_gateway.reports.content import LANGUAGES, Heard, Request, Stored
from kembar_gateway.reports.refusals import NotReportable
from kembar_gateway.reports.store import Known

if TYPE_CHECKING:
    from datetime import datetime

    from kembar_gateway.register.book import Register
    from kembar_gateway.settings import GatewaySettings
    from kembar_gateway.wire import Period
    from kembar_shared.chassis.database import Connection
    from kembar_shared.chassis.messages import Messages

CODES: Final = (
    "state.ok", "state.provisional", "state.below_limit", "state.above_limit",
    "state.insufficient", "state.no_data", "state.not_yet_due", "state.suspended",
    "state.cannot_assess", "origin.real", "origin.stand-in", "origin.synthetic", "cause.method",
    "cause.factor", "cause.disruption", "cause.row", "cause.definition", "cause.baseline",
    "cause.target", "cause.coverage", "cause.family",
    "cause.appeared", "cause.ended", "cause.unexplained", "readme.title", "readme.text",
    "readme.left-out", "finding.no-target", "finding.no-baseline", "finding.baseline-is-target",
    "trend.increasing", "trend.likely_increasing", "trend.none_shown", "trend.likely_decreasing",
    "trend.decreasing", "trend.not_assessable", "trend.improved", "trend.worsened",
    "trend.no_values", "trend.too_short", "trend.too_sparse", "trend.gap", "trend.ends_uncovered",
    "trend.method_changed", "trend.parameters_changed", "trend.stations_changed",
    "trend.seasons_changed", "trend.limit_unknown", "trend.above_range", "trend.mostly_censored",
)  # fmt: skip
"""What a report says in words; each is the message `report.<code>`."""


def texts_of(messages: Messages) -> content.Texts:
    """Return what the codes of a report mean, in every language, places to fill left open."""
    return {
        code: {language: messages.texts[f"report.{code}"][language] for language in LANGUAGES}
        for code in CODES
    }


def generate(
    conn: Connection,
    register: Register,
    settings: GatewaySettings,
    texts: content.Texts,
    *,
    cooperation: str,
    period: Period,
    client: str,
    now: datetime,
) -> Known:
    """Make and store a report of what is known now; what changed since the last one is in it.

    Raises:
        NotReportable: A figure holds a number that JSON cannot carry.
    """
    number = store.next_number(conn, cooperation, str(period))
    before = store.last_published(conn, cooperation, str(period))
    wanted = Request(
        code=code_of(cooperation, period, number),
        cooperation=cooperation,
        period=period,
        this_month=register.this_month(cooperation, now),
        generated_at=now,
        publisher=settings.issuer,
        organisation=settings.iati_organisation,
    )
    try:
        document, files = _written(conn, register, settings, texts, wanted, before)
        sealed = content.sealed(document, bundle.digests_of(files))
    except Uncanonical as error:
        raise NotReportable from error
    known = Known(
        code=wanted.code,
        cooperation=cooperation,
        period=str(period),
        number=number,
        status=store.GENERATED,
        digest=canonical.sha256(sealed),
        supersedes=None if before is None else before.code,
        created_at=now,
        created_by=client,
    )
    store.add(conn, known, sealed.decode(), {name: text.decode() for name, text in files.items()})
    return known


def code_of(cooperation: str, period: Period, number: int) -> str:
    """Return what a report is called, as it may stand in an address and a file's name."""
    return f"{cooperation}_{str(period).replace('/', '_')}_{number}"


def _written(
    conn: Connection,
    register: Register,
    settings: GatewaySettings,
    texts: content.Texts,
    wanted: Request,
    before: Known | None,
) -> tuple[canonical.Json, dict[str, bytes]]:
    """Return the report without the digests of its files, and the files."""
    indicators = register.indicators_of(wanted.cooperation)
    codes = [indicator.code for indicator in indicators]
    stored = [Stored(*dated) for dated in gateway_store.dated_figures_of(conn, codes)]
    stored += [
        Stored(SERVICE, None, figure)
        for figure in register.published_figures_of(wanted.cooperation)
    ]
    shelf = shelves.read(
        conn,
        register,
        wanted.cooperation,
        now=wanted.generated_at,
        stale_after_s=settings.stale_after_s,
    )
    inputs = content.inputs_of(
        wanted,
        indicators,
        stored,
        {each.code: shelf.terms(each, wanted.period) for each in indicators if each.is_reckoned},
        {each.code: shelf.disrupted(each) for each in indicators},
        [
            content.series_of(each.code, each.direction, trends.points(shelf, each))
            for each in indicators
            if not each.is_reckoned
        ],
    )
    document = content.document_of(
        wanted,
        inputs=inputs,
        facts=facts.facts_of(
            register,
            wanted.cooperation,
            today=register.today(wanted.cooperation, wanted.generated_at),
        ),
        indicators=[
            facts.indicator_of(indicator, shelf.revisions.get(indicator.code, ()))
            for indicator in indicators
        ],
        trends={
            code: trends.shown(assessment).model_dump(mode="json")
            for code, assessment in trends.concluded(shelf).items()
        },
        heard=[Heard(f.service, f.fetched_at, f.stale) for f in shelf.freshness.values()],
        texts=texts,
        restatement=None,
    )
    if before is not None:
        document |= {"restatement": _restated(conn, before, document, inputs)}
    return document, bundle.files_of(document, inputs)


def _restated(
    conn: Connection, before: Known, document: canonical.Json, inputs: canonical.Json
) -> canonical.Json:
    said = json.loads(store.document(conn, before.code))
    by = json.loads(store.files(conn, before.code, [bundle.INPUTS])[bundle.INPUTS])
    return {
        "supersedes": before.code,
        "digest": before.digest,
        "changes": restatement.compare(said, by, document, inputs),
    }
