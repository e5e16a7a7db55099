"""Routes that show reports: the list, one of them, and its forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import Query, Request, Response

from kembar_gateway.identity import IssuerDep
from kembar_gateway.register.book import Register
from kembar_gateway.registers import RegisterDep
from kembar_gateway.reports import bundle, reading, seen, shown, store
from kembar_gateway.reports.shown import ReportDetail, ReportShown
from kembar_gateway.reports.store import Known
from kembar_gateway.store import EngineDep
from kembar_gateway.wire import Period
from kembar_shared.chassis import caching, database, pages
from kembar_shared.chassis.auth import AnyCallerDep, Router, public
from kembar_shared.chassis.database import Connection
from kembar_shared.chassis.pages import LimitDep, Page
from kembar_shared.chassis.problems import BadCursor, BadQuery
from kembar_shared.chassis.verifying import Caller

_ANSWERS: Final[dict[str, str]] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "xml": "application/xml",
    "zip": "application/zip",
}

router = Router(prefix="/v1/reports", tags=["reports"])


@router.get("", response_model=Page[ReportShown])
@public
def list_reports(
    request: Request,
    engine: EngineDep,
    register: RegisterDep,
    caller: AnyCallerDep,
    limit: LimitDep,
    cooperation: Annotated[str | None, Query(max_length=100)] = None,
    period: Annotated[str | None, Query(max_length=40)] = None,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> Response:
    """List published reports, and with a token for outcomes those that are not yet, by code."""
    after = "" if cursor is None else pages.decode_cursor(cursor).get("after")
    if not isinstance(after, str) or "\0" in after:
        raise BadCursor
    try:
        asked = None if period is None else str(Period.parse(period))
    except ValueError as error:
        raise BadQuery(name="period") from error
    joined = seen.joined(register, caller)
    wanted = [code for code in joined if cooperation in (None, code)]
    with database.reading(engine) as conn:
        found = store.listed(
            conn,
            after=after,
            limit=limit + 1,
            cooperations=wanted,
            unpublished_of=wanted if seen.reads_all(caller) else (),
            period=asked,
        )
    items = [shown.report(known, is_told=seen.reads_all(caller)) for known in found[:limit]]
    is_last = len(found) <= limit
    following = None if is_last else pages.encode_cursor({"after": items[-1]["code"]})
    return caching.json_response(request, pages.page(items, following))


Form = Callable[[Connection, Known], bytes]


def _form(request: Request, engine: EngineDep, register: Register, caller: Caller | None,
          code: str, form: str, make: Form) -> Response:  # fmt: skip
    """Answer a report in one of its forms, as a file of its name."""
    with database.reading(engine) as conn:
        known = seen.find(conn, register, caller, code)
        content = make(conn, known)
    name = f'attachment; filename="{code}.{form}"'
    headers = {"Content-Disposition": name, "X-Content-Type-Options": "nosniff"}
    return caching.conditional(
        request,
        caching.etag_of(form, content),
        lambda: Response(content, media_type=_ANSWERS[form], headers=headers),
    )


def _described(form: str) -> dict[int | str, dict[str, Any]]:
    """Return what the schema says of an answer in a form."""
    kind = _ANSWERS[form].partition(";")[0]
    schema = {"type": "object"} if form == "json" else {"type": "string"}
    return {200: {"content": {kind: {"schema": schema}}}}


@router.get("/{code}.json", response_class=Response, responses=_described("json"))
@public
def show_report_json(
    request: Request,
    engine: EngineDep,
    issuer: IssuerDep,
    register: RegisterDep,
    caller: AnyCallerDep,
    code: str,
) -> Response:
    """Answer report, inputs, signatures and keys as one document that can be checked offline."""
    return _form(request, engine, register, caller, code, "json",
                 lambda conn, known: reading.envelope(conn, issuer, known))  # fmt: skip


@router.get("/{code}.csv", response_class=Response, responses=_described("csv"))
@public
def show_report_csv(
    request: Request, engine: EngineDep, register: RegisterDep, caller: AnyCallerDep, code: str
) -> Response:
    """Answer the outcomes of a report as a table."""
    return _form(request, engine, register, caller, code, "csv",
                 lambda conn, known: reading.file(conn, known, bundle.TABLE))  # fmt: skip


@router.get("/{code}.xml", response_class=Response, responses=_described("xml"))
@public
def show_report_xml(
    request: Request, engine: EngineDep, register: RegisterDep, caller: AnyCallerDep, code: str
) -> Response:
    """Answer a report as IATI 2.03 activities."""
    return _form(request, engine, register, caller, code, "xml",
                 lambda conn, known: reading.file(conn, known, bundle.ACTIVITIES))  # fmt: skip


@router.get("/{code}.zip", response_class=Response, responses=_described("zip"))
@public
def show_report_zip(
    request: Request,
    engine: EngineDep,
    issuer: IssuerDep,
    register: RegisterDep,
    caller: AnyCallerDep,
    code: str,
) -> Response:
    """Answer the bundle that `kembar verify` checks and recomputes without a network."""
    return _form(request, engine, register, caller, code, "zip",
                 lambda conn, known: reading.archive(conn, issuer, known))  # fmt: skip


@router.get("/{code}", response_model=ReportDetail)
@public
def show_report(
    request: Request,
    engine: EngineDep,
    issuer: IssuerDep,
    register: RegisterDep,
    caller: AnyCallerDep,
    code: str,
) -> Response:
    """Show a report: its status, its signatures, and what became of their keys."""
    with database.reading(engine) as conn:
        known = seen.find(conn, register, caller, code)
        detail = reading.detail(conn, issuer, known, is_told=seen.reads_all(caller))
    return caching.json_response(request, detail)
