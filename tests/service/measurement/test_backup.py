"""A backup taken during uploads restores exactly, on either database."""

from __future__ import annotations

import threading
import uuid

import psycopg
import pytest
from pydantic import SecretStr

from kembar_shared.chassis import backup
from kembar_shared.chassis.database import connect
from kembar_shared.measurement import service
from kembar_shared.measurement.settings import PACKAGES
from kembar_water.app import domain_of
from kembar_water.settings import WaterSettings

HEADER = "station,parameter,time,value,unit\n"
ROWS = 40


def file_of(number):
    """A file of new rows and of one that is refused."""
    rows = [
        f"CPM-01,bod,20{10 + number // 300}-{1 + number % 12:02}-{1 + number // 12 % 25:02}"
        f"T{number % 24:02}:{minute:02}:00+07:00,{number}.{minute},mg/L\n"
        for minute in range(ROWS)
    ]
    return HEADER + "".join(rows) + "CPM-01,bod,yesterday,1,mg/L\n"


@pytest.fixture(params=["sqlite", "postgresql"])
def other_url(request, tmp_path):
    """Give the place of a database that is not there yet, of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/restored.sqlite"
        return
    server = request.getfixturevalue("postgres_server")
    name = f"kembar_restored_{uuid.uuid4().hex[:12]}"
    yield f"{server.rpartition('/')[0]}/{name}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


def rows_of(client, upload):
    found, cursor = [], None
    while True:
        query = {"limit": 10_000} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/measurements", params=query).json()
        found += [row for row in page["items"] if row["upload"] == upload]
        cursor = page["next"]
        if cursor is None:
            return found


class Senders:
    """Four threads that upload until the block ends, and the receipts they were given."""

    def __init__(self, client):
        self.receipts, self.failures, self._numbers = [], [], iter(range(2_000))
        self._client, self._stop = client, threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(4)]

    def _work(self):
        with self._client("measurements:write") as agent:
            while not self._stop.is_set():
                number = next(self._numbers)
                answer = send(agent, number)
                if answer.status_code != 201:
                    self.failures.append(answer.text)
                    return
                self.receipts.append(answer.json() | {"number": number})

    def until(self, number):
        while len(self.receipts) < number and not self.failures:
            self._stop.wait(0.02)
        return list(self.receipts)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception):
        self._stop.set()
        for thread in self._threads:
            thread.join()


def send(client, number):
    return client.post(
        "/v1/uploads",
        content=file_of(number),
        headers={"Content-Type": "text/csv"},
        timeout=60,
    )


@pytest.fixture
def saved(water, database_url, tmp_path):
    """Return a backup, what was acknowledged before it, and all that was in the end."""
    folder = tmp_path / "backup"
    engine = connect(database_url, timeout_s=20)
    with Senders(water) as senders:
        before = senders.until(12)
        backup.create(engine, folder, service="water", files={}, told=lambda _: None)
        senders.until(len(senders.receipts) + 8)
    engine.dispose()
    assert senders.failures == []
    return folder, before, senders.receipts


@pytest.fixture
def restored(saved, other_url, serve, signing):
    """Serve a water service on what was restored; return its client."""
    engine = connect(other_url, timeout_s=20)
    folder = saved[0]
    backup.restore(engine, PACKAGES, folder, service="water", files={}, told=lambda _: None)
    engine.dispose()
    settings = WaterSettings(database_url=SecretStr(other_url))
    app = service.build(settings, domain_of(settings), keys=signing.keys)
    return serve(app, token=signing.token(["measurements:read", "measurements:write"]))


def test_what_was_acknowledged_is_restored_nothing_half_and_it_goes_on(saved, restored):
    _, before, receipts = saved
    answers = {receipt["id"]: restored.get(f"/v1/uploads/{receipt['id']}") for receipt in receipts}
    kept = {upload: answer.json() for upload, answer in answers.items() if answer.is_success}

    assert {receipt["id"] for receipt in before} <= kept.keys()
    assert len(kept) < len(receipts)
    for upload, receipt in kept.items():
        assert (receipt["received"], receipt["inserted"], receipt["rejected"]) == (
            ROWS + 1,
            ROWS,
            1,
        )
        assert len(rows_of(restored, upload)) == ROWS
        lines = restored.get(receipt["rejections"]).json()["items"]
        assert [line["line"] for line in lines] == [ROWS + 2]

    again, new = send(restored, before[0]["number"]).json(), send(restored, 2_999).json()
    assert (again["unchanged"], again["inserted"]) == (ROWS, 0)
    assert (new["inserted"], len(rows_of(restored, new["id"]))) == (ROWS, ROWS)
