"""A million rows in one file take bounded memory and hold up nobody (promise P4)."""

from __future__ import annotations

import itertools
import statistics
import threading
import time

import pytest

from tests.faults.devices import HEADER

ROWS = 1_000_000
MOST_MIB = 512


def lines():
    """Stream a million measurements of ten stations."""
    yield HEADER.encode()
    days = itertools.product(range(2000, 2020), range(1, 13), range(1, 29), range(24))
    days = itertools.islice(days, ROWS // 10)
    while piece := list(itertools.islice(days, 1000)):
        yield "".join(
            f"D-{station},bod,{y}-{m:02}-{d:02}T{h:02}:00:00Z,{h / 8},mg/L\n"
            for y, m, d, h in piece
            for station in range(10)
        ).encode()


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_million_rows_in_bounded_memory(request, start_water, kind):
    water = start_water(
        request.getfixturevalue("sqlite_url" if kind == "sqlite" else "postgres_url"),
        KEMBAR_WATER_DATABASE_TIMEOUT_S="120",
    )
    water.add_stations(*(f"D-{number}" for number in range(10)))
    peak, taken, is_over = [0.0], [], threading.Event()

    def watch():
        with water.client() as client:
            while not is_over.wait(0.05):
                peak[0] = max(peak[0], water.rss_mib())
                began = time.monotonic()
                assert client.get("/v1/stations").status_code == 200
                taken.append(time.monotonic() - began)

    watching = threading.Thread(target=watch)
    watching.start()
    with water.client(timeout_s=600) as client:
        answer = client.post("/v1/uploads", content=lines(), headers={"Content-Type": "text/csv"})
    is_over.set()
    watching.join()

    assert answer.status_code == 201, answer.text
    assert answer.json()["inserted"] == ROWS
    assert peak[0] < MOST_MIB
    assert statistics.quantiles(taken, n=100)[-1] < 1
