"""The bench's client against a real server."""

from __future__ import annotations

import json

import pytest

from kembar_shared.chassis.settings import Settings
from tests.bench import echo, wire
from tests.bench.workload import Network, json_bodies

BODIES = json_bodies(Network(), first=0, bodies=50, size=2)


@pytest.fixture
def port(serve) -> int:
    return serve(echo.app, settings=Settings()).base_url.port


def posts(bodies: list[bytes]) -> list[bytes]:
    return [wire.encode("POST", "/echo", body=body, kind="application/json") for body in bodies]


@pytest.mark.parametrize("connections", [1, 16])
def test_every_request_is_answered_once(port: int, connections: int):
    answers = wire.drive(port, posts(BODIES), connections=connections).require(201)

    assert answers.body == b"2"
    assert len(answers.statuses) == len(answers.latencies_s) == len(BODIES)
    assert max(answers.latencies_s) <= answers.seconds


def test_a_body_larger_than_any_buffer_arrives_whole(port: int):
    (body,) = json_bodies(Network(), first=0, bodies=1, size=100_000)

    answers = wire.ask(port, *posts([body])).require(201)

    assert len(body) > 8_000_000
    assert answers.body == b"100000"


def test_it_stops_when_the_time_is_over(port: int):
    answers = wire.drive(port, posts(BODIES), connections=2, most_s=0)

    assert len(answers.statuses) == 2


def test_an_answer_that_was_not_expected_fails(port: int):
    refused = posts([json.dumps({"measurements": [{}]}).encode()])

    with pytest.raises(AssertionError, match="422"):
        wire.drive(port, refused).require(201)
