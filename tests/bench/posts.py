"""Small posts: what loggers send every ten minutes, one measurement or a thousand at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.bench import product, wire
from tests.bench.files import NETWORK
from tests.bench.ground import Ground
from tests.bench.processes import free_port, serving
from tests.bench.results import Goal, Result, percentile
from tests.bench.workload import json_bodies

CONNECTIONS: Final = 16
BATCH: Final = 1000
BATCH_CONNECTIONS: Final = 4
MOST_S: Final = 6.0
"""A round of posts stops then; what was answered counts."""

SINGLES: Final = 30_000
BATCHES: Final = 240

_JSON: Final = "application/json"


def run(ground: Ground) -> None:
    """Measure single posts beside an HTTP echo of the same posts, then batches."""
    port = free_port()
    log = ground.folder / "echo.log"
    with serving("-m", "tests.bench.echo", str(port), port=port, log=log):
        for database in ground.databases:
            _on(ground, database, port)


def _on(ground: Ground, database: str, echo_port: int) -> None:
    echoed: list[float] = []
    single: list[float] = []
    batched: list[float] = []
    latency: dict[float, list[float]] = {0.5: [], 0.99: []}
    kept, first = 0, 0
    with product.water(ground.gateway, database, ground.postgres_url) as water:
        water.add_stations(NETWORK)
        for number in range(ground.rounds):
            ground.say(f"small posts, {database}, round {number + 1} of {ground.rounds}")
            bodies = json_bodies(NETWORK, first=first, bodies=SINGLES, size=1)
            batches = json_bodies(NETWORK, first=first + SINGLES, bodies=BATCHES, size=BATCH)
            first += SINGLES + BATCHES * BATCH
            token = ground.gateway.token("operator")
            echo = posted(echo_port, "/echo", "", bodies)
            answers = posted(water.port, product.UPLOADS, token, bodies)
            batch = posted(water.port, product.UPLOADS, token, batches, BATCH_CONNECTIONS)
            echoed.append(len(echo.statuses) / echo.seconds)
            single.append(len(answers.statuses) / answers.seconds)
            batched.append(len(batch.statuses) * BATCH / batch.seconds)
            for share, seen in latency.items():
                seen.append(percentile(answers.latencies_s, share) * 1000)
            kept += len(answers.statuses) + len(batch.statuses) * BATCH
            counted, _ = water.kept()
            assert counted == kept, f"acknowledged {kept}, kept {counted}"
    floor = f"HTTP echo, {CONNECTIONS} connections"
    what = f"single posts, {CONNECTIONS} connections, one process"
    ground.found(
        Result(floor, database, "posts/s", echoed),
        Result(
            what, database, "posts/s", single, 0, echoed, "echo",
            [Goal("ratio", 0.5, is_most=False)],
        ),
        *(
            Result(f"{what}: p{share * 100:.0f}", database, "ms", seen)
            for share, seen in latency.items()
        ),
        Result(
            f"JSON batches of {BATCH:,}, {BATCH_CONNECTIONS} connections", database, "rows/s",
            batched, goals=[Goal("value", 80_000, is_most=False)],
        ),
    )  # fmt: skip


def posted(
    port: int, path: str, token: str, bodies: Sequence[bytes], connections: int = CONNECTIONS
) -> wire.Answers:
    """Post *bodies* over so many connections; each has to be acknowledged."""
    requests = [wire.encode("POST", path, token, body=body, kind=_JSON) for body in bodies]
    return wire.drive(port, requests, connections=connections, most_s=MOST_S).require(201)
