"""What every process tells Prometheus of itself, and to whom."""

from __future__ import annotations

import socket

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from kembar_shared.chassis import scraping
from kembar_shared.chassis.exposition import Family, Row, Sheet
from kembar_shared.chassis.settings import Settings, SettingUnfit
from tests.loopback import PLAIN

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
LEVEL = Family("well_level_metres", "Of water.", ("well",))


class Levels:
    def pieces(self):
        sheet = Sheet(LEVEL)
        sheet.put("a", Row((LEVEL.line(("a",), 3),), 1.0, ("",)))
        return sheet.pieces(0.0)


@pytest.fixture
def scrape(build, serve, signing):
    """Serve an app; return a function: type that is accepted -> answer."""
    client = serve(build(exposed=[Levels()]))
    token = signing.token("metrics:read")

    def ask(accept="text/plain"):
        headers = {"Authorization": f"Bearer {token}", "Accept": accept}
        return client.get("/metrics", headers=headers)

    ask.client = client
    return ask


def samples(families, name):
    return {
        tuple(sorted(sample.labels.items())): sample
        for family in families
        for sample in family.samples
        if sample.name == name
    }


def test_both_dialects_hold_the_same_of_what_is_written_apart(scrape):
    found = [
        samples(plain(scrape().text), LEVEL.name),
        samples(openmetrics(scrape(OPENMETRICS).text), LEVEL.name),
    ]

    assert [{k: s.value for k, s in each.items()} for each in found] == [{(("well", "a"),): 3}] * 2


def test_a_duration_names_a_request_that_took_so_long(scrape):
    scrape.client.get("/v1/open", headers={"X-Request-ID": "request-of-the-well"})

    name = "kembar_http_request_duration_seconds_bucket"
    found = samples(openmetrics(scrape(OPENMETRICS).text), name)
    named = [s.exemplar.labels for s in found.values() if s.exemplar is not None]
    assert {"request_id": "request-of-the-well"} in named
    assert "request-of-the-well" not in scrape().text


def test_refused_proofs_of_identity_are_counted(scrape):
    for token in ("a", "b"):
        scrape.client.get("/v1/me", headers={"Authorization": f"Bearer {token}"})

    found = samples(plain(scrape().text), "kembar_token_failures_total")
    assert {dict(k)["kind"]: s.value for k, s in found.items()} == {
        "secret": 0,
        "token": 2,
        "limited": 0,
    }


def test_whoever_asks_oddly_makes_few_series(scrape):
    def count():
        return sum(len(family.samples) for family in plain(scrape().text))

    before = count()
    for number in range(100):
        scrape.client.get(f"/v1/odd/{number}", headers={"User-Agent": f"agent-{number}"})
        scrape.client.request(f"ODD{number}", "/v1/open")
        scrape.client.get(f"/v1/wells/{number}x?{number}=1", headers={"X-Request-ID": f"r{number}"})

    # A histogram each of what is new: no route, no method, no token, and the first scrape itself.
    assert count() - before <= 100


def test_an_address_of_its_own_asks_for_no_token_and_shows_nothing_else(build):
    settings = Settings(metrics_port=0)
    with scraping.served(settings, build(exposed=[Levels()]).state.metrics) as port:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", **PLAIN) as client:
            answer = client.get("/metrics", headers={"Accept": OPENMETRICS})
            others = [client.get(path).status_code for path in ("/", "/livez", "/metrics/x")]
            posted = client.post("/metrics").status_code
        busy = settings.model_copy(update={"metrics_port": port})
        with pytest.raises(SettingUnfit), scraping.served(busy, build().state.metrics):
            pass

    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert samples(openmetrics(answer.text), LEVEL.name)
    assert (others, posted) == ([404, 404, 404], 501)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_without_a_port_there_is_no_such_address(build):
    with scraping.served(Settings(), build().state.metrics) as port:
        assert port is None
