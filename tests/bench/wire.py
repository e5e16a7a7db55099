"""A client that costs next to nothing: requests encoded beforehand, raw sockets, one thread."""

from __future__ import annotations

import itertools
import selectors
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

from httptools import HttpResponseParser

_PIECE = 1 << 20


def encode(
    method: str,
    path: str,
    token: str = "",
    *,
    body: bytes = b"",
    kind: str = "",
    query: dict[str, object] | None = None,
) -> bytes:
    """Return a request's bytes."""
    target = f"{path}?{urlencode(query)}" if query else path
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if kind:
        lines.append(f"Content-Type: {kind}")
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Answers:
    """What came back.

    Attributes:
        seconds: From the first byte sent to the last received.
        latencies_s: Of each request.
        statuses: Of each request.
        body: The last answer's.
    """

    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    body: bytes = b""

    def require(self, *expected: int) -> Answers:
        """Fail where an answer is none of *expected*."""
        odd = set(self.statuses) - set(expected)
        assert not odd, f"answered {odd}: {self.body[:500]!r}"
        assert self.statuses, "nothing was answered"
        return self


def ask(port: int, request: bytes) -> Answers:
    """Send one request over a connection of its own."""
    return drive(port, [request])


def drive(
    port: int, requests: Iterable[bytes], *, connections: int = 1, most_s: float = float("inf")
) -> Answers:
    """Send *requests* over keep-alive connections, each one at a time; stop after *most_s*."""
    waiting, found = iter(requests), Answers()
    began = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        opened = [_Connection(port, found) for _ in range(connections)]
        try:
            began = time.perf_counter()
            busy = sum(each.begin(waiting, selector) for each in opened)
            while busy:
                for key, mask in selector.select():
                    connection: _Connection = key.data
                    if not connection.go_on(mask, selector):
                        continue
                    is_late = time.perf_counter() - began > most_s
                    if is_late or not connection.begin(waiting, selector):
                        selector.unregister(connection.socket)
                        busy -= 1
            found.seconds = time.perf_counter() - began
        finally:
            for each in opened:
                each.socket.close()
    return found


class _Connection:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, port: int, found: Answers) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)  # noqa: FBT003  the name is the library's
        self._found = found
        self._rest = memoryview(b"")
        self._mask = 0

    def begin(self, waiting: Iterator[bytes], selector: selectors.BaseSelector) -> bool:
        """Start the next request, if there is one."""
        request = next(itertools.islice(waiting, 1), None)
        if request is None:
            return False
        self._parser = HttpResponseParser(self)
        self._body: list[bytes] = []
        self._is_done = False
        self._rest = memoryview(request)
        self._began = time.perf_counter()
        self._send()
        self._watch(selector)
        return True

    def go_on(self, mask: int, selector: selectors.BaseSelector) -> bool:
        """Send and receive what is possible; say whether the answer is whole."""
        if mask & selectors.EVENT_WRITE:
            self._send()
        if mask & selectors.EVENT_READ:
            received = self.socket.recv(_PIECE)
            if not received:
                raise ConnectionError("the server closed before it answered")
            self._parser.feed_data(received)
        if self._is_done:
            found = self._found
            found.latencies_s.append(time.perf_counter() - self._began)
            found.statuses.append(self._parser.get_status_code())
            found.body = b"".join(self._body)
            return True
        self._watch(selector)
        return False

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the answer; the parser calls it."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Note that the answer is whole; the parser calls it."""
        self._is_done = True

    def _send(self) -> None:
        try:
            while self._rest:
                self._rest = self._rest[self.socket.send(self._rest[:_PIECE]) :]
        except BlockingIOError:
            pass

    def _watch(self, selector: selectors.BaseSelector) -> None:
        mask = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._rest else 0)
        if self._mask == 0:
            selector.register(self.socket, mask, self)
        elif mask != self._mask:
            selector.modify(self.socket, mask, self)
        self._mask = mask
