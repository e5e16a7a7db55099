"""Read-only routes for the partner city: outcomes, as JSON or as a table."""

from __future__ import annotations

import csv
import io
import json
from typing import Annotated, Any, Final, Literal

from fastapi import Header, Query, Request, Response

from kembar_gateway import answers, asking, shelves
from kembar_gateway.answers import OutcomeShown
from kembar_gateway.asking import AsOfQuery
from kembar_gateway.register.book import Register
from kembar_gateway.registers import RegisterDep, RegistersDep
from kembar_gateway.settings import NowDep, SettingsDep
from kembar_gateway.spreadsheet import NUMBER, cell
from kembar_gateway.store import EngineDep
from kembar_gateway.wire import Period
from kembar_shared.chassis import caching, pages
from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.pages import Page
from kembar_shared.chassis.problems import BadQuery, NotFound
from kembar_shared.chassis.verifying import Caller

router = Router(tags=["outcomes"])

_NESTED: Final = ("sources", "trend", "effect", "target_revision", "undisrupted", "judgements")


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
    registers: RegistersDep,
    register: RegisterDep,
    settings: SettingsDep,
    caller: CallerDep,
    now: NowDep,
    cooperation: Code = None,
    period: Period_ = None,
    indicator: Code = None,
    as_of: AsOfQuery = None,
    format: Annotated[Literal["json", "csv"] | None, Query()] = None,  # noqa: A002  the API's word
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """List outcomes from what is stored; no service is asked.

    The entity tag covers everything but the age of the figures: 304 says that neither a figure
    nor its staleness has changed.
    """
    asked, at = period_asked(period), asking.instant(as_of)
    found: list[OutcomeShown] = []
    with reading(engine) as conn:
        if at is not None:
            register = registers.as_of(conn, at)
        for code in cooperations_asked(register, caller, cooperation):
            shelf = shelves.read(
                conn,
                register,
                code,
                now=now,
                stale_after_s=settings.stale_after_s,
                as_of=at,
            )
            found += answers.shown(shelf, asked or shelf.last_twelve, indicator)
    if indicator is not None and not found:
        raise NotFound
    is_csv = format == "csv" or (format is None and _prefers_csv(accept))
    return _answer(request, found, is_csv=is_csv)


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


def _answer(request: Request, shown: list[OutcomeShown], *, is_csv: bool) -> Response:
    items = [outcome.model_dump(mode="json") for outcome in shown]
    lasting = json.dumps([answers.without_age(item) for item in items], sort_keys=True)
    etag = caching.etag_of("csv" if is_csv else "json", lasting)
    if is_csv:
        table = _table(items)
        return caching.conditional(
            request, etag, lambda: Response(table, media_type="text/csv; charset=utf-8")
        )
    body = json.dumps(pages.page(items, None), ensure_ascii=False, allow_nan=False)
    return caching.conditional(request, etag, lambda: Response(body, media_type="application/json"))


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
    columns = [name for name in OutcomeShown.model_fields if name not in _NESTED]
    columns += ["source", "fetched_at", "age_s", "stale"]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for item in items:
        source = item["sources"][0]
        row = item | source | {"source": source["service"]}
        row |= {name: " ".join(item[name]) for name in ("methods", "disruptions", "findings")}
        writer.writerow([cell(row[name]) for name in columns])
    return out.getvalue()
