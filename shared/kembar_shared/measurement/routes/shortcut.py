"""The short way of an upload that is small, plain and new.

What a logger sends is received, stored and answered before a route is looked for and its
dependencies are asked; everything else, and every refusal of the measurements themselves, goes the
usual way with the same body.
"""

from __future__ import annotations

import hashlib
import io
import re
from typing import TYPE_CHECKING, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

from kembar_shared.chassis import auth, idempotency
from kembar_shared.chassis.app import answers
from kembar_shared.chassis.problems import Problem
from kembar_shared.measurement import ingest, small
from kembar_shared.measurement.routes import receipts, uploads
from kembar_shared.measurement.uploads import Declaration

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from kembar_shared.chassis.settings import Settings
    from kembar_shared.measurement.writer import Writer

_JSON: Final = "application/json"
_JSON_TYPES: Final = frozenset({_JSON, f"{_JSON}; charset=utf-8", f"{_JSON};charset=utf-8"})
_LENGTH = re.compile(r"[0-9]{1,6}")


class ShortWay:
    """Answer uploads that are small, plain and new; let every other request pass."""

    def __init__(self, app: ASGIApp, settings: Settings, writer: Writer) -> None:
        self.app = app
        self._writer = writer
        self._route = next(
            route
            for route in uploads.router.routes
            if isinstance(route, APIRoute) and route.endpoint is uploads.create_upload
        )
        self._declared = Declaration(
            rows=settings.upload_rows,
            columns=settings.upload_columns,
            cell_characters=settings.cell_characters,
            decoded_bytes=settings.upload_bytes,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        is_upload = (
            scope["type"] == "http"
            and scope["path"] == self._route.path
            and scope["method"] == "POST"
        )
        request = Request(scope, receive) if is_upload else None
        if request is None or not _may_be_small(request):
            await self.app(scope, receive, send)
            return
        # What surrounds a request asks these who may send it, and what to call it.
        scope["route"], scope["endpoint"] = self._route, self._route.endpoint
        answer = await self._answer(request)
        if answer is None:
            await self.app(scope, _again(await request.body(), receive), send)
        else:
            await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response | None:
        try:
            await auth.admit(request)
            return await self._stored(request, await request.body())
        except Problem as problem:
            return await answers.answer_problem(request, problem)

    async def _stored(self, request: Request, body: bytes) -> Response | None:
        file = ingest.File(io.BytesIO(body), len(body), hashlib.sha256(body).hexdigest(), _JSON)
        terms = ingest.Terms(self._declared, key=request.headers.get("idempotency-key"))
        stored = await self._writer.store(request.state.caller, file, terms)
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
    key = headers.get("idempotency-key")
    is_bare = "content-encoding" not in headers and not request.scope["query_string"]
    is_json = headers.get("content-type") in _JSON_TYPES
    return is_bare and is_json and (key is None or idempotency.is_key(key))


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what yields *body*, which came in already, and then whatever comes after it."""
    is_told = False

    async def received() -> Message:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return received
