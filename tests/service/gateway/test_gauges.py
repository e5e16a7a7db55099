"""Outcomes as metrics."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families


@pytest.fixture
def scrape():
    def read(gateway) -> dict[str, list[tuple[dict[str, str], float]]]:
        answer = gateway.get("/metrics", "metrics:read")
        assert answer.status_code == 200
        families = text_string_to_metric_families(answer.text)
        found: dict[str, list[tuple[dict[str, str], float]]] = {}
        for family in families:
            for sample in family.samples:
                found.setdefault(sample.name, []).append((sample.labels, sample.value))
        return found

    return read


@pytest.fixture
def gateway(start_gateway, services, figure, scrape):
    services["waste"].offer(figure("waste.generated", "2021", 558_099.6, origin="synthetic"))
    services["air"].status = 500
    gateway = start_gateway()
    deadline = time.monotonic() + 8
    # The first pull is under way; its figure comes with it.
    while not any(
        labels["indicator"] == "waste.generated"
        for labels, _ in scrape(gateway).get("kembar_outcome", [])
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return gateway


def test_only_what_has_a_number_has_a_value(gateway, scrape):
    found = scrape(gateway)

    values = {(labels["indicator"], labels["period"]): v for labels, v in found["kembar_outcome"]}
    measured = {key: v for key, v in values.items() if not key[0].startswith("cooperation.")}
    assert measured == {
        ("waste.generated", "2021"): 558_099.6,
        ("water.citarum_ika", "2023"): 50.78,
    }
    (progress,) = found["kembar_outcome_progress_ratio"]
    assert progress[0]["indicator"] == "water.citarum_ika"
    assert progress[1] == pytest.approx((50.78 - 33.43) / (58 - 33.43))


def test_every_outcome_says_how_real_it_is(gateway, scrape):
    found = scrape(gateway)

    for name in ("", "_progress_ratio"):
        origins = {labels["origin"] for labels, _ in found[f"kembar_outcome{name}"]}
        assert origins
        assert origins <= {"real", "stand-in", "synthetic"}
    origins = {
        (labels["figure"], labels["state"]): labels["origin"]
        for labels, _ in found["kembar_figure_state"]
    }
    outcomes = {labels["indicator"]: labels["origin"] for labels, _ in found["kembar_outcome"]}
    assert outcomes["waste.generated"] == origins["waste.generated", "ok"] == "synthetic"
    assert origins["air.pm25_mean", "no_data"] == ""


def test_every_figure_has_its_state(gateway, scrape):
    states = {
        (labels["figure"], labels["state"])
        for labels, v in scrape(gateway)["kembar_figure_state"]
        if v == 1
    }

    assert ("waste.generated", "ok") in states
    assert ("waste.generated", "no_data") in states
    assert ("air.pm25_mean", "no_data") in states


def test_a_state_without_a_number_is_as_old_as_what_was_heard(gateway, scrape):
    found = scrape(gateway)

    known = {
        labels["indicator"] for labels, _ in found["kembar_outcome_computed_timestamp_seconds"]
    }
    states = {
        labels["figure"]
        for labels, _ in found["kembar_figure_state"]
        if labels["state"] == "no_data"
    }
    assert "waste.sorted_share" in known & states
    # Air was never heard.
    assert "air.pm25_mean" not in known


def test_a_source_is_up_while_its_last_pull_succeeded_and_is_young(gateway, scrape, clock):
    before = {labels["service"]: v for labels, v in scrape(gateway)["kembar_source_up"]}
    clock.ahead += timedelta(seconds=1000)
    after = {labels["service"]: v for labels, v in scrape(gateway)["kembar_source_up"]}

    assert before["waste"] == 1
    assert before["air"] == 0
    assert after["waste"] == 0


def test_what_is_overdue_is_counted_by_why(gateway, scrape):
    overdue = {
        (labels["what"], labels["reason"]): v for labels, v in scrape(gateway)["kembar_overdue"]
    }
    listed = gateway.get("/v1/overdue", "outcomes:read").json()["items"]

    counted = {each: sum((i["what"], i["reason"]) == each for i in listed) for each in overdue}
    assert overdue == counted
    assert len(overdue) == 6
    assert overdue["commitment", "only-a-plan"] > 0
    since = {
        (labels["what"], labels["reason"]): v
        for labels, v in scrape(gateway)["kembar_overdue_since_timestamp_seconds"]
    }
    oldest = min(i["due_on"] for i in listed if i["reason"] == "only-a-plan")
    at = datetime.fromtimestamp(since["commitment", "only-a-plan"], UTC)
    assert at.date().isoformat() == oldest


def test_the_age_of_a_figure_does_not_get_younger_by_scraping(gateway, scrape, clock):
    before = scrape(gateway)["kembar_outcome_computed_timestamp_seconds"]
    clock.ahead += timedelta(seconds=1000)
    after = scrape(gateway)["kembar_outcome_computed_timestamp_seconds"]

    assert before == after


def test_pulls_are_counted(gateway, scrape):
    deadline = time.monotonic() + 8
    while True:
        found = scrape(gateway)["kembar_pulls_total"]
        pulls = {(labels["service"], labels["result"]): v for labels, v in found}
        if pulls["air", "failed"]:
            break
        assert time.monotonic() < deadline
        time.sleep(0.1)

    assert pulls["waste", "changed"] == 1
    assert pulls["water", "failed"] == 0
