"""Clients that dawdle hold up nobody, and are dropped (promise P10)."""

from __future__ import annotations

import contextlib
import select
import socket
import statistics
import time

import httpx
import pytest

from tests.faults.devices import HEADER

IDLE_S = 1
SHORT = {"KEMBAR_WATER_REQUEST_IDLE_S": str(IDLE_S)}
"""A short run shortens the patience; a long one keeps the default, and its promise of 45 s."""


class Dawdlers:
    """Many connections that begin a request each and never end it."""

    def __init__(self, water, number, begin, drip):
        self._drip = drip
        self._wires = []
        for _ in range(number):
            wire = water.connect()
            wire.sendall(begin)
            self._wires.append(wire)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for wire in self._wires:
            wire.close()

    def drip(self):
        """Send each connection's next byte; return how many connections are left."""
        for wire in list(self._wires):
            if _is_over(wire):
                self._wires.remove(wire)
                wire.close()
            elif self._drip:
                with contextlib.suppress(OSError):
                    wire.send(self._drip)
        return len(self._wires)


def _is_over(wire):
    while select.select([wire], [], [], 0)[0]:
        try:
            if not wire.recv(65536):
                return True
        except OSError:
            return True
    return False


@pytest.mark.parametrize("kind", ["idle", "headers", "body", "chunks", "empty-lines"])
def test_dawdlers_are_dropped_and_hold_up_nobody(start_water, database_url, rounds, kind):
    water = start_water(database_url, **(SHORT if rounds(1, 2) == 1 else {}))
    water.add_stations("D-1")
    begin, drip = {
        "idle": (b"", b""),
        "headers": (b"GET /livez HTTP/1.1\r\nX-Slow: ", b"a"),
        "body": (water.head("Content-Length: 100000") + HEADER.encode(), b"1"),
        "chunks": (water.head("Transfer-Encoding: chunked"), b"1\r\na\r\n"),
        "empty-lines": (b"GET /livez HTTP/1.1\r\nHost: kembar\r\n\r\n", b"\r\n"),
    }[kind]
    began, taken, number = time.monotonic(), [], 0
    dropped_within_s = rounds(8, 45)
    with Dawdlers(water, 200, begin, drip) as dawdlers, water.client() as client:
        while dawdlers.drip():
            assert time.monotonic() - began < dropped_within_s, "some are never dropped"
            line = f"D-1,bod,2024-01-01T{number // 60:02}:{number % 60:02}:00Z,3,mg/L\n"
            sent = time.monotonic()
            answer = client.post(
                "/v1/uploads", content=HEADER + line, headers={"Content-Type": "text/csv"}
            )
            taken.append(time.monotonic() - sent)
            assert answer.status_code == 201
            number += 1
            time.sleep(0.1)

    assert len(taken) >= 3
    assert statistics.quantiles(taken, n=20)[-1] < 1
    assert water.process.poll() is None


def test_a_reader_that_stops_reading_is_dropped(serve_water, database_url):
    water = serve_water(database_url, request_idle_s=IDLE_S)
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.settimeout(20)
    wire.connect(water.address)
    with wire:
        path = "/docs/swagger-ui-bundle.js"
        size = len(httpx.get(water.base + path).content)
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: kembar\r\n\r\n".encode() * 8)
        # Only then is it read again: of a connection that was kept, all eight answers would come.
        time.sleep(2 * IDLE_S)
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := wire.recv(2**20):
                received += len(piece)

    assert received < 8 * size
