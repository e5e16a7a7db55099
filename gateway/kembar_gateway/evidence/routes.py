"""Routes of evidence: who keeps which file, sending one, fetching one."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from kembar_gateway import asking
from kembar_gateway.asking import CooperationQuery
from kembar_gateway.evidence import media, naming, store
from kembar_gateway.evidence.naming import Named
from kembar_gateway.evidence.reception import ReceivedDep
from kembar_gateway.evidence.store import Kept
from kembar_gateway.registers import RegisterDep, RegistersDep
from kembar_gateway.settings import NowDep
from kembar_shared.chassis import audit, caching, pages
from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.database import reading, writing
from kembar_shared.chassis.pages import LimitDep, Page
from kembar_shared.chassis.problems import (
    BadCursor,
    InvalidRequest,
    MissingScope,
    NotFound,
    UnsupportedMediaType,
)

_MAY_FETCH: Final = frozenset({"register:write", "measurements:read", "audit:read"})
_NAME: Final = r'^[^\x00-\x1f\x7f/\\<>:"|?*]+$'

Digest = Annotated[
    str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the file, hexadecimal.")
]

router = Router(prefix="/v1/evidence", tags=["evidence"])


class EvidenceDiffers(InvalidRequest):
    """The file that came in has another digest than the address; params: `computed`."""

    slug = "evidence-differs"


class EvidenceUnnamed(InvalidRequest):
    """No entry of the cooperation names a file with this digest; params: `sha256`."""

    slug = "evidence-unnamed"


class EvidenceEmpty(InvalidRequest):
    """The file has no bytes."""

    slug = "evidence-empty"


class FileShown(BaseModel):
    """A file that is kept."""

    media_type: str = Field(description="By what it holds, not by what it is called.")
    name: str | None = Field(description="What its sender called it.")
    bytes: int
    added_at: datetime
    added_by: str


class EvidenceRow(BaseModel):
    """A file that the register names, and whether it is kept here."""

    sha256: str
    title: str | None = Field(description="As the register has it; null where it names it no more.")
    named_by: list[str] = Field(description="`kind/code` of the entries that name it now.")
    file: FileShown | None = Field(description="Null where only the digest is known.")


class EvidenceShown(Page[EvidenceRow]):
    """The evidence of a cooperation, by digest."""

    cooperation: str


@router.get("", response_model=EvidenceShown)
@needs("outcomes:read")
def list_evidence(
    request: Request,
    registers: RegistersDep,
    register: RegisterDep,
    caller: CallerDep,
    limit: LimitDep,
    cooperation: CooperationQuery = None,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> Response:
    """List every file of evidence that the register names, and which of them are kept here."""
    code = asking.only(register, caller, cooperation)
    after = "" if cursor is None else pages.decode_cursor(cursor).get("after")
    if not isinstance(after, str):
        raise BadCursor
    named = naming.named_in(register, code)
    with reading(registers.engine) as conn:
        kept = store.kept_of(conn, code)
    digests = sorted(digest for digest in {*named, *kept} if digest > after)
    items = [_row(digest, named.get(digest), kept.get(digest)) for digest in digests[:limit]]
    is_last = len(digests) <= limit
    following = None if is_last else pages.encode_cursor({"after": items[-1].sha256})
    shown = EvidenceShown(cooperation=code, items=items, next=following)
    return caching.json_response(request, shown)


_ANY_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "The file as it is.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.put(
    "/{sha256}",
    status_code=201,
    response_model=EvidenceRow,
    responses={200: {"model": EvidenceRow}},
    openapi_extra=_ANY_FILE,
)
@needs("register:write")
def send_evidence(
    registers: RegistersDep,
    register: RegisterDep,
    caller: CallerDep,
    now: NowDep,
    sha256: Digest,
    received: ReceivedDep,
    cooperation: CooperationQuery = None,
    name: Annotated[str | None, Query(min_length=1, max_length=150, pattern=_NAME)] = None,
) -> Response:
    """Keep a file that the register names by its digest; sent again, it is kept once."""
    code = asking.only(register, caller, cooperation)
    named = naming.named_in(register, code).get(sha256)
    if received.bytes == 0:
        raise EvidenceEmpty
    if received.sha256 != sha256:
        raise EvidenceDiffers(computed=received.sha256)
    if named is None:
        raise EvidenceUnnamed(sha256=sha256)
    kind = media.media_of(received.file)
    if kind is None:
        raise UnsupportedMediaType(accepted=media.ACCEPTED)
    kept = Kept(code, sha256, kind.type, kind.ending, name, received.bytes, now, caller.client)
    with writing(registers.engine) as conn:
        is_new = store.add(conn, kept, received.file)
        if is_new:
            detail = {"bytes": kept.bytes, "type": kept.media_type}
            subject = f"evidence/{code}/{sha256}"
            audit.append(conn, [audit.Entry(audit.REGISTER, caller.client, subject, detail=detail)])
        else:
            kept = store.find(conn, code, sha256) or kept
    content = caching.json_bytes(_row(sha256, named, kept))
    return Response(content, 201 if is_new else 200, media_type="application/json")


@router.get(
    "/{sha256}",
    response_class=Response,
    responses={
        200: {
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            }
        }
    },
)
@needs("outcomes:read")
def fetch_evidence(
    request: Request,
    registers: RegistersDep,
    register: RegisterDep,
    caller: CallerDep,
    sha256: Digest,
    cooperation: CooperationQuery = None,
) -> Response:
    """Answer a file of evidence, to be saved and never shown by a browser; who took it is kept.

    Files may name people: beside `outcomes:read`, one of `register:write`, `measurements:read`
    and `audit:read` is needed.
    """
    code = asking.only(register, caller, cooperation)
    if not caller.scopes & _MAY_FETCH:
        raise MissingScope(" ".join(sorted(_MAY_FETCH)))
    with reading(registers.engine) as conn:
        kept = store.find(conn, code, sha256)
    if kept is None:
        raise NotFound

    def answer() -> Response:
        taken = audit.Entry(
            audit.REGISTER, caller.client, f"evidence/{code}/{sha256}", detail={"taken": True}
        )
        with writing(registers.engine) as conn:
            audit.append(conn, [taken])
        return StreamingResponse(
            store.content_of(registers.engine, kept),
            media_type="application/octet-stream",
            headers=_headers(kept),
        )

    return caching.conditional(request, f'"{sha256[:32]}"', answer)


def _headers(kept: Kept) -> dict[str, str]:
    """Return the headers of a file that must be saved, whatever it is."""
    stem = kept.name or kept.sha256[:16]
    name = f"{stem.removesuffix(kept.ending)}{kept.ending}"
    digest = base64.b64encode(bytes.fromhex(kept.sha256)).decode()
    return {
        "Content-Length": str(kept.bytes),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Repr-Digest": f"sha-256=:{digest}:",
    }


def _row(digest: str, named: Named | None, kept: Kept | None) -> EvidenceRow:
    return EvidenceRow(
        sha256=digest,
        title=named.title if named else None,
        named_by=list(named.entries) if named else [],
        file=None
        if kept is None
        else FileShown(
            media_type=kept.media_type,
            name=kept.name,
            bytes=kept.bytes,
            added_at=kept.added_at,
            added_by=kept.added_by,
        ),
    )
