"""Reads over five years of hourly values, as the number of stations grows."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from tests.bench import product, wire
from tests.bench.ground import Ground
from tests.bench.results import Goal, Result, percentile
from tests.bench.workload import PARAMETERS, Network, Upload

HOURS: Final = 1827 * 24
"""2020 to 2024."""

STATIONS: Final = 4
"""Of one upload, which so has about a million rows."""

YEARS: Final = {"from": "2020-01-01", "to": "2025-01-01"}
YEAR: Final = {"from": "2022-01-01", "to": "2023-01-01"}
LIMIT: Final = 10_000
FIGURES_N, OTHERS_N = 500, 200


@dataclass(frozen=True)
class _Store:
    """A service with a number of blocks of history."""

    water: product.Water
    blocks: Sequence[Upload]

    @property
    def rows(self) -> int:
        return sum(block.rows for block in self.blocks)


def block(number: int, *, hours_apart: int = 1) -> Upload:
    """Return the history of a few stations; `hours_apart`: between two readings of one series."""
    network = Network(
        1 + number * STATIONS, STATIONS, start="2020-01-01", step_min=60 * hours_apart
    )
    rows = STATIONS * len(PARAMETERS) * (HOURS // hours_apart)
    return Upload(network, rows, dirty=0, repeated=0)


def run(ground: Ground, sizes: Sequence[int], *, hours_apart: int = 1) -> None:
    """Measure reads in stores of so many blocks, all of them in turn."""
    for database in ground.databases:
        with ExitStack() as stack:
            stores = []
            for blocks in sizes:
                water = stack.enter_context(
                    product.water(ground.gateway, database, ground.postgres_url, at_the_door=False)
                )
                stores.append(_filled(ground, water, database, blocks, hours_apart))
            _read(ground, database, stores)


def _filled(
    ground: Ground, water: product.Water, database: str, blocks: int, hours_apart: int
) -> _Store:
    """Upload *blocks* of history, and check that all of it is there."""
    sent_s, uploads = [], [block(i, hours_apart=hours_apart) for i in range(blocks)]
    sums = []
    for number, upload in enumerate(uploads):
        ground.say(f"history, {database}, upload {number + 1} of {blocks}")
        water.add_stations(upload.network)
        sent = water.send(upload.csv())
        sent_s.append(sent.seconds)
        counted = {name: sent.receipt[name] for name in upload.receipt()}
        assert counted == upload.receipt(), counted
        sums.append(upload.stored()[1])
    count, total = water.kept("month")
    rows = sum(upload.rows for upload in uploads)
    assert count == rows, f"kept {count} of {rows}"
    assert math.isclose(total, math.fsum(sums), rel_tol=1e-9), (total, sums)
    last = sent_s[-3:]
    ground.found(
        Result(
            f"{rows:,} rows stored: an upload of {uploads[0].rows:,} rows at the end", database,
            "s", last, uploads[0].rows,
        ),
        Result(
            f"{rows:,} rows stored: storage of a measurement", database, "B",
            [water.grown_bytes() / rows],
        ),
    )  # fmt: skip
    return _Store(water, uploads)


def _read(ground: Ground, database: str, stores: Sequence[_Store]) -> None:
    seen: dict[tuple[int, str], list[list[float]]] = defaultdict(list)
    for number in range(ground.rounds):
        ground.say(f"reads, {database}, round {number + 1} of {ground.rounds}")
        for store in stores:
            for name, requests in _requests(store).items():
                # The first request of a store may find everything cold.
                wire.drive(store.water.port, requests[:3]).require(200)
                answers = wire.drive(store.water.port, requests).require(200)
                assert json.loads(answers.body)["items"], name
                seen[store.rows, name].append([each * 1000 for each in answers.latencies_s])
    smallest = stores[0].rows
    for name, most in (("figures", None), ("latest", 10.0), ("days", 20.0)):
        for store in stores:
            _tell(ground, database, store, name, most, seen[store.rows, name], seen[smallest, name])


def _requests(store: _Store) -> dict[str, list[bytes]]:
    overseer = store.water.gateway.token("overseer")
    operator = store.water.gateway.token("operator")
    codes = [code for each in store.blocks for code in each.network.codes]
    figures = wire.encode("GET", "/v1/indicators", overseer, query={**YEARS, "limit": LIMIT})
    latest = wire.encode("GET", "/v1/measurements/latest", operator, query={"limit": LIMIT})
    days = [
        wire.encode(
            "GET", "/v1/rollups", operator,
            query={"period": "day", "station": codes[i * 7 % len(codes)], **YEAR, "limit": LIMIT},
        )
        for i in range(OTHERS_N)
    ]  # fmt: skip
    return {"figures": [figures] * FIGURES_N, "latest": [latest] * OTHERS_N, "days": days}


_WHAT: Final = {
    "figures": "figures of five years of a city",
    "latest": "latest values of all series",
    "days": "the days of a station's year",
}


def _tell(
    ground: Ground,
    database: str,
    store: _Store,
    name: str,
    most_ms: float | None,
    rounds: Sequence[Sequence[float]],
    smallest: Sequence[Sequence[float]],
) -> None:
    what = f"{store.rows:,} rows stored: {_WHAT[name]}"
    median, high = ([percentile(each, share) for each in rounds] for share in (0.5, 0.99))
    goals = [] if most_ms is None else [Goal("value", most_ms)]
    ground.found(Result(f"{what}, p50", database, "ms", median, goals=goals))
    if rounds is smallest or most_ms is not None:
        ground.found(Result(f"{what}, p99", database, "ms", high))
        return
    ground.found(
        Result(
            f"{what}, p99", database, "ms", high, 0, [percentile(each, 0.99) for each in smallest],
            "the smallest store", [Goal("ratio", 1.2)],
        )
    )  # fmt: skip
