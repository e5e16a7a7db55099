"""Routes of the steps of reports: making, reviewing, publishing, countersigning them."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from pydantic_core import to_jsonable_python

from kembar_gateway.identity import IssuerDep
from kembar_gateway.registers import RegisterDep
from kembar_gateway.reports import making, reading, seen, steps
from kembar_gateway.reports.shown import (
    Countersignature,
    NewReport,
    ReportDetail,
    ReportMade,
)
from kembar_gateway.reports.store import Known
from kembar_gateway.settings import NowDep, SettingsDep
from kembar_gateway.store import EngineDep
from kembar_gateway.wire import Period
from kembar_shared.chassis import audit, caching, database, idempotency, pages
from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.database import Connection
from kembar_shared.chassis.idempotency import IdempotencyKeyDep
from kembar_shared.chassis.problems import NotFound

OPERATION: Final = "POST /v1/reports"

_NEXT: Final = dict.fromkeys(
    ("show_report", "review_report", "publish_report", "countersign_report"), "code"
)
"""What may be done with a report that was made, each with the parameter that names it."""

router = Router(prefix="/v1/reports", tags=["reports"])


@router.post(
    "",
    status_code=201,
    response_model=ReportMade,
    responses={
        200: {"model": ReportMade},
        201: {"links": pages.links(_NEXT, "code")},
    },
)
@needs("reports:publish")
def create_report(
    request: Request,
    wanted: NewReport,
    engine: EngineDep,
    issuer: IssuerDep,
    register: RegisterDep,
    settings: SettingsDep,
    caller: CallerDep,
    now: NowDep,
    key: IdempotencyKeyDep,
) -> JSONResponse:
    """Make a report of what is known now; another client reviews it, then it can be published."""
    if wanted.cooperation not in seen.joined(register, caller):
        raise NotFound
    texts = making.texts_of(request.app.state.messages)
    fingerprint = hashlib.sha256(wanted.model_dump_json().encode()).hexdigest()
    with database.writing(engine) as conn:
        if key is not None:
            before = idempotency.recall(conn, caller.client, OPERATION, key, fingerprint)
            if before is not None:
                return JSONResponse(json.loads(before.body) | {"replayed": True})
        known = making.generate(
            conn,
            register,
            settings,
            texts,
            cooperation=wanted.cooperation,
            period=Period.parse(wanted.period),
            client=caller.client,
            now=now,
        )
        detail = reading.detail(conn, issuer, known, is_told=True)
        made: dict[str, Any] = to_jsonable_python(detail | {"replayed": False})
        if key is not None:
            idempotency.remember(
                conn, caller.client, OPERATION, key, fingerprint, 201, json.dumps(made)
            )
        audit.append(conn, [steps.told(known, caller.client, "generated")])
    return JSONResponse(made, status_code=201)


@router.post("/{code}/review", response_model=ReportDetail)
@needs("reports:publish", "register:write")
def review_report(
    engine: EngineDep,
    issuer: IssuerDep,
    register: RegisterDep,
    caller: CallerDep,
    now: NowDep,
    code: str,
) -> Response:
    """Say, as another client than the one that made it, that a report may be published."""
    with database.writing(engine) as conn:
        seen.find(conn, register, caller, code)
        known = steps.review(conn, code, client=caller.client, now=now)
        audit.append(conn, [steps.told(known, caller.client, "reviewed")])
        return _detail(conn, issuer, known)


@router.post("/{code}/publish", response_model=ReportDetail)
@needs("reports:publish")
def publish_report(
    engine: EngineDep,
    issuer: IssuerDep,
    register: RegisterDep,
    caller: CallerDep,
    now: NowDep,
    code: str,
) -> Response:
    """Sign a reviewed report with the gateway's key; nothing of it changes any more."""
    with database.writing(engine) as conn:
        seen.find(conn, register, caller, code)
        known = steps.publish(conn, issuer, code, client=caller.client, now=now)
        audit.append(conn, [steps.told(known, caller.client, "published")])
        return _detail(conn, issuer, known)


@router.post("/{code}/countersignatures", status_code=201, response_model=ReportDetail)
@needs("outcomes:read")
def countersign_report(
    engine: EngineDep,
    issuer: IssuerDep,
    register: RegisterDep,
    caller: CallerDep,
    now: NowDep,
    code: str,
    sent: Countersignature,
) -> Response:
    """Add the signature of a partner, made by a key that is registered for this client."""
    with database.writing(engine) as conn:
        seen.find(conn, register, caller, code)
        known = steps.countersign(conn, code, sent.model_dump(), client=caller.client, now=now)
        audit.append(conn, [steps.told(known, caller.client, "countersigned")])
        return _detail(conn, issuer, known, status=201)


def _detail(conn: Connection, issuer: IssuerDep, known: Known, *, status: int = 200) -> Response:
    detail = reading.detail(conn, issuer, known, is_told=True)
    return Response(caching.json_bytes(detail), status, media_type="application/json")
