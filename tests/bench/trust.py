"""What identity, limits and the trail cost: Kembar beside one that trusts everybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.bench import posts, product
from tests.bench.files import NETWORK
from tests.bench.ground import Ground
from tests.bench.results import Goal, Result
from tests.bench.workload import json_bodies

TRUSTING: Final = "tests.bench.trusting"
KINDS: Final = (("single posts", posts.SINGLES, 1, posts.CONNECTIONS, 1.25),
                ("uploads of 1,000 rows", posts.BATCHES, posts.BATCH, 1, 1.10))  # fmt: skip
"""What is sent, how often at most, rows of each, connections, and what the ratio may be."""


def run(ground: Ground) -> None:
    """Measure both kinds on each database, in turn."""
    for database in ground.databases:
        with (
            product.water(ground.gateway, database, ground.postgres_url) as real,
            product.water(
                ground.gateway, database, ground.postgres_url, at_the_door=False, program=TRUSTING
            ) as trusting,
        ):
            for each in (real, trusting):
                each.add_stations(NETWORK)
            _beside(ground, database, real, trusting)


def _beside(ground: Ground, database: str, real: product.Water, trusting: product.Water) -> None:
    seen: dict[str, tuple[list[float], list[float]]] = {kind[0]: ([], []) for kind in KINDS}
    first = 0
    # A few per cent show only in more rounds than a factor does.
    rounds = 2 * ground.rounds + 1
    for number in range(rounds):
        ground.say(f"trust, {database}, round {number + 1} of {rounds}")
        for what, bodies, size, connections, _ in KINDS:
            sent = json_bodies(NETWORK, first=first, bodies=bodies, size=size)
            first += bodies * size
            pair = list(zip((real, trusting), seen[what], strict=True))
            for service, samples in pair if number % 2 == 0 else reversed(pair):
                samples.append(_each_ms(service, sent, connections))
    for what, _, _, _, bound in KINDS:
        ground.found(
            Result(
                f"{what} with identity, limits and audit", database, "ms", seen[what][0],
                beside=seen[what][1], floor="without them", goals=[Goal("ratio", bound)],
            )
        )  # fmt: skip


def _each_ms(service: product.Water, bodies: Sequence[bytes], connections: int) -> float:
    token = service.gateway.token("operator")
    answers = posts.posted(service.port, product.UPLOADS, token, bodies, connections)
    return answers.seconds / len(answers.statuses) * 1000
