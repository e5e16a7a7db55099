"""Files: first sent, sent again, sent changed, sent through the door; and what runs meanwhile."""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from tests.bench import floors, product, wire
from tests.bench.ground import Ground
from tests.bench.processes import Sampled, free_port, resident_mib, serving
from tests.bench.results import Goal, Result, percentile
from tests.bench.workload import Network, Upload

NETWORK: Final = Network()
CHANGED, NEW = 0.05, 0.05
MILLION: Final = 1_000_000
LOOK_S: Final = 0.02
STORAGE: Final = {"sqlite": 40.0, "postgresql": 120.0}
FLOORS: Final = {
    "postgresql": "parse + COPY into the unique key",
    "sqlite": "parse + executemany into the natural key",
}


@dataclass(frozen=True)
class _Files:
    """The two files of a size."""

    rows: int

    @cached_property
    def first(self) -> Upload:
        return Upload(NETWORK, self.rows)

    @cached_property
    def second(self) -> Upload:
        return self.first.next_with(changed=CHANGED, new=NEW)

    @cached_property
    def first_bytes(self) -> bytes:
        return self.first.csv()

    @cached_property
    def second_bytes(self) -> bytes:
        return self.second.csv()


def run(ground: Ground, sizes: Sequence[int]) -> None:
    """Measure uploads of files of *sizes* rows, each beside its floor."""
    for rows in sizes:
        files = _Files(rows)
        seen: dict[str, dict[str, list[float]]] = {each: defaultdict(list) for each in FLOORS}
        for number in range(ground.rounds):
            for database in ground.databases:
                ground.say(f"{rows:,} rows, {database}, round {number + 1} of {ground.rounds}")
                _round(ground, database, files, seen[database])
        for database in ground.databases:
            _tell(ground, database, rows, seen[database])


def _round(ground: Ground, database: str, files: _Files, seen: dict[str, list[float]]) -> None:
    first, second = files.first, files.second
    seen["floor"].append(_floor(ground, database, files))
    with product.water(ground.gateway, database, ground.postgres_url) as water:
        water.add_stations(NETWORK)
        with Sampled(lambda: resident_mib(water.pid)) as memory:
            sent = water.send(files.first_bytes)
        seen["first"].append(sent.seconds)
        seen["memory"].append(max(memory.seen))
        product.verify(water, sent, first)
        seen["bytes"].append(water.grown_bytes() / first.distinct)
        sent = water.send(files.first_bytes)
        seen["again"].append(sent.seconds)
        product.verify(water, sent, first, first)
        sent = water.send(files.second_bytes)
        seen["changed"].append(sent.seconds)
        product.verify(water, sent, second, first)
    if files.rows < MILLION // 10:
        return
    with product.water(ground.gateway, database, ground.postgres_url) as water:
        water.add_stations(NETWORK)
        with Sampled(lambda: resident_mib(ground.gateway.pid)) as memory:
            sent = water.send(files.first_bytes, door=True)
        seen["door"].append(sent.seconds)
        seen["gateway memory"].append(max(memory.seen))
        product.verify(water, sent, first)
        _meanwhile(water, files, seen)


def _floor(ground: Ground, database: str, files: _Files) -> float:
    content, distinct = files.first_bytes, files.first.distinct
    if database == "sqlite":
        return floors.sqlite(content, NETWORK, ground.folder, distinct)
    return floors.postgresql(content, NETWORK, ground.postgres_url, distinct)


def _meanwhile(water: product.Water, files: _Files, seen: dict[str, list[float]]) -> None:
    """Read, and ask after the process's health, while the second file arrives."""
    token = water.gateway.token("operator")
    asked = {
        "livez": wire.encode("GET", "/livez"),
        "latest": wire.encode("GET", "/v1/measurements/latest", token),
    }

    def latency_ms(request: bytes) -> float:
        return wire.ask(water.port, request).require(200).latencies_s[0] * 1000

    with ExitStack() as stack:
        looks = {
            name: stack.enter_context(Sampled(lambda each=each: latency_ms(each), LOOK_S))
            for name, each in asked.items()
        }
        sent = water.send(files.second_bytes)
    product.verify(water, sent, files.second, files.first)
    for name, look in looks.items():
        seen[f"{name} p50"].append(statistics.median(look.seen))
        seen[f"{name} p99"].append(percentile(look.seen, 0.99))


def _tell(ground: Ground, database: str, rows: int, seen: dict[str, list[float]]) -> None:
    is_gate = rows >= MILLION
    floor = seen["floor"]
    label = f"{rows:,} rows of CSV"

    def told(what: str, key: str, *goals: Goal, unit: str = "s") -> Result:
        beside, name = (floor, "floor") if unit == "s" else ((), "")
        counted = rows if unit == "s" else 0
        return Result(
            f"{label}: {what}", database, unit, seen[key], counted, beside, name,
            goals if is_gate else (),
        )  # fmt: skip

    ground.found(
        Result(f"{label}: floor, {FLOORS[database]}", database, "s", floor, rows),
        told("first upload", "first", Goal("ratio", 1.25), Goal("rate", 300_000, is_most=False)),
        told("the same again", "again", Goal("ratio", 1.25)),
        told("5 % changed, 5 % new", "changed", Goal("ratio", 2)),
    )
    if seen["door"]:
        ground.found(
            Result(
                f"{label}: through the gateway's door", database, "s", seen["door"], rows,
                seen["first"], "the service's port",
                [Goal("ratio", 1.15)] if is_gate else [],
            ),
            told("/livez meanwhile, p50", "livez p50", unit="ms"),
            told("/livez meanwhile, p99", "livez p99", Goal("value", 1000), unit="ms"),
            told("latest values meanwhile, p50", "latest p50", unit="ms"),
            told("latest values meanwhile, p99", "latest p99", Goal("value", 1000), unit="ms"),
            told("peak memory of the service", "memory", Goal("value", 350), unit="MiB"),
            told("peak memory of the gateway", "gateway memory", Goal("value", 350), unit="MiB"),
            told(
                "storage of a measurement", "bytes", Goal("value", STORAGE[database]), unit="B"
            ),
        )  # fmt: skip


def run_naive(ground: Ground, rows: int) -> None:
    """Measure Kembar beside the obvious service, on the same file."""
    upload = Upload(NETWORK, rows)
    content = upload.csv()
    for database in ground.databases:
        ours, theirs = [], []
        for number in range(ground.rounds):
            ground.say(f"naive service, {database}, round {number + 1} of {ground.rounds}")
            theirs.append(rows / _naive(ground, database, content, upload))
            with product.water(ground.gateway, database, ground.postgres_url) as water:
                water.add_stations(NETWORK)
                sent = water.send(content)
                product.verify(water, sent, upload)
            ours.append(rows / sent.seconds)
        label = f"{rows:,} rows of CSV"
        ground.found(
            Result(f"{label}: the obvious service", database, "rows/s", theirs),
            Result(
                f"{label}: Kembar", database, "rows/s", ours, 0, theirs, "the obvious service",
                [Goal("ratio", 30, is_most=False)],
            ),
        )  # fmt: skip


def _naive(ground: Ground, database: str, content: bytes, upload: Upload) -> float:
    port = free_port()
    with product.new_database(database, ground.folder, ground.postgres_url) as url, serving(
        "-m", "tests.bench.naive", str(port), url, port=port, log=ground.folder / "naive.log"
    ):  # fmt: skip
        request = wire.encode("POST", "/v1/uploads", body=content, kind="text/csv")
        answers = wire.ask(port, request).require(201)
    # It knows neither stations nor units, so it keeps some rows that ought to be refused.
    kept = json.loads(answers.body)
    assert upload.distinct <= kept["inserted"] <= upload.rows - upload.repeats, kept
    return answers.seconds
