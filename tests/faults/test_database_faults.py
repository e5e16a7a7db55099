"""A database in trouble is said clearly, nothing is half stored, and all heals alone (P5)."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.faults import causes
from tests.faults.devices import HEADER
from tests.faults.processes import all_rows
from tests.faults.proxy import Proxy

WITHIN_S = 15
HEALED_S = 20
ROWS = 1440
IMPATIENT = {"KEMBAR_WATER_DATABASE_TIMEOUT_S": "3"}
READS = ("/v1/measurements?limit=5", "/v1/stations", "/v1/rollups?period=month")


def rows(day):
    lines = [f"D-1,bod,2024-01-{day:02}T{n // 60:02}:{n % 60:02}:00Z,{n / 8},mg/L\n"
             for n in range(ROWS)]  # fmt: skip
    return HEADER + "".join(lines)


class Watch:
    """Uploads and reads while something is the matter, and afterwards."""

    def __init__(self, water):
        self._water = water
        self._day = 0
        self._acknowledged = 0
        water.add_stations("D-1")
        self._expect_healthy(time.monotonic())

    def during(self, cause, *, reads_fail=True):
        """Say that all is well, bring about *cause*, check each answer, and see it heal."""
        with cause:
            self._expect_refusals(reads_fail=reads_fail)
            assert self._water.process.poll() is None
        self._expect_healthy(time.monotonic())
        with self._water.client() as client:
            stored = all_rows(client)
        assert len(stored) == self._acknowledged * (ROWS), "something is half stored"

    def _expect_refusals(self, *, reads_fail):
        with ThreadPoolExecutor(12) as pool:
            uploads = [pool.submit(self._upload, self._day + n + 1) for n in range(5)]
            reads = [pool.submit(self._get, path) for path in READS]
            ready = pool.submit(self._get, "/readyz")
            time.sleep(0.3)
            began = time.monotonic()
            assert httpx.get(self._water.base + "/livez", timeout=2).status_code == 200
            assert time.monotonic() - began < 1
        for answer, seconds in (upload.result() for upload in uploads):
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["retry-after"]) > 0
            assert seconds < WITHIN_S
        for answer, seconds in (read.result() for read in reads):
            assert answer.status_code == 503 if reads_fail else answer.status_code in {200, 503}
            assert seconds < WITHIN_S
        assert not reads_fail or ready.result()[0].status_code == 503
        assert ready.result()[1] < WITHIN_S

    def _expect_healthy(self, since):
        self._day += 1
        while (answer := self._upload(self._day)[0]).status_code != 201:
            assert answer.status_code == 503, answer.text
            assert time.monotonic() - since < HEALED_S, answer.text
            time.sleep(0.2)
        assert answer.json()["inserted"] == ROWS, "a refused upload was stored"
        assert self._get("/readyz")[0].status_code == 200
        self._acknowledged += 1

    def _upload(self, day):
        headers = {"Content-Type": "text/csv", "Idempotency-Key": uuid.uuid4().hex}
        with self._water.client(timeout_s=40) as client:
            began = time.monotonic()
            answer = client.post("/v1/uploads", content=rows(day), headers=headers)
            return answer, time.monotonic() - began

    def _get(self, path):
        with self._water.client(timeout_s=40) as client:
            began = time.monotonic()
            return client.get(path), time.monotonic() - began


def patience(rounds):
    """Return the settings of a short run; a long one keeps the defaults."""
    return IMPATIENT if rounds(1, 2) == 1 else {}


def test_trouble_of_a_sqlite_database(start_water, tmp_path, rounds):
    folder = tmp_path / "store"
    file = folder / "water.sqlite"
    water = start_water(f"sqlite:///{file}", **patience(rounds))
    watch = Watch(water)

    watch.during(causes.locked_file(file), reads_fail=False)
    watch.during(causes.moved_away(folder))
    watch.during(causes.moved_away(file))
    watch.during(causes.small_files(water, 64 * 1024), reads_fail=False)


def test_trouble_of_a_sqlite_disk(start_water, tmp_path, rounds):
    folder = tmp_path / "disk"
    with causes.small_disk(folder, 24) as may_mount:
        if not may_mount:
            pytest.skip("only root may mount a disk")
        water = start_water(f"sqlite:///{folder}/water.sqlite", **patience(rounds))
        watch = Watch(water)

        watch.during(causes.full(folder), reads_fail=False)
        water.stop()


def test_trouble_of_a_postgresql_server(own_postgres, own_postgres_url, start_water, rounds):
    water = start_water(own_postgres_url, **patience(rounds))
    watch = Watch(water)

    watch.during(causes.stopped(own_postgres))
    watch.during(causes.frozen(own_postgres))
    watch.during(causes.locked_tables(own_postgres_url))
    watch.during(causes.demoted(own_postgres), reads_fail=False)
    watch.during(causes.closed_to_all(own_postgres_url))


def test_more_waiting_than_connections(postgres_url, start_water, rounds):
    settings = {**patience(rounds), "KEMBAR_WATER_DATABASE_POOL_SIZE": "2"}
    watch = Watch(start_water(postgres_url, **settings))

    watch.during(causes.locked_tables(postgres_url))


@pytest.mark.parametrize("moment", ["COMMIT", "COPY", "INSERT INTO upload "])
def test_a_connection_lost_in_an_upload_is_no_answer(postgres_url, start_water, moment, rounds):
    with Proxy(postgres_url) as proxy:
        water = start_water(postgres_url, **patience(rounds))
        water.add_stations("D-1")
        water.stop()
        water.environment["KEMBAR_WATER_DATABASE_URL"] = proxy.url
        water.environment["KEMBAR_WATER_FIGURES_PERIOD_S"] = "3600"
        water.start()
        water.await_ready()
        # What is done at the start commits too, and is not what shall be cut.
        proxy.await_silence(1)
        headers = {"Content-Type": "text/csv", "Idempotency-Key": uuid.uuid4().hex}
        with water.client() as client:
            proxy.cut_at = moment.encode()
            lost = client.post("/v1/uploads", content=rows(1), headers=headers)
            assert proxy.cut_at is None, "the statement was never seen"
            again = client.post("/v1/uploads", content=rows(1), headers=headers)
            stored = all_rows(client)

        assert (lost.status_code, lost.headers.get("retry-after")) == (503, "5")
        assert again.status_code in {200, 201}
        assert again.json()["inserted"] == len(stored) == ROWS
        water.stop()
