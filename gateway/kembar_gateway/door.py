"""The one address for everybody: requests to `/waste/…`, `/water/…`, `/air/…` are passed on.

Bodies stream both ways. The services check the token themselves and trust nothing because it
came through here.
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import AsyncIterator, Iterable, Set
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, cast

import httpcore
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from opentelemetry import propagate

from kembar_gateway.settings import GatewaySettings
from kembar_shared.chassis.auth import Router, public
from kembar_shared.chassis.problems import BadRequest, NotFound, Problem, Unavailable

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
CONNECT_TIMEOUT_S: Final = 1.0
READ_TIMEOUT_S: Final = 60.0
"""Silence after which a service counts as gone; what sends a body has the service's own limit."""

KEPT_ALIVE_S: Final = 2.0
"""Less than the services keep an idle connection, lest a request meet its end."""

Headers = list[tuple[bytes, bytes]]

_HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_NOT_SENT: Final = _HOP_BY_HOP | {b"host", b"expect", b"cookie", b"x-request-id", b"forwarded"}
_NOT_ANSWERED: Final = _HOP_BY_HOP | {b"date", b"server", b"set-cookie", b"x-request-id"}
_END_TO_END: Final = frozenset({b"authorization", b"content-length", b"host"})
"""What no `Connection` header can take away: who asks, of whom, and where the body ends."""

_NOT_OURS: Final = frozenset({502, 504})
"""What no service answers, but a proxy before it whose replica has died."""

_UNREACHABLE: Final = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.RemoteProtocolError,
    httpcore.UnsupportedProtocol,
)


class ServiceUnreachable(Unavailable):
    """A service does not answer; params: `name`."""

    slug = "service-unreachable"


@asynccontextmanager
async def opened(settings: GatewaySettings) -> AsyncIterator[httpcore.AsyncConnectionPool]:
    """Open the connections to the services for the life of the app."""
    is_plain = all(url.startswith("http://") for url in settings.services.values())
    async with httpcore.AsyncConnectionPool(
        max_connections=256,
        max_keepalive_connections=32,
        keepalive_expiry=KEPT_ALIVE_S,
        network_backend=_Network() if is_plain else None,
    ) as pool:
        yield pool


def routes(settings: GatewaySettings) -> Router:
    """Return the routes that pass requests on to each service."""
    router = Router(include_in_schema=False)
    for service in settings.services:
        router.add_api_route(f"/{service}/{{path:path}}", forward, methods=list(METHODS))
    return router


@public
async def forward(request: Request) -> Response:
    """Pass a request on to its service and the service's answer back, piece by piece.

    Raises:
        BadRequest: It cannot be passed on as HTTP.
        ServiceUnreachable: The service does not answer.
    """
    pool = cast("httpcore.AsyncConnectionPool", request.app.state.door)
    settings = cast("GatewaySettings", request.app.state.settings)
    service = request.scope["path"].split("/")[1]
    has_body = _has_body(request)
    silence_s = settings.request_timeout_s if has_body else READ_TIMEOUT_S
    url = _target(settings.services[service], service, request)
    asked = httpcore.Request(
        request.method.encode(),
        url,
        headers=_sent(request, url, service, has_body=has_body),
        content=request.stream() if has_body else None,
        extensions={
            "timeout": {
                "connect": CONNECT_TIMEOUT_S,
                "pool": CONNECT_TIMEOUT_S,
                "read": silence_s,
                "write": silence_s,
            }
        },
    )
    try:
        answer = await pool.handle_async_request(asked)
    except httpcore.LocalProtocolError as error:
        raise BadRequest from error
    except _UNREACHABLE as error:
        raise ServiceUnreachable(name=service) from error
    if answer.status in _NOT_OURS:
        await answer.aclose()
        raise ServiceUnreachable(name=service)
    passed_on = _Passed(_pieces(answer), status_code=answer.status)
    passed_on.raw_headers = _answered(answer.headers, service)
    return passed_on


def _has_body(request: Request) -> bool:
    headers = request.headers
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _target(base: str, service: str, request: Request) -> httpcore.URL:
    """Return the service's own address of what is asked, byte for byte as it was sent."""
    raw: bytes = request.scope["raw_path"]
    prefix = f"/{service}/".encode()
    if not raw.startswith(prefix):
        raise NotFound
    url = httpcore.URL(base)
    path = url.target.rstrip(b"/") + raw[len(prefix) - 1 :]
    query: bytes = request.scope["query_string"]
    target = path + b"?" + query if query else path
    return httpcore.URL(scheme=url.scheme, host=url.host, port=url.port, target=target)


def _sent(request: Request, url: httpcore.URL, service: str, *, has_body: bool) -> Headers:
    """Return the headers that the service is sent; the prefix is for the links that it writes."""
    host = url.host if url.port is None else b"%b:%d" % (url.host, url.port)
    sent = [
        (b"host", host),
        (b"x-request-id", str(request.state.request_id).encode()),
        (b"x-forwarded-prefix", f"/{service}".encode()),
    ]
    # Where requests are traced, the service's span hangs below ours.
    traced: dict[str, str] = {}
    propagate.inject(traced)
    own = {name.lower().encode(): value.encode() for name, value in traced.items()}
    sent += own.items()
    sent += [
        (name, value)
        for name, value in _kept(request.headers.raw, _NOT_SENT | own.keys())
        if not name.startswith(b"x-forwarded")
    ]
    if has_body and "content-length" not in request.headers:
        sent.append((b"transfer-encoding", b"chunked"))
    return sent


def _answered(headers: Iterable[tuple[bytes, bytes]], service: str) -> Headers:
    """Return the headers that the caller is answered; addresses lead through this door again."""
    return [
        (name, f"/{service}".encode() + value if _is_local(name, value) else value)
        for name, value in _kept(headers, _NOT_ANSWERED)
    ]


def _is_local(name: bytes, value: bytes) -> bool:
    return name == b"location" and value.startswith(b"/") and not value.startswith(b"//")


def _kept(headers: Iterable[tuple[bytes, bytes]], dropped: Set[bytes]) -> Headers:
    """Return the headers that are not of one connection alone, nor named as such."""
    lowered = [(name.lower(), value) for name, value in headers]
    named = {
        each.strip().lower()
        for name, value in lowered
        if name == b"connection"
        for each in value.split(b",")
    }
    unwanted = dropped | (named - _END_TO_END)
    return [(name, value) for name, value in lowered if name not in unwanted]


async def _pieces(answer: httpcore.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_stream():
            yield piece
    finally:
        await answer.aclose()


class _Passed(StreamingResponse):
    """An answer that may come before the body of its request has."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; a caller that leaves off sending has left."""

        async def receive_rest() -> Message:
            try:
                return await receive()
            except Problem:
                return {"type": "http.disconnect"}

        await super().__call__(scope, receive_rest, send)


class _Network(httpcore.AsyncNetworkBackend):
    """Plain sockets, on which an answer given before the whole body was read is not lost.

    A service that refuses an upload answers, closes and resets. The event loop's own streams drop
    what had arrived when the next write fails, and the caller would never read why.
    """

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the names are httpcore's
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a service."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                family, kind, protocol, _, address = found[0]
                plain = socket.socket(family, kind, protocol)
                try:
                    plain.settimeout(0)
                    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    await loop.sock_connect(plain, address)
                except BaseException:
                    plain.close()
                    raise
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except OSError as error:
            raise httpcore.ConnectError from error
        return _Stream(plain)


class _Stream(httpcore.AsyncNetworkStream):
    """One connection."""

    def __init__(self, plain: socket.socket) -> None:
        self._plain = plain
        self._readable = select.poll()
        self._readable.register(plain, select.POLLIN)

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> bytes:
        """Return what arrives next."""
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.get_running_loop().sock_recv(self._plain, max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout from error
        except OSError as error:
            raise httpcore.ReadError from error

    async def write(
        self,
        buffer: bytes,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> None:
        """Send *buffer*, unless the answer is there already."""
        if self.get_extra_info("is_readable"):
            raise httpcore.WriteError("answered before all was sent")
        try:
            async with asyncio.timeout(timeout):
                await asyncio.get_running_loop().sock_sendall(self._plain, buffer)
        except TimeoutError as error:
            raise httpcore.WriteTimeout from error
        except OSError as error:
            raise httpcore.WriteError from error

    async def aclose(self) -> None:
        """Close the connection."""
        self._plain.close()

    def get_extra_info(self, info: str) -> Any:  # Any: what httpcore asks for
        """Say whether something has arrived that was not read yet."""
        return bool(self._readable.poll(0)) if info == "is_readable" else None
