"""One of several replicas does a job once per period."""

from __future__ import annotations

import threading
import time

import pytest

from kembar_shared.chassis import leases, migrate
from kembar_shared.chassis.database import connect, reading, writing

HOUR = 3600.0


@pytest.fixture
def engine(database_url):
    engine = connect(database_url, timeout_s=10)
    migrate.upgrade(engine, ["kembar_shared.chassis"])
    yield engine
    engine.dispose()


def take(engine, holder, *, every_s=HOUR, lease_s=HOUR):
    with writing(engine) as conn:
        return leases.take(conn, "sweep", holder=holder, every_s=every_s, lease_s=lease_s)


def end(engine, holder, **how):
    with writing(engine) as conn:
        return leases.end(conn, "sweep", holder=holder, **how)


def test_of_many_at_once_one_takes_it(engine):
    taken, barrier = [], threading.Barrier(6)

    def replica(number):
        barrier.wait()
        if take(engine, f"r{number}"):
            taken.append(number)

    threads = [threading.Thread(target=replica, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == 1


def test_what_was_done_is_due_again_when_its_period_is_over(engine):
    began = time.time()
    assert take(engine, "a")
    assert end(engine, "a", is_done=True)

    assert not take(engine, "b")
    time.sleep(0.05)
    assert take(engine, "b", every_s=0.01)
    with reading(engine) as conn:
        assert abs(leases.done_s(conn, "sweep") - began) < 30
        assert leases.done_s(conn, "never") == leases.NEVER


def test_who_died_is_followed_by_another_and_cannot_end_what_is_no_longer_its_own(engine):
    assert take(engine, "a", lease_s=0.01)
    time.sleep(0.05)

    assert take(engine, "b")
    assert not end(engine, "a", is_done=True)
    with writing(engine) as conn:
        assert not leases.renew(conn, "sweep", holder="a", lease_s=HOUR)
        assert leases.renew(conn, "sweep", holder="b", lease_s=HOUR)
    assert not take(engine, "a")


def test_what_failed_is_left_alone_for_a_while_and_then_tried_again(engine):
    assert take(engine, "a")
    assert end(engine, "a", is_done=False, pause_s=0.2)

    assert not take(engine, "b")
    time.sleep(0.25)
    assert take(engine, "b")
