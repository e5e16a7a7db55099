"""What was answered 2xx survives kills at any instant (promise P1)."""

from __future__ import annotations

import random
import time

import pytest

from tests.faults.devices import NOTHING_WRONG, Device, Oracle
from tests.faults.processes import READY_S

STATIONS = ("D-1", "D-2", "D-3", "D-4")


@pytest.fixture
def devices():
    """Return a function: service -> the oracle and four devices that upload to it."""
    working = []

    def start(water):
        water.add_stations(*STATIONS)
        oracle = Oracle()
        working.extend(Device(water, oracle, station) for station in STATIONS)
        for device in working:
            device.start()
        return oracle, working

    yield start
    for device in working:
        device.finish()


def see_through(devices):
    for device in devices:
        device.finish()
    for device in devices:
        device.join(timeout=120)
        assert not device.is_alive()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_killed_service_keeps_what_it_acknowledged(request, start_water, devices, rounds, kind):
    url = request.getfixturevalue("sqlite_url" if kind == "sqlite" else "postgres_url")
    water = start_water(url)
    oracle, working = devices(water)
    chance, ready = random.Random(kind), []
    for _ in range(rounds(6 if kind == "sqlite" else 4, 100)):
        time.sleep(chance.uniform(0.05, 0.8))
        water.kill()
        water.start()
        ready.append(water.await_ready())
    time.sleep(0.5)
    see_through(working)
    with water.client() as client:
        difference = oracle.compare(client)

    assert difference == NOTHING_WRONG
    assert water.command("audit", "verify") == 0, water.log()
    assert len(oracle.receipts) > 10
    assert oracle.attempts > len(oracle.receipts), "no kill met an upload"
    assert max(ready) <= READY_S


def test_a_killed_database_server_keeps_what_was_acknowledged(
    own_postgres, own_postgres_url, start_water, devices, rounds
):
    water = start_water(own_postgres_url)
    oracle, working = devices(water)
    chance, ready = random.Random("server"), []
    for number in range(rounds(4, 100)):
        time.sleep(chance.uniform(0.05, 0.8))
        own_postgres.kill()
        if number % 3 == 2:
            water.kill()
        own_postgres.start()
        if number % 3 == 2:
            water.start()
        ready.append(water.await_ready())
    time.sleep(0.5)
    see_through(working)
    with water.client() as client:
        difference = oracle.compare(client)

    assert difference == NOTHING_WRONG
    assert water.command("audit", "verify") == 0, water.log()
    assert len(oracle.receipts) > 10
    assert oracle.attempts > len(oracle.receipts), "no kill met an upload"
    assert max(ready) <= READY_S
