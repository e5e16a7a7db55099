import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from kembar_shared.chassis import auth, migrate
from kembar_shared.chassis.database import connect, reading, writing
from kembar_shared.chassis.idempotency import (
    KEPT,
    IdempotencyKeyDep,
    Remembered,
    recall,
    remember,
)
from kembar_shared.chassis.problems import IdempotencyConflict

UPLOAD = ("device", "POST /v1/uploads", "key-00000001", "hash-a")


@pytest.fixture
def engine(database_url):
    engine = connect(database_url, timeout_s=10)
    migrate.upgrade(engine, ["kembar_shared.chassis"])
    yield engine
    engine.dispose()


def test_the_first_answer_is_given_again(engine):
    with writing(engine) as conn:
        assert recall(conn, *UPLOAD) is None
        remember(conn, *UPLOAD, status=201, body='{"id": "ü"}')
    engine.dispose()
    with writing(engine) as conn:
        assert recall(conn, *UPLOAD) == Remembered(201, '{"id": "ü"}')


def test_a_key_belongs_to_one_client_and_one_operation(engine):
    with writing(engine) as conn:
        remember(conn, *UPLOAD, status=201, body="{}")

        client, operation, key, fingerprint = UPLOAD
        assert recall(conn, "other", operation, key, fingerprint) is None
        assert recall(conn, client, "POST /v1/stations", key, fingerprint) is None
        assert recall(conn, client, operation, "key-00000002", fingerprint) is None


def test_another_request_with_the_same_key_is_a_conflict(engine):
    with writing(engine) as conn:
        remember(conn, *UPLOAD, status=201, body="{}")

    with writing(engine) as conn, pytest.raises(IdempotencyConflict):
        recall(conn, *UPLOAD[:3], "hash-b")


def test_of_many_at_once_one_does_the_work(engine):
    work = []
    gate = threading.Barrier(6)

    def send():
        gate.wait()
        with writing(engine) as conn:
            if recall(conn, *UPLOAD) is None:
                work.append(1)
                remember(conn, *UPLOAD, status=201, body="{}")

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert work == [1]


def test_keys_are_forgotten_after_a_week_and_not_before(engine):
    with time_machine.travel("2026-03-01T00:00:00Z", tick=False) as clock:
        with writing(engine) as conn:
            remember(conn, *UPLOAD, status=201, body="{}")
        clock.shift(KEPT)
        with writing(engine) as conn:
            remember(conn, "b", *UPLOAD[1:], status=201, body="{}")
        assert _clients(engine) == ["b", "device"]
        clock.shift(timedelta(seconds=1))
        with writing(engine) as conn:
            remember(conn, "c", *UPLOAD[1:], status=201, body="{}")
        assert _clients(engine) == ["b", "c"]


def _clients(engine):
    with reading(engine) as conn:
        query = sa.text("SELECT client FROM idempotency_key ORDER BY client")
        return list(conn.execute(query).scalars())


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("12345678", 200),
        ("k" * 128, 200),
        ("!~[]{}|;", 200),
        ("1234567", 400),
        ("k" * 129, 400),
        ("with space", 400),
        ("schlüssel-1".encode(), 400),
        ("", 400),
    ],
    ids=range(8),
)
def test_a_key_has_a_form(build, serve, key, status):
    router = auth.Router()

    @router.post("/v1/things")
    @auth.public
    def create(key: IdempotencyKeyDep):
        return {"key": key}

    answer = serve(build([router])).post("/v1/things", headers={b"Idempotency-Key": key})

    assert answer.status_code == status
    if status == 400:
        assert answer.json()["type"] == "urn:kembar:problem:bad-idempotency-key"
    else:
        assert answer.json() == {"key": key}
