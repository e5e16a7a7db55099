"""A retried upload never doubles, whatever the network does (promise P2)."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.faults.devices import HEADER, NOTHING_WRONG, Device, Oracle
from tests.faults.processes import all_rows
from tests.faults.proxy import Proxy

CSV = {"Content-Type": "text/csv"}
MANY = 12


def rows(number=200, first=0):
    lines = [f"D-1,bod,2024-01-{n // 24 + 1:02}T{n % 24:02}:00:00Z,{n / 8},mg/L\n"
             for n in range(first, first + number)]  # fmt: skip
    return HEADER + "".join(lines)


def send_at_once(water, body, headers):
    """Send one upload from many threads at the same moment; return the answers."""
    start = threading.Barrier(MANY)

    def send(_):
        with water.client() as client:
            client.get("/livez")
            start.wait()
            return client.post("/v1/uploads", content=body, headers=headers)

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(send, range(MANY)))


def stored(water):
    with water.client() as client:
        return all_rows(client)


def test_of_many_sends_with_a_key_one_is_received(water):
    answers = send_at_once(water, rows(), {**CSV, "Idempotency-Key": uuid.uuid4().hex})

    assert Counter(a.status_code for a in answers) == {201: 1, 200: MANY - 1}
    assert len({a.json()["id"] for a in answers}) == 1
    assert sorted(a.json()["replayed"] for a in answers) == [False] + [True] * (MANY - 1)
    assert {(r["revision"], r["upload"]) for r in stored(water)} == {(1, answers[0].json()["id"])}
    assert len(stored(water)) == 200


def test_many_sends_without_a_key_make_one_set_of_rows(water):
    receipts = [a.json() for a in send_at_once(water, rows(), CSV)]

    assert sorted(r["inserted"] for r in receipts) == [0] * (MANY - 1) + [200]
    assert all(r["inserted"] + r["unchanged"] == r["received"] == 200 for r in receipts)
    assert len(stored(water)) == 200
    assert {r["revision"] for r in stored(water)} == {1}


def test_uploads_that_overlap_make_one_set_of_rows(water):
    start = threading.Barrier(MANY)

    def send(number):
        with water.client() as client:
            start.wait()
            return client.post("/v1/uploads", content=rows(60, 10 * number), headers=CSV)

    with ThreadPoolExecutor(MANY) as pool:
        receipts = [answer.json() for answer in pool.map(send, range(MANY))]

    assert sum(r["inserted"] for r in receipts) == len(stored(water)) == 60 + 10 * (MANY - 1)
    assert all(r["inserted"] + r["unchanged"] == r["received"] == 60 for r in receipts)


def test_a_key_outlives_the_process(start_water, sqlite_url):
    water = start_water(sqlite_url)
    water.add_stations("D-1")
    headers = {**CSV, "Idempotency-Key": "kept-over-a-restart"}
    with water.client() as client:
        first = client.post("/v1/uploads", content=rows(), headers=headers).json()
    water.kill()
    water.start()
    water.await_ready()
    with water.client() as client:
        again = client.post("/v1/uploads", content=rows(), headers=headers)
        other = client.post("/v1/uploads", content=rows(100), headers=headers)

    assert (again.status_code, again.json()) == (200, {**first, "replayed": True})
    assert (other.status_code, other.json()["type"]) == (
        409,
        "urn:kembar:problem:idempotency-conflict",
    )


def test_another_clients_key_is_another_key(water):
    headers = {**CSV, "Idempotency-Key": "both-chose-this"}
    receipts = []
    for name in ("first", "second"):
        with water.client(client_id=name, sub=name) as client:
            receipts.append(client.post("/v1/uploads", content=rows(), headers=headers).json())

    assert [r["inserted"] for r in receipts] == [200, 0]
    assert [r["replayed"] for r in receipts] == [False, False]
    assert receipts[0]["id"] != receipts[1]["id"]


def test_a_network_at_fault_doubles_nothing(water, rounds):
    oracle = Oracle()
    faults = ["drop-answer", "cut-request", "twice", "throttle"] * rounds(6, 80)
    direct = water.base
    with Proxy(direct) as proxy:
        proxy.faults = faults
        water.base = proxy.url
        device = Device(water, oracle, "D-1")
        while proxy.faults:
            device.upload()
            device.hang_up()
        device.upload()
        device.close()
        water.base = direct

    with water.client() as client:
        assert oracle.compare(client) == NOTHING_WRONG
    assert oracle.attempts > len(oracle.receipts)
