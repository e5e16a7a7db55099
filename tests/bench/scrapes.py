"""A scrape of many station series beside the client library's own custom collector."""

from __future__ import annotations

import multiprocessing
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from kembar_water import catalogue
from tests.bench import product, wire
from tests.bench.ground import Ground
from tests.bench.results import Goal, Result
from tests.bench.workload import Network

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

SERIES: Final = (10_000, 100_000)
QUICK: Final = (10_000,)
CODES: Final = tuple(p.code for p in catalogue.build().parameters if p.unit == "mg/L")
VALUE: Final = "0.0125"
LEAST_RATIO, LONGEST_WAIT_MS = 0.25, 50.0
OTHERS: Final = 300
"""Requests of somebody else while one scrape follows the other."""

_SHOWN: Final = "kembar_measurement_latest"
_ROWS_AT_ONCE: Final = 100_000


def run(ground: Ground, sizes: tuple[int, ...]) -> None:
    """Measure each size on each database."""
    for database in ground.databases:
        for size in sizes:
            # The service's own timer waits meanwhile: a scrape never waits for it.
            quiet = {"FIGURES_PERIOD_S": "86400", "QUALITY_PERIOD_S": "86400"}
            with product.water(
                ground.gateway, database, ground.postgres_url, at_the_door=False, settings=quiet
            ) as water:
                network = Network(stations=-(-size // len(CODES)))
                ground.say(f"{size:,} series, {database}: made")
                water.add_stations(network)
                _send(water, network.codes, datetime.now(UTC) - timedelta(days=2))
                _measure(ground, database, water, network, len(network.codes) * len(CODES))


def _send(water: product.Water, stations: list[str], at: datetime) -> None:
    """Upload one value of each parameter of each station."""
    lines = [f"{s},{code},{at:%Y-%m-%dT%H:%M:%SZ},{VALUE},mg/L" for s in stations for code in CODES]
    for first in range(0, len(lines), _ROWS_AT_ONCE):
        part = "\n".join(
            ["station,parameter,time,value,unit", *lines[first : first + _ROWS_AT_ONCE]]
        )
        receipt = water.send(part.encode()).receipt
        assert receipt["rejected"] == 0, receipt


def _measure(
    ground: Ground, database: str, water: product.Water, network: Network, size: int
) -> None:
    request = wire.encode("GET", "/metrics", ground.gateway.token("scraper"))
    page = wire.ask(water.port, request).require(200).body.decode()
    library = _Library(page)
    assert library.of(_SHOWN) == size
    same, hour, whole, beside = [], [], [], []
    at = datetime.now(UTC) - timedelta(hours=20)
    for number in range(ground.rounds * 3):
        ground.say(f"{size:,} series, {database}, scrape {number + 1} of {ground.rounds * 3}")
        beside.append(library.written_s() * 1000)
        same.append(_scraped_ms(water, request))
        at += timedelta(minutes=10)
        _send(water, network.codes[:20], at)
        hour.append(_scraped_ms(water, request))
        if number < ground.rounds:
            _send(water, network.codes, at + timedelta(minutes=5))
            whole.append(_scraped_ms(water, request))
    waits_ms = _waits(ground, water, network, request)
    what = f"scrape of {size:,} station series"
    ratio = [Goal("ratio", LEAST_RATIO)]
    floor = "the library's collector of the same samples"
    ground.found(
        Result(floor, database, "ms", beside, size),
        Result(what, database, "ms", same, size, beside, "library", ratio),
        Result(
            f"{what}, 20 stations have sent", database, "ms", hour, size, beside, "library", ratio
        ),
        Result(f"{what}, all have sent", database, "ms", whole, size, beside, "library", ratio),
        Result(
            f"the longest wait of {OTHERS} other requests meanwhile", database, "ms", waits_ms,
            goals=[Goal("value", LONGEST_WAIT_MS)],
        ),
    )  # fmt: skip


def _scraped_ms(water: product.Water, request: bytes) -> float:
    return wire.ask(water.port, request).require(200).seconds * 1000


def _waits(ground: Ground, water: product.Water, network: Network, request: bytes) -> list[float]:
    """Return the longest wait of each round while a process of its own scrapes without pause."""
    token = ground.gateway.token("operator")
    other = wire.encode("GET", f"/v1/stations/{network.codes[0]}", token)
    longest = []
    for _ in range(ground.rounds):
        stop = multiprocessing.get_context("spawn").Event()
        scraper = multiprocessing.get_context("spawn").Process(
            target=_scrape_on, args=(water.port, request, stop)
        )
        scraper.start()
        try:
            time.sleep(2)
            answers = wire.drive(water.port, [other] * OTHERS).require(200)
        finally:
            stop.set()
            scraper.join()
        longest.append(max(answers.latencies_s) * 1000)
    return longest


def _scrape_on(port: int, request: bytes, stop: Any) -> None:  # Any: multiprocessing's own
    while not stop.is_set():
        wire.ask(port, request).require(200)


class _Library(Collector):
    """The same samples, by the client library's own means."""

    def __init__(self, page: str) -> None:
        self._families = [
            (family.name, family.documentation, [(s.labels, s.value) for s in family.samples])
            for family in text_string_to_metric_families(page)
            if family.name.startswith(_SHOWN)
        ]
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def of(self, name: str) -> int:
        """Return how many samples a family has."""
        return sum(len(samples) for each, _, samples in self._families if each == name)

    def written_s(self) -> float:
        """Return how long the library takes to collect and write them."""
        began = time.perf_counter()
        generate_latest(self._registry)
        return time.perf_counter() - began

    def describe(self) -> list[Metric]:
        """Name nothing."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the families, made anew as at each scrape."""
        for name, told, samples in self._families:
            labels = list(samples[0][0]) if samples else []
            family = GaugeMetricFamily(name, told, labels=labels)
            for values, value in samples:
                family.add_metric(list(values.values()), value)
            yield family
