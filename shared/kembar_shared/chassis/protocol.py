"""HTTP as it is received: what may not come slowly, at great length or without end."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, Final, cast

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

MOST_HEADER_BYTES: Final = 64 * 1024
MOST_HEADERS: Final = 200
MOST_PIPELINED: Final = 100

SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""Added to every answer that does not say otherwise."""

_GATHERED_BYTES: Final = 16 * 1024
"""So much of an answer is sent at once, however little of the loop's turn is over."""

_REFUSALS: Final = {
    400: ("bad-request", "Bad request"),
    431: ("headers-too-large", "Headers too large"),
}


def patient(idle_s: float) -> type[HttpToolsProtocol]:
    """Return the protocol that waits *idle_s* seconds for headers and for a reader of answers."""
    return type("Patient", (_Patient,), {"idle_s": idle_s})


class _Gathering:
    """A transport that sends together what is written in one turn of the loop.

    An answer's head and body are two writes, and each one sent wakes who reads it.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._gathered: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        """Send *data*, at the latest when the loop's turn is over."""
        if not self._gathered:
            self._loop.call_soon(self._send)
        self._gathered.append(data)
        self._size += len(data)
        if self._size > _GATHERED_BYTES:
            self._send()

    def close(self) -> None:
        """Send what was written, then end the connection."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._gathered:
            self._transport.write(b"".join(self._gathered))
            self._gathered.clear()
            self._size = 0

    def __getattr__(self, name: str) -> Any:  # Any: whatever else the transport has
        return getattr(self._transport, name)


class _Patient(HttpToolsProtocol):
    """The server's protocol, with limits to the time, size and number of what it receives."""

    idle_s: float
    _header_bytes: int = 0
    _unended_bytes: int = 0
    _has_host: bool = False
    _for_headers: asyncio.TimerHandle | None = None
    _for_reader: asyncio.TimerHandle | None = None
    _refused: int = 400

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # The class itself narrows the transport to a stream's.
        super().connection_made(cast("asyncio.Transport", _Gathering(transport, self.loop)))
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._for_headers, self._for_reader):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # A header that has no end is in no call of `on_header`.
        self._unended_bytes += len(data)
        super().data_received(data)
        is_in_headers = self._for_headers is not None and not self._for_headers.cancelled()
        if is_in_headers and self._unended_bytes > MOST_HEADER_BYTES:
            self._refused = 431
            self.send_400_response("")

    def on_message_begin(self) -> None:
        self._header_bytes = 0
        self._has_host = False
        if self.cycle is not None:
            # The first request has begun with the connection: its time runs already.
            self._await_headers()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        if len(self.headers) >= MOST_HEADERS or self._header_bytes > MOST_HEADER_BYTES:
            self._refused = 431
            raise httptools.HttpParserError
        if name.lower() == b"host":
            # Two readers could each believe another one.
            if self._has_host:
                raise httptools.HttpParserError
            self._has_host = True
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        assert self._for_headers is not None
        self._for_headers.cancel()
        self._unended_bytes = 0
        if len(self.pipeline) >= MOST_PIPELINED:
            raise httptools.HttpParserError
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.pipeline and not self.transport.is_closing():
            # The server's own timer ends with any byte, an empty line included.
            self._await_headers()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._for_reader = self.loop.call_later(self.idle_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._for_reader is not None:
            self._for_reader.cancel()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  the parser's own words
        if self.transport.is_closing():
            return
        slug, title = _REFUSALS[self._refused]
        request_id = secrets.token_hex(16)
        problem = {
            "type": f"urn:kembar:problem:{slug}",
            "title": title,
            "status": self._refused,
            "detail": f"{title}; the connection ends.",
            "instance": "",
            "request_id": request_id,
        }
        body = json.dumps(problem).encode()
        headers = (
            (b"content-type", b"application/problem+json"),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
            (b"x-request-id", request_id.encode()),
            *SECURITY_HEADERS,
        )
        head = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(STATUS_LINE[self._refused] + head + b"\r\n" + body)
        self.transport.close()

    def _await_headers(self) -> None:
        if self._for_headers is not None:
            self._for_headers.cancel()
        self._for_headers = self.loop.call_later(self.idle_s, self.transport.close)
