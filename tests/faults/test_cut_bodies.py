"""An upload whose body did not arrive whole stores nothing (promise P2b)."""

from __future__ import annotations

import socket
import struct
import time

import pytest

from tests.faults.devices import HEADER
from tests.faults.processes import all_rows

LINES = [f"D-1,bod,2024-01-01T{n // 60:02}:{n % 60:02}:00Z,{n / 8},mg/L\n" for n in range(400)]
BODY = (HEADER + "".join(LINES)).encode()
TYPES = {
    "text/csv": BODY,
    "application/json": b'{"measurements": ['
    + b",".join(
        b'{"station": "D-1", "parameter": "bod", "time": "2024-01-02T%02d:00:00Z",'
        b' "value": 1, "unit": "mg/L"}' % hour
        for hour in range(24)
    )
    + b"]}",
}


def chunk(piece):
    return b"%x\r\n%s\r\n" % (len(piece), piece)


def end(wire, how):
    if how == "reset":
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if how == "half-close":
        wire.shutdown(socket.SHUT_WR)
        wire.settimeout(10)
        wire.recv(65536)
    wire.close()


@pytest.mark.parametrize("media_type", TYPES)
def test_a_cut_body_stores_nothing(water, media_type):
    body = TYPES[media_type]
    # A cut at the end of a line looks like a whole file.
    cuts = [1, len(body) // 3, body.rindex(b"\n", 0, len(body) // 2) + 1 if b"\n" in body else 40,
            len(body) - 1]  # fmt: skip
    cases = 0
    for how in ("close", "half-close", "reset"):
        for cut in cuts:
            for framing in (f"Content-Length: {len(body)}", "Transfer-Encoding: chunked"):
                is_chunked = framing.startswith("T")
                sent = chunk(body[:cut]) if is_chunked else body[:cut]
                wire = water.connect()
                wire.sendall(water.head(framing, media_type=media_type) + sent)
                time.sleep(0.02)
                end(wire, how)
                cases += 1
    # The last chunk alone is missing.
    wire = water.connect()
    wire.sendall(water.head("Transfer-Encoding: chunked", media_type=media_type) + chunk(body))
    time.sleep(0.1)
    end(wire, "close")
    time.sleep(0.3)

    with water.client() as client:
        assert all_rows(client) == []
        whole = client.post("/v1/uploads", content=body, headers={"Content-Type": media_type})
        assert whole.status_code == 201
        assert len(all_rows(client)) == whole.json()["inserted"] > 20
    assert cases == 24
