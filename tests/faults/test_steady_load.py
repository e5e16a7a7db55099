"""Under steady load every request is answered, and what is acknowledged is stored (P17)."""

from __future__ import annotations

import itertools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.devices import HEADER
from tests.faults.processes import all_rows

CONNECTIONS = 24
READS = (
    "/v1/measurements?limit=50", "/v1/measurements/latest", "/v1/rollups?period=month",
    "/v1/stations", "/v1/indicators", "/v1/parameters",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_is_dropped(request, start_water, rounds, kind):
    water = start_water(
        request.getfixturevalue("sqlite_url" if kind == "sqlite" else "postgres_url")
    )
    stations = [f"D-{number}" for number in range(CONNECTIONS)]
    water.add_stations(*stations)
    each = rounds(300 if kind == "sqlite" else 120, 3000) // CONNECTIONS

    def work(station):
        told, acknowledged, tags = Counter(), 0, {}
        paths = itertools.cycle(READS)
        with water.client() as client:
            for n in range(each):
                time = f"2024-01-{n // 24 % 28 + 1:02}T{n % 24:02}:{n // 672:02}:00Z"
                line = f"{station},bod,{time},{n},mg/L\n"
                answer = client.post(
                    "/v1/uploads", content=HEADER + line, headers={"Content-Type": "text/csv"}
                )
                told[answer.status_code] += 1
                acknowledged += answer.status_code == 201
                path = next(paths)
                known = {"If-None-Match": tags[path]} if path in tags else {}
                read = client.get(path, headers=known)
                told[read.status_code] += 1
                tags[path] = read.headers.get("etag", "")
        return told, acknowledged

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        results = list(pool.map(work, stations))
    told = sum((result[0] for result in results), Counter())
    acknowledged = sum(result[1] for result in results)

    assert told.total() == 2 * each * CONNECTIONS
    assert set(told) <= {200, 201, 304, 429, 503}, told
    assert told[201] > each * CONNECTIONS / 2
    with water.client() as client:
        stored = all_rows(client)
    assert len(stored) == acknowledged
    assert water.process.poll() is None
