"""How often a client may ask a service, told on every answer."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

import kembar_water.app
from kembar_shared.measurement import service
from kembar_shared.measurement.settings import PACKAGES
from kembar_water.settings import WaterSettings
from tests.loopback import PLAIN

FIELD = re.compile(r'"client";r=(\d+);t=(\d+)')


@pytest.fixture
def water(serve, new_url, signing):
    """Serve with the published limits; return a function: client id -> HTTP client."""
    settings = WaterSettings(database_url=new_url("water", PACKAGES))
    app = service.build(settings, kembar_water.app.domain_of(settings), keys=signing.keys)
    base = serve(app).base_url

    def client(client_id, scopes="measurements:read metrics:read", rate_limit=None):
        token = signing.token(scopes, client_id=client_id, rate_limit=rate_limit)
        return httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, **PLAIN)

    return client


def burst(client, count):
    """Ask *count* times at once; return the answers."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda _: client.get("/v1/parameters"), range(count)))


def test_too_many_are_refused_with_the_wait_and_others_go_on(water):
    with water("eager") as eager, water("calm") as calm:
        answers = burst(eager, 200)
        other = calm.get("/v1/parameters")

        refused = [answer for answer in answers if answer.status_code == 429]
        assert 60 <= 200 - len(refused) < 200
        for answer in answers:
            assert answer.headers["RateLimit-Policy"] == '"client";q=60;w=6'
            assert FIELD.fullmatch(answer.headers["RateLimit"])
        for answer in refused:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["type"] == "urn:kembar:problem:too-many-requests"
            assert answer.headers["Retry-After"] == "1"
            assert answer.headers["RateLimit"] == '"client";r=0;t=1'
        assert (other.status_code, other.headers["RateLimit"]) == (200, '"client";r=59;t=1')
        time.sleep(1)
        assert eager.get("/v1/parameters").status_code == 200


def test_a_client_may_have_a_limit_of_its_own(water):
    with water("slow", rate_limit={"burst": 2, "per_s": 0.1}) as slow:
        answers = [slow.get("/v1/parameters") for _ in range(3)]
    with water("fast", rate_limit={"burst": 1000, "per_s": 1000}) as fast:
        many = burst(fast, 150)

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["RateLimit-Policy"] == '"client";q=2;w=20'
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 10
    assert {answer.status_code for answer in many} == {200}


def test_refused_attempts_count_and_are_told_too(water):
    with water("curious", "nothing:much", {"burst": 2, "per_s": 0.1}) as curious:
        answers = [curious.get("/v1/measurements") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [403, 403, 429]
    assert [FIELD.fullmatch(answer.headers["RateLimit"])[1] for answer in answers] == [
        "1",
        "0",
        "0",
    ]


def test_a_body_is_not_read_before_its_sender_is_let_in(water):
    def endless():
        while True:
            yield b"station,parameter,time,value,unit\n" * 1000

    with water("pushy", "measurements:write", {"burst": 1, "per_s": 0.01}) as pushy:
        headers = {"Content-Type": "application/json"}
        first = pushy.post("/v1/uploads", content=b"{}", headers=headers)
        small = pushy.post("/v1/uploads", content=b"{}", headers=headers)
        huge = pushy.post("/v1/uploads", content=endless(), headers={"Content-Type": "text/csv"})

    assert (first.status_code, small.status_code, huge.status_code) == (422, 429, 429)
    assert huge.headers["Connection"] == "close"


def test_what_watches_the_process_is_not_limited(water):
    with water("watcher", rate_limit={"burst": 1, "per_s": 0.01}) as watcher:
        watcher.get("/v1/parameters")
        assert watcher.get("/v1/parameters").status_code == 429

        for path in ("/livez", "/readyz", "/metrics"):
            for _ in range(5):
                answer = watcher.get(path)
                assert answer.status_code == 200
                assert "RateLimit" not in answer.headers


@pytest.mark.parametrize(
    "limit",
    [
        7,
        [],
        {},
        {"burst": 1},
        {"burst": 0, "per_s": 1},
        {"burst": True, "per_s": 1},
        {"burst": 1, "per_s": 0},
        {"burst": 1, "per_s": "9"},
        {"burst": 1.5, "per_s": 1},
    ],
)
def test_a_token_with_a_senseless_limit_is_none(water, limit):
    with water("odd", rate_limit=limit) as odd:
        assert odd.get("/v1/parameters").status_code == 401
