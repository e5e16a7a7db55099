"""What comes over the wire is bounded and regular, or refused (promise P10)."""

from __future__ import annotations

import json
import select
import socket
import time

import pytest

from tests.faults.devices import HEADER
from tests.faults.processes import all_rows

MEBIBYTE = 2**20
LINE = "D-1,bod,2024-01-01T00:00:00Z,3,mg/L\n"


@pytest.fixture
def exchange(water):
    """Return a function: bytes -> all that is answered until the connection ends."""

    def send(*pieces):
        with water.connect(timeout_s=10) as wire:
            for piece in pieces:
                wire.sendall(piece)
            return _all(wire)

    return send


def _all(wire):
    answered = b""
    try:
        while piece := wire.recv(65536):
            answered += piece
    except ConnectionResetError:
        pass
    return answered


def status(answered):
    return int(answered.split(b" ", 2)[1])


@pytest.mark.parametrize("framing", ["Content-Length: 2147483648", "Transfer-Encoding: chunked"])
def test_a_body_beyond_the_limit_is_refused_before_much_is_read(serve_water, database_url, framing):
    water = serve_water(database_url, upload_bytes=4 * MEBIBYTE)
    piece = b"x" * 65536
    if framing.startswith("T"):
        piece = b"10000\r\n" + piece + b"\r\n"
    sent, answered = 0, b""
    with water.connect() as wire:
        wire.sendall(water.head(framing))
        while sent < 64 * MEBIBYTE and not select.select([wire], [], [], 0)[0]:
            try:
                wire.sendall(piece)
            except OSError:
                break
            sent += len(piece)
        answered += _all(wire)

    assert status(answered) == 413
    assert b"urn:kembar:problem:too-large" in answered
    assert b"connection: close" in answered.lower()
    assert sent < 16 * MEBIBYTE
    with water.client() as client:
        assert all_rows(client) == []


def test_a_refused_body_is_not_asked_for(water):
    head = water.head("Content-Length: 2147483648\r\nExpect: 100-continue")
    with water.connect() as wire:
        wire.sendall(head)
        answered = _all(wire)

    assert status(answered) == 413


def test_a_body_is_asked_for_where_it_may_come(water):
    water.add_stations("D-2")
    body = (HEADER + LINE).encode()
    framing = f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close"
    with water.connect() as wire:
        wire.sendall(water.head(framing))
        assert status(wire.recv(65536)) == 100
        wire.sendall(body)
        assert status(_all(wire)) == 201


@pytest.mark.parametrize(
    "headers",
    [
        b"X-Long: " + b"a" * 100_000 + b"\r\n",
        b"X-Many: 1\r\n" * 1000,
        b"X-Endless: " + b"a" * 10**6,
    ],
    ids=["long", "many", "endless"],
)
def test_headers_are_bounded(exchange, headers):
    answered = exchange(b"GET /livez HTTP/1.1\r\nHost: kembar\r\n" + headers)

    assert answered == b"" or status(answered) == 431
    if b"Many" in headers:
        assert json.loads(answered.partition(b"\r\n\r\n")[2])["status"] == 431


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100,
        b"GET\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost kembar\r\n\r\n",
        b"GET /livez HTTP/9.9\r\n\r\n",
        b"POST /v1/uploads HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/uploads HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /v1/uploads HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /v1/uploads HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"CONNECT kembar:443 HTTP/1.1\r\nHost: kembar\r\n\r\n",
    ],
    ids=["tls", "no-path", "no-colon", "version", "negative", "twice", "both", "chunk", "connect"],
)
def test_an_irregular_request_is_refused(water, exchange, request_):
    answered = exchange(request_ + b"\r\n\r\n")

    assert answered == b"" or 400 <= status(answered) < 500
    with water.client() as client:
        assert client.get("/livez").status_code == 200


def test_pipelined_requests_are_answered_in_turn_and_garbage_ends_them(exchange):
    get = b"GET /livez HTTP/1.1\r\nHost: kembar\r\n\r\n"
    last = get.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

    assert exchange(get * 4 + last).count(b'{"status":"live"}') == 5
    assert exchange(get + b"\0\0garbage\r\n\r\n").count(b"HTTP/1.1 400") == 1
    assert exchange(get * 5000).count(b'{"status":"live"}') < 5000


def test_old_and_odd_but_regular_requests_are_answered(exchange):
    assert status(exchange(b"GET /livez HTTP/1.0\r\n\r\n")) == 200
    absolute = b"GET http://kembar/livez HTTP/1.1\r\nHost: kembar\r\nConnection: close\r\n\r\n"
    assert status(exchange(absolute)) == 200
    upgrade = (
        b"GET /livez HTTP/1.1\r\nHost: kembar\r\nConnection: upgrade, close\r\nUpgrade: h2c\r\n\r\n"
    )
    assert status(exchange(upgrade)) == 200
    assert 400 <= status(exchange(b"OPTIONS * HTTP/1.1\r\nConnection: close\r\n\r\n")) < 500


def test_a_slow_body_has_a_floor(serve_water, database_url):
    water = serve_water(database_url, request_idle_s=1, request_bytes_per_s=500)
    water.add_stations("D-1")
    body = (HEADER + LINE).encode()
    for pause_s, expected in ((0.3, 408), (0.001, 201)):
        with water.connect() as wire:
            wire.sendall(water.head(f"Content-Length: {len(body)}\r\nConnection: close"))
            for byte in body:
                try:
                    wire.sendall(bytes([byte]))
                except OSError:
                    break
                time.sleep(pause_s)
                wire.settimeout(0.001)
                try:
                    if wire.recv(1, socket.MSG_PEEK) is not None:
                        break
                except TimeoutError:
                    wire.settimeout(10)
            wire.settimeout(10)
            assert status(_all(wire)) == expected
