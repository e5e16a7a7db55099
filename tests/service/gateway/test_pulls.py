"""Figures are pulled from the services; what fails leaves the last good figure."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from kembar_gateway import store
from kembar_gateway.identity import Issuer
from kembar_gateway.pulls import Pulls
from kembar_shared.chassis.database import connect, reading
from kembar_shared.chassis.verifying import Verifier


@pytest.fixture
def engine(settings):
    engine = connect(settings.database_url, timeout_s=10)
    yield engine
    engine.dispose()


@pytest.fixture
def pulls(engine, settings, clock):
    pulls = Pulls(engine, Issuer(settings), settings, clock=clock)
    yield pulls
    pulls.stop()


@pytest.fixture
def values(engine):
    def read(service: str = "water") -> dict[str, float | None]:
        with reading(engine) as conn:
            rows = conn.exec_driver_sql(
                "SELECT period, value FROM figure "
                f"WHERE service = '{service}' AND valid_to IS NULL ORDER BY period"
            )
            return dict(tuple(row) for row in rows)

    return read


@pytest.fixture
def heard(engine):
    def read(service: str = "water") -> store.Heard:
        with reading(engine) as conn:
            return store.heard_of(conn)[service]

    return read


def next_period(clock) -> None:
    clock.ahead += timedelta(hours=1)


def test_figures_are_asked_for_with_the_gateways_own_token(pulls, services, settings, figure):
    services["water"].offer(figure("water.pollution_index", "2023-06", 1.58))

    result = pulls.pull("water")

    asked = services["water"].asked[0]
    token = asked.headers["authorization"].removeprefix("Bearer ")
    caller = Verifier(Issuer(settings), issuer=settings.issuer, audience="kembar").verify(token)
    assert result == "changed"
    assert asked.path.startswith("/v1/indicators?from=1950-01&to=20")
    assert (caller.client, caller.scopes) == ("gateway", {"indicators:read"})


def test_what_has_not_changed_is_not_sent_again(pulls, services, clock, figure, values, heard):
    services["water"].offer(figure("water.pollution_index", "2023-06", 1.58), etag='"1"')
    pulls.pull("water")
    first = heard()
    next_period(clock)

    result = pulls.pull("water")

    assert result == "unchanged"
    assert services["water"].asked[1].headers["if-none-match"] == '"1"'
    assert values() == {"2023-06": 1.58}
    assert heard().fetched_at > first.fetched_at


def test_a_304_that_was_not_asked_for_is_not_believed(pulls, services, heard):
    services["water"].status = 304

    assert pulls.pull("water") == "failed"
    assert heard().last_error == "status-304"


def test_a_list_of_several_pages_is_read_to_its_end(pulls, services, clock, figure, values):
    pages = {
        "": {"items": [figure("water.x", "2023-06", 1.0)], "next": "c1"},
        "c1": {"items": [figure("water.x", "2023-07", 2.0)], "next": None},
    }
    water = services["water"]

    def answer(handler) -> None:
        cursor = parse_qs(urlsplit(handler.path).query).get("cursor", [""])[0]
        body = json.dumps(pages[cursor]).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("ETag", '"page"')
        handler.end_headers()
        handler.wfile.write(body)

    water.answer = answer
    pulls.pull("water")
    next_period(clock)
    pulls.pull("water")

    assert values() == {"2023-06": 1.0, "2023-07": 2.0}
    assert all("if-none-match" not in asked.headers for asked in water.asked)


def answer_slowly(handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(40):
        handler.wfile.write(b" ")
        time.sleep(0.05)


def answer_cut(handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"items": [')
    handler.close_connection = True


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": 500}, "status-500"),
        ({"status": 404}, "status-404"),
        ({"status": 302}, "status-302"),
        ({"headers": {"Content-Type": "text/html"}}, "not-json"),
        ({"headers": {}}, "not-json"),
        ({"body": b"<html>down</html>"}, "schema"),
        ({"body": b'{"items": [{}], "next": null}'}, "schema"),
        ({"body": b'{"items": [], "next": "again"}'}, "endless-pages"),
        ({"answer": answer_slowly}, "too-slow"),
        ({"answer": answer_cut}, "unreachable"),
    ],
)
def test_a_lying_or_broken_service_leaves_the_last_good_figure(
    engine, settings, services, clock, figure, values, heard, change, reason
):
    quick = settings.model_copy(update={"answer_timeout_s": 0.5})
    pulls = Pulls(engine, Issuer(settings), quick, clock=clock)
    services["water"].offer(figure("water.pollution_index", "2023-06", 1.58), etag='"1"')
    pulls.pull("water")
    good = heard()
    next_period(clock)
    for name, value in change.items():
        setattr(services["water"], name, value)
    if "status" in change or "headers" in change or "body" in change:
        services["water"].headers.pop("ETag", None)

    result = pulls.pull("water")

    pulls.stop()
    assert (result, heard().last_error) == ("failed", reason)
    assert heard().fetched_at == good.fetched_at
    assert heard().checked_at > good.checked_at
    assert values() == {"2023-06": 1.58}


def test_the_figure_of_another_service_is_not_believed(pulls, services, figure, values, heard):
    services["water"].offer(figure("air.pm25_mean", "2023-06", 1.58))

    assert pulls.pull("water") == "failed"
    assert (heard().last_error, values()) == ("foreign-indicator", {})


def test_the_same_figure_twice_is_not_believed(pulls, services, figure, heard):
    twice = [figure("water.x", "2023-06", 1.0), figure("water.x", "2023-06", 2.0)]
    services["water"].offer(*twice)

    assert pulls.pull("water") == "failed"
    assert heard().last_error == "repeated-figure"


def test_a_service_that_stumbles_once_is_asked_once_more(pulls, services, figure, values):
    water = services["water"]
    water.offer(figure("water.x", "2023-06", 1.0))

    def stumble(handler) -> None:
        water.answer = None
        handler.send_response(503)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    water.answer = stumble

    assert pulls.pull("water") == "changed"
    assert values() == {"2023-06": 1.0}
    assert len(water.asked) == 2


def test_a_figure_that_the_service_withdraws_ends(pulls, services, clock, figure, values):
    services["water"].offer(figure("water.x", "2023-06", 1.0), figure("water.x", "2023-07", 2.0))
    pulls.pull("water")
    next_period(clock)
    services["water"].offer(figure("water.x", "2023-07", 2.0))
    pulls.pull("water")

    assert values() == {"2023-07": 2.0}


def test_of_several_gateways_one_pulls_in_each_period(engine, settings, services, clock, figure):
    services["water"].offer(figure("water.x", "2023-06", 1.0))
    gateways = [Pulls(engine, Issuer(settings), settings, clock=clock) for _ in range(4)]

    for _ in range(3):
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda gateway: gateway.pull("water"), gateways))
        assert sorted(results)[1:] in (["left"] * 3, ["left", "left", "unchanged"])
        next_period(clock)

    for gateway in gateways:
        gateway.stop()
    assert len(services["water"].asked) == 3


def test_a_frozen_service_does_not_delay_the_others(start_gateway, services, figure):
    services["waste"].answer = lambda _handler: time.sleep(2)
    services["water"].offer(figure("water.pollution_index", "2023-06", 1.58))

    gateway = start_gateway(answer_timeout_s=1)

    began = time.monotonic()
    while not gateway.get("/v1/outcomes?indicator=water.pollution_index&period=2023-06").json()[
        "items"
    ][0]["value"]:
        assert time.monotonic() - began < 1
        time.sleep(0.02)
