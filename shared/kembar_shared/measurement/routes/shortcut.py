"""The short way of an upload that is small, plain and new.

What a logger sends is received, stored and answered before any of a route's dependencies is asked;
everything else, and every refusal, goes the usual way with the same body.
"""

from __future__ import annotations

import hashlib
import io
import re
from typing import TYPE_CHECKING, Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

from kembar_shared.chassis import auth, idempotency
from kembar_shared.measurement import ingest, small
from kembar_shared.measurement.routes import receipts
from kembar_shared.measurement.uploads import Declaration

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from kembar_shared.chassis.settings import Settings
    from kembar_shared.measurement.writer import Writer

_JSON: Final = "application/json"
_JSON_TYPES: Final = frozenset({_JSON, f"{_JSON}; charset=utf-8", f"{_JSON};charset=utf-8"})
_LENGTH = re.compile(r"[0-9]{1,6}")


class UploadRoute(APIRoute):
    """A route for uploads that tries the short way first."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        usual = super().get_route_handler()
        if "POST" not in (self.methods or ()):
            return usual

        async def handler(request: Request) -> Response:
            return await _short(request) or await usual(request)

        return handler


async def _short(request: Request) -> Response | None:
    """Answer an upload that is small, plain and new; leave every other one."""
    key = request.headers.get("idempotency-key")
    if not _may_be_small(request) or (key is not None and not idempotency.is_key(key)):
        return None
    await auth.admit(request)
    # The usual way finds the body where it is put.
    body = await request.body()
    file = ingest.File(io.BytesIO(body), len(body), hashlib.sha256(body).hexdigest(), _JSON)
    state = request.app.state
    writer: Writer = state.writer
    stored = await writer.store(request.state.caller, file, _terms(state.settings, key))
    if stored is None:
        return None
    receipt = receipts.receipt_of(request, stored)
    receipts.count(request, receipt)
    return receipts.stored(receipt, is_replayed=False)


def _may_be_small(request: Request) -> bool:
    """Say so of a short JSON body without declarations."""
    headers = request.headers
    length = headers.get("content-length", "")
    if _LENGTH.fullmatch(length) is None or int(length) > small.MOST_BYTES:
        return False
    is_bare = "content-encoding" not in headers and not request.scope["query_string"]
    return is_bare and headers.get("content-type") in _JSON_TYPES


def _terms(settings: Settings, key: str | None) -> ingest.Terms:
    declared = Declaration(
        rows=settings.upload_rows,
        columns=settings.upload_columns,
        cell_characters=settings.cell_characters,
        decoded_bytes=settings.upload_bytes,
    )
    return ingest.Terms(declared, key=key)
