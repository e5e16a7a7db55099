"""Conditional requests: strong entity tags, 304, and changes that name the version they change."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Final

from fastapi import Request, Response
from pydantic_core import to_jsonable_python

from kembar_shared.chassis.problems import PreconditionFailed, PreconditionRequired

if TYPE_CHECKING:
    from collections.abc import Callable

_TAG = re.compile(r'(W/)?("[^"]*")')
_HEADERS: Final = {
    "Cache-Control": "private, no-cache",
    "Vary": "Accept, Accept-Language, Authorization",
}


def etag_of(*parts: bytes | str) -> str:
    """Return a strong entity tag that differs wherever *parts* differ."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return f'"{digest.hexdigest()[:32]}"'


def conditional(request: Request, etag: str, make: Callable[[], Response]) -> Response:
    """Answer 304 where the caller has *etag* already, else what *make* returns."""
    sent = ",".join(request.headers.getlist("if-none-match"))
    if sent.strip() == "*" or etag in (match[2] for match in _TAG.finditer(sent)):
        response = Response(status_code=304)
    else:
        response = make()
    response.headers["ETag"] = etag
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def json_bytes(body: object) -> bytes:
    """Return *body* as the JSON text `json_response` answers and tags."""
    return json.dumps(
        body,
        default=to_jsonable_python,
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
    ).encode()


def json_response(request: Request, body: object) -> Response:
    """Answer *body* as JSON, conditionally on its content."""
    content = json_bytes(body)
    return conditional(
        request,
        etag_of(content),
        lambda: Response(content, media_type="application/json"),
    )


def require_match(request: Request, etag: str) -> None:
    """Let a change pass only where its `If-Match` names the current version, *etag*.

    Raises:
        PreconditionRequired: It names no version.
        PreconditionFailed: It names another version.
    """
    sent = ",".join(request.headers.getlist("if-match"))
    if not sent:
        raise PreconditionRequired
    strong = (match[2] for match in _TAG.finditer(sent) if match[1] is None)
    if sent.strip() != "*" and etag not in strong:
        raise PreconditionFailed
