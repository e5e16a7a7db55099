"""Uploads: files in, receipts out, refused rows kept for mending."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import polars as pl
from fastapi import BackgroundTasks, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.caching import conditional, etag_of, json_response
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.idempotency import IdempotencyKeyDep
from kembar_shared.chassis.pages import LimitDep, encode_cursor, links, page
from kembar_shared.measurement import ingest, store
from kembar_shared.measurement.problems import (
    FileUnreadable,
    StationsNotYours,
    UnknownUpload,
    UploadRejected,
)
from kembar_shared.measurement.routes import receipts, reception
from kembar_shared.measurement.routes.needed import (
    ZONES,
    CursorDep,
    DomainDep,
    EngineDep,
    LanguageDep,
    MessagesDep,
    bad_query,
    known_queries,
    position,
)
from kembar_shared.measurement.uploads import Declaration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kembar_shared.chassis.problems import Problem

router = Router(prefix="/v1", tags=["uploads"])
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_SHOWN, _SHOWN_CHARACTERS = 100, 200
"""Of the refused cells an answer shows the first; `/rejections` has all of them, whole."""
_CSV = "text/csv; charset=utf-8"
_PART = 1000
_NEXT = links(dict.fromkeys(("read_upload", "list_rejections", "retract_upload"), "code"), "id")
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": receipts.Receipt, "description": "A trial, or the first receipt again"},
    201: {"links": _NEXT, "description": "Stored; everything the receipt counts is durable"},
    **{status: {} for status in (400, 409, 413, 415, 422)},
}
_COLUMNS = ("line", "column", "value", "code", "message", "fix", "raw")


async def _terms(
    request: Request,
    key: IdempotencyKeyDep,
    mode: Annotated[
        Literal["accept-valid", "all-or-nothing"], Query(description="Valid rows, or all or none.")
    ] = "accept-valid",
    dry_run: Annotated[bool, Query(description="Check only; nothing is kept.")] = False,  # noqa: FBT002
    reinstate: Annotated[  # noqa: FBT002
        bool, Query(description="Let a value that was replaced before count again.")
    ] = False,
    timezone: Annotated[
        str | None, Query(max_length=64, description="IANA zone of times without an offset.")
    ] = None,
    decimal: Annotated[Literal["point", "comma"], Query(description="Decimal sign.")] = "point",
    dates: Annotated[Literal["iso", "dmy"], Query(description="Order of dates.")] = "iso",
    layout: Annotated[
        Literal["long", "wide"],
        Query(description="One value per row, or one column per parameter: `bod [mg/L]`."),
    ] = "long",
    sheet: Annotated[
        str | None,
        Query(max_length=255, description="Sheet of a workbook; default: the only one that fits."),
    ] = None,
) -> ingest.Terms:
    settings = request.app.state.settings
    if timezone is not None and timezone not in ZONES:
        raise bad_query("timezone", "Asia/Jakarta")
    declared = Declaration(
        timezone=None if timezone is None else ZoneInfo(timezone),
        decimal=decimal,
        dates=dates,
        layout=layout,
        sheet=sheet,
        rows=settings.upload_rows,
        columns=settings.upload_columns,
        cell_characters=settings.cell_characters,
        decoded_bytes=settings.upload_bytes,
    )
    return ingest.Terms(declared, mode, dry_run, reinstate, key)


@router.post(
    "/uploads",
    status_code=201,
    dependencies=[Depends(known_queries)],
    response_model=receipts.Receipt,
    responses=_ANSWERS,
    openapi_extra={"requestBody": reception.BODY},
)
@needs("measurements:write")
def create_upload(
    request: Request,
    engine: EngineDep,
    domain: DomainDep,
    caller: CallerDep,
    messages: MessagesDep,
    language: LanguageDep,
    file: Annotated[ingest.File, Depends(reception.receive)],
    terms: Annotated[ingest.Terms, Depends(_terms)],
    afterwards: BackgroundTasks,
) -> Response:
    """Store what can be read of an uploaded file and account for every row of it."""
    received = ingest.receive(engine, domain.catalogue, caller=caller, file=file, terms=terms)
    if ingest.is_large(file):
        afterwards.add_task(ingest.tidy, engine)
    receipt = receipts.receipt_of(request, received.receipt)
    shown = received.errors.head(_SHOWN).with_columns(pl.col("raw").str.head(_SHOWN_CHARACTERS))
    first = [_told(row, messages, language) for row in shown.to_dicts()]
    if terms.dry_run:
        trial = {"replayed": False, "dry_run": True, "rejections": None, "id": None}
        return JSONResponse(receipt | trial | {"errors": first})
    if not received.is_replayed:
        receipts.count(request, receipt)
    if not received.receipt["stored"]:
        codes = set(received.errors["code"].to_list())
        kind: type[Problem] = UploadRejected if receipt["received"] else FileUnreadable
        if codes == {"station-not-yours"}:
            kind = StationsNotYours
        raise kind(
            rejected=received.receipt["rejected"],
            errors=first,
            extra={"receipt": receipt | {"replayed": received.is_replayed}},
        )
    return receipts.stored(receipt, is_replayed=received.is_replayed)


@router.get("/uploads/{code}", response_model=receipts.Receipt)
@needs("measurements:write", "measurements:read")
def read_upload(request: Request, engine: EngineDep, caller: CallerDep, code: str) -> Response:
    """Answer the receipt of an upload."""
    with reading(engine) as conn:
        receipt = _own_upload(store.events.upload(conn, code), caller, code)
    return json_response(request, receipts.receipt_of(request, receipt) | {"replayed": False})


@router.get("/uploads/{code}/rejections")
@needs("measurements:write", "measurements:read")
def list_rejections(
    request: Request,
    engine: EngineDep,
    caller: CallerDep,
    messages: MessagesDep,
    language: LanguageDep,
    code: str,
    limit: LimitDep,
    cursor: CursorDep = None,
    format: Annotated[Literal["json", "csv"], Query()] = "json",  # noqa: A002
) -> Response:
    """Answer every failing cell of an upload with its line, its code and how to mend it.

    A page of JSON, or all of them as CSV.
    """
    after = position(cursor, "n")
    with reading(engine) as conn:
        upload = _own_upload(store.events.upload(conn, code), caller, code)
        if format == "csv":
            # What was refused never changes.
            lines = _csv_lines(engine, upload["id"], messages, language)
            return conditional(
                request, etag_of(code, language), lambda: StreamingResponse(lines, media_type=_CSV)
            )
        rows = store.events.rejections(
            conn, upload["id"], after=after[0] if after else 0, limit=limit + 1
        )
    following = encode_cursor({"n": rows[limit - 1]["number"]}) if len(rows) > limit else None
    told = [_told(row, messages, language) for row in rows[:limit]]
    return json_response(request, page(told, following))


def _own_upload(upload: Any, caller: CallerDep, code: str) -> Any:
    """Return an upload of the caller's, or of anybody's where it may read everything."""
    reads_all = caller.may("measurements:read") and caller.stations in {None, ("*",)}
    if upload is None or not (reads_all or upload["client"] == caller.client):
        raise UnknownUpload(upload=code)
    return upload


def _told(row: Any, messages: MessagesDep, language: str) -> dict[str, Any]:
    """Put a failing cell into words."""
    said = {name: row[name] for name in ("line", "column", "value", "expected")}
    sentences = {
        part: messages.say(f"row.{row['code']}.{part}", language, **said)
        for part in ("message", "fix")
    }
    return {name: (dict(row) | sentences)[name] for name in _COLUMNS}


def _csv_lines(
    engine: EngineDep, upload: int, messages: MessagesDep, language: LanguageDep
) -> Iterator[str]:
    """Yield every failing cell as CSV whose cells no spreadsheet takes for formulas."""
    after, rows = 0, None
    while rows is None or len(rows) == _PART:
        out = io.StringIO()
        writer = csv.DictWriter(out, _COLUMNS)
        if rows is None:
            writer.writeheader()
        with reading(engine) as conn:
            rows = store.events.rejections(conn, upload, after=after, limit=_PART)
        for row in rows:
            told = _told(row, messages, language)
            writer.writerow({name: _harmless(value) for name, value in told.items()})
            after = row["number"]
        yield out.getvalue()


def _harmless(value: Any) -> Any:
    is_text = isinstance(value, str) and _NUMBER.fullmatch(value) is None
    if is_text and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return value
