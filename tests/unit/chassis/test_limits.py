"""Buckets, their rounding and their number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kembar_shared.chassis import limits
from kembar_shared.chassis.limits import Buckets, Rate
from kembar_shared.chassis.problems import TooManyRequests


class Clock:
    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def taken(buckets, key="c", rate=None, most=10_000):
    """Take until the bucket is empty; return how many it held."""
    for count in range(most):
        if buckets.take(key, rate).wait_s:
            return count
    return most


def test_a_burst_is_let_in_and_then_so_many_a_second(clock):
    buckets = Buckets(Rate(60, 10), clock=clock)

    assert taken(buckets) == 60
    clock.now += 0.5
    assert taken(buckets) == 5
    clock.now += 3600
    assert taken(buckets) == 60


def test_clients_do_not_hinder_each_other_and_may_have_rates_of_their_own(clock):
    buckets = Buckets(Rate(60, 10), clock=clock)

    assert [taken(buckets, "a"), taken(buckets, "b"), taken(buckets, "c", Rate(3, 1))] == [
        60,
        60,
        3,
    ]
    clock.now += 1
    assert [taken(buckets, "a"), taken(buckets, "c", Rate(3, 1))] == [10, 1]


def test_the_fields_tell_where_a_client_stands(clock):
    buckets = Buckets(Rate(60, 10), clock=clock)

    first = dict(buckets.take("c").fields)
    assert first == {b"ratelimit-policy": b'"client";q=60;w=6', b"ratelimit": b'"client";r=59;t=1'}
    taken(buckets)
    refused = buckets.take("c")
    assert dict(refused.fields)[b"ratelimit"] == b'"client";r=0;t=1'
    with pytest.raises(TooManyRequests) as told:
        refused.require()
    assert told.value.headers["Retry-After"] == "1"


def test_the_wait_that_is_told_is_enough(clock):
    buckets = Buckets(Rate(2, 0.1), clock=clock)
    taken(buckets)

    with pytest.raises(TooManyRequests) as told:
        buckets.take("c").require()
    seconds = int(told.value.headers["Retry-After"])
    assert seconds == 10
    clock.now += seconds
    assert taken(buckets) == 1


def test_looking_takes_nothing_and_refusals_cost_nothing(clock):
    buckets = Buckets(Rate(2, 1), clock=clock)

    for _ in range(9):
        buckets.require("c")
    assert taken(buckets) == 2
    with pytest.raises(TooManyRequests):
        buckets.require("c")
    for _ in range(100):
        assert buckets.take("c").wait_s
    clock.now += 1
    assert taken(buckets) == 1


def test_buckets_are_bounded_and_the_full_ones_are_forgotten_first(clock, monkeypatch):
    monkeypatch.setattr(limits, "MOST_BUCKETS", 100)
    buckets = Buckets(Rate(1, 1), clock=clock)
    for number in range(99):
        buckets.take(f"old {number}")
    clock.now += 2
    buckets.take("new")

    for number in range(50):
        buckets.take(f"newer {number}")
    with pytest.raises(TooManyRequests):
        buckets.require("new")
    for number in range(200):
        buckets.take(f"newest {number}")
    assert len(buckets._full_at) <= 100


@given(
    burst=st.integers(1, 200),
    per_s=st.floats(0.01, 1000),
    began=st.floats(0, 1e7),
    pauses=st.lists(st.floats(0, 10), max_size=20),
)
def test_never_more_than_the_burst_and_what_was_earned(burst, per_s, began, pauses):
    clock = Clock()
    clock.now = began
    buckets = Buckets(Rate(burst, per_s), clock=clock)
    let_in = taken(buckets)
    assert let_in == burst
    for pause in pauses:
        clock.now += pause
        let_in += taken(buckets, most=500)

    assert let_in <= burst + (clock.now - began) * per_s + 1
