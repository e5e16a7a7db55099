"""What surrounds every request: its id, its log line, its duration, and the guard of its body."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time
from typing import TYPE_CHECKING, Final

from fastapi import Request, params
from opentelemetry import trace
from starlette.datastructures import MutableHeaders

from kembar_shared.chassis import auth, logs, problems
from kembar_shared.chassis.app import answers
from kembar_shared.chassis.audit.refusals import refusal_of
from kembar_shared.chassis.protocol import SECURITY_HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from kembar_shared.chassis.audit import Trail
    from kembar_shared.chassis.limits import Standing
    from kembar_shared.chassis.metrics import Metrics
    from kembar_shared.chassis.settings import Settings

UNMATCHED: Final = "unmatched"
"""The route of a request that no route answers."""

_LINGER_S, _LINGER_BYTES = 1.0, 1024 * 1024
_REQUEST_ID: Final = re.compile(r"(?!.*kembar_)[A-Za-z0-9._-]{8,64}")
"""What a caller may name its request; ids are logged, so none may hold a client's secret."""


class ObservedRequest:
    """Give each request an id, a log line and a duration; answer faults and log their cause."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        logs.begin(request_id)
        began, status = time.perf_counter(), 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _named(message["headers"], request_id)
                standing: Standing | None = scope["state"].get("standing")
                if standing is not None:
                    message["headers"] += standing.fields
            await send(message)

        try:
            await self.app(scope, receive, send_named)
        except Exception as error:  # the edge: logged with its traceback, told without
            logs.fault("fault", error, request_id=request_id)
            if status:
                raise
            answer = answers.render(Request(scope, receive), problems.InternalFault())
            await answer(scope, receive, send_named)
        finally:
            _note(scope, status, time.perf_counter() - began)


class GuardedBody:
    """Let a body in only from who may send it, of a type that is read, in time, within its limit.

    A route with a declared body reads it whole; any other streams what it reads.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        body = _Body(Request(scope), receive, send, self.settings)
        await self.app(scope, body.receive, body.send)


class _Body:
    """A body on its way in."""

    def __init__(self, request: Request, receive: Receive, send: Send, settings: Settings) -> None:
        self._request = request
        self._receive = receive
        self._send = send
        self._settings = settings
        self._limit: int | None = None
        self._size = 0
        self._began = 0.0
        self._is_whole = False
        self._is_answered = False

    async def receive(self) -> Message:
        """Return the next piece.

        Raises:
            Problem: The body may not come in, is cut short, too slow or too large.
        """
        if self._is_whole or self._is_answered:
            return await self._receive()
        if self._limit is None:
            self._limit = await self._admit()
            self._began = time.monotonic()
        try:
            async with asyncio.timeout(self._patience_s()):
                message = await self._receive()
        except TimeoutError as error:
            raise problems.ReceiveTimeout from error
        if message["type"] == "http.disconnect":
            raise problems.IncompleteBody
        self._size += len(message.get("body", b""))
        if self._size > self._limit:
            raise problems.TooLarge(limit=self._limit)
        self._is_whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Answer; where the body was not received whole, the connection ends with the answer."""
        is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if message["type"] == "http.response.start":
            self._is_answered = True
            if not self._is_whole:
                # Else the server would go on swallowing it.
                MutableHeaders(scope=message)["Connection"] = "close"
        if is_last and not self._is_whole:
            await self._send({**message, "more_body": True})
            await self._linger()
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    def _patience_s(self) -> float:
        """Return how long the next piece is waited for: the more has come, the longer in all."""
        earned_s = self._settings.request_idle_s + self._size / self._settings.request_bytes_per_s
        deadline = self._began + min(earned_s, self._settings.request_timeout_s)
        return min(self._settings.request_idle_s, deadline - time.monotonic())

    async def _linger(self) -> None:
        """Swallow what is on its way: a connection that ends unread may take the answer with it."""
        swallowed = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_S):
                while swallowed < _LINGER_BYTES:
                    message = await self._receive()
                    swallowed += len(message.get("body", b""))
                    if message["type"] == "http.disconnect" or not message.get("more_body", False):
                        return

    async def _admit(self) -> int:
        """Return how many bytes are let in, before any is."""
        await auth.admit(self._request)
        field = getattr(self._request.scope.get("route"), "body_field", None)
        limit = self._settings.upload_bytes
        if field is not None:
            limit = self._settings.json_bytes
            self._check_type(is_form=isinstance(field.field_info, params.Form))
        declared = self._request.headers.get("content-length", "0")
        if int(declared) > limit:
            raise problems.TooLarge(limit=limit)
        return limit

    def _check_type(self, *, is_form: bool) -> None:
        accepted = ["application/json"]
        if is_form:
            accepted = ["application/x-www-form-urlencoded", "multipart/form-data"]
        headers = self._request.headers
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        coding = headers.get("content-encoding", "identity")
        if media_type not in accepted or coding != "identity":
            raise problems.UnsupportedMediaType(accepted=", ".join(accepted))


def _header(scope: Scope, name: bytes) -> bytes | None:
    """Return the first header of this name, in small letters, as it was sent."""
    return next((value for key, value in scope["headers"] if key == name), None)


def _has_body(scope: Scope) -> bool:
    is_open = _header(scope, b"transfer-encoding") is not None
    return is_open or _header(scope, b"content-length") not in {None, b"0"}


def _request_id(scope: Scope) -> str:
    sent = (_header(scope, b"x-request-id") or b"").decode("latin-1")
    return sent if _REQUEST_ID.fullmatch(sent) else secrets.token_hex(16)


def _named(headers: Iterable[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    """Return an answer's headers with its request's id, and those that secure every answer."""
    own = [(name, value) for name, value in headers if name != b"x-request-id"]
    said = {name for name, _ in own}
    secured = [header for header in SECURITY_HEADERS if header[0] not in said]
    return [*own, (b"x-request-id", request_id.encode()), *secured]


def _note(scope: Scope, status: int, seconds: float) -> None:
    """Count the request, write its line and, of a refusal, its entry in the trail.

    Status 0 stands for an answer that never began.
    """
    method, state = scope["method"], scope["state"]
    route = getattr(scope.get("route"), "path", UNMATCHED)
    metrics: Metrics = scope["app"].state.metrics
    ids = {"request_id": state["request_id"]}
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        ids["trace_id"] = trace.format_trace_id(span.trace_id)
    metrics.observe(method=method, route=route, status=status, seconds=seconds, exemplar=ids)
    logs.write(
        status=status,
        **ids,
        client=state.get("client"),
        method=method,
        route=route,
        ms=round(seconds * 1000, 3),
    )
    trail: Trail | None = scope["app"].state.trail
    if trail is not None and 400 <= status < 500:
        refusal = refusal_of(Request(scope), status)
        if refusal is not None:
            trail.refuse(refusal)
