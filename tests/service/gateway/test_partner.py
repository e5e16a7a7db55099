"""Outcomes and the register as the partner city reads them."""

from __future__ import annotations

import csv
import io
import time
from datetime import timedelta

import pytest


@pytest.fixture
def gateway(start_gateway, services, figure):
    services["waste"].offer(
        *(figure("waste.generated", f"{y}", 1000.0 * (y - 2010)) for y in (2019, 2020, 2021))
    )
    services["water"].offer(
        figure("water.pollution_index", "2023-06", 1.58, origin="stand-in"),
        figure("water.pollution_index", "2023", None, n=3, expected=12.0),
    )
    services["air"].offer(
        *(
            figure("air.pm25_mean", f"2016-{m:02}", 40.0 + m, numerator=30.0 * (40 + m),
                   denominator=30.0, n=30, expected=30.0, origin="stand-in")
            for m in range(1, 13)
        )
    )  # fmt: skip
    gateway = start_gateway()
    deadline = time.monotonic() + 5
    while any(
        item["sources"][0]["fetched_at"] is None and item["sources"][0]["service"] != "register"
        for item in gateway.get("/v1/outcomes").json()["items"]
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return gateway


def outcome(gateway, indicator: str, period: str) -> dict:
    query = {"indicator": indicator, "period": period}
    (item,) = gateway.get("/v1/outcomes", params=query).json()["items"]
    return item


def test_a_year_of_waste_is_the_services_yearly_figure(gateway):
    item = outcome(gateway, "waste.generated", "2021")

    assert (item["value"], item["actual"], item["unit"]) == (11000.0, 11000.0, "t")
    assert (item["state"], item["origin"]) == ("ok", "real")
    assert (item["trend"]["wording"], item["trend"]["reason"]) == ("not_assessable", "too_short")
    assert (item["baseline"], item["target"], item["progress"]) == (None, None, None)


def test_outcomes_are_answered_as_they_were_known_then(gateway, services, figure, clock):
    before = outcome(gateway, "waste.generated", "2021")
    then = clock().isoformat()
    services["waste"].offer(figure("waste.generated", "2021", 1.0))
    clock.ahead += timedelta(hours=2)
    gateway.app.state.pulls.pull("waste")

    query = {"indicator": "waste.generated", "period": "2021", "as_of": then}
    (known,) = gateway.get("/v1/outcomes", params=query).json()["items"]
    assert outcome(gateway, "waste.generated", "2021")["value"] == 1.0
    assert (known["value"], known["state"]) == (before["value"], "ok") == (11000.0, "ok")
    assert (known["sources"][0]["fetched_at"], known["sources"][0]["stale"]) == (None, False)
    lineage = gateway.get("/v1/outcomes/waste.generated/lineage", params=query).json()
    assert [each["value"] for each in lineage["figures"]] == [11000.0]
    query["as_of"] = "2001-01-01T00:00:00Z"
    assert gateway.get("/v1/outcomes", params=query).status_code == 404
    assert gateway.get("/v1/outcomes", params={"as_of": "2001-01-01T00:00:00Z"}).json() == {
        "items": [], "next": None,
    }  # fmt: skip


def test_months_are_added_up_to_a_year(gateway):
    item = outcome(gateway, "air.pm25_mean", "2016")

    assert item["value"] == pytest.approx(46.5)
    assert (item["n"], item["months"], item["origin"]) == (360, 12, "stand-in")


def test_too_few_months_are_said_and_give_no_number(gateway):
    item = outcome(gateway, "water.pollution_index", "2023")

    assert (item["value"], item["state"]) == (None, "insufficient")
    assert (item["months"], item["months_expected"]) == (1, 12)


def test_the_citarum_index_has_baseline_target_and_progress(gateway):
    item = outcome(gateway, "water.citarum_ika", "2023")

    assert (item["baseline"], item["baseline_year"]) == (33.43, 2018)
    assert (item["target"], item["target_year"], item["actual"]) == (58.0, 2023, 50.78)
    assert item["progress"] == pytest.approx((50.78 - 33.43) / (58 - 33.43))
    assert item["methods"] == ["published-by-others;ika-since-2020"]
    assert item["sources"] == [
        {"service": "register", "fetched_at": None, "age_s": None, "stale": False}
    ]


def test_by_default_the_last_twelve_months_are_answered(gateway):
    answer = gateway.get("/v1/outcomes").json()

    assert answer["next"] is None
    assert [item["indicator"] for item in answer["items"]][:2] == [
        "waste.generated",
        "waste.sorted_share",
    ]
    assert {item["months_expected"] for item in answer["items"]} == {12}
    measured = [i for i in answer["items"] if not i["indicator"].startswith("cooperation.")]
    assert {item["state"] for item in measured} == {"no_data"}


def test_a_dead_service_leaves_its_figure_whose_age_grows(gateway, services, clock):
    services["waste"].status = 500
    first = outcome(gateway, "waste.generated", "2021")
    clock.ahead += timedelta(seconds=1000)
    later = outcome(gateway, "waste.generated", "2021")

    assert later["value"] == first["value"] == 11000.0
    assert later["sources"][0]["age_s"] >= first["sources"][0]["age_s"] + 1000
    assert (first["sources"][0]["stale"], later["sources"][0]["stale"]) == (False, True)


@pytest.mark.usefixtures("gateway")
def test_the_figures_outlive_the_gateway(services, start_gateway):
    for service in services.values():
        service.status = 500

    again = start_gateway()

    item = outcome(again, "waste.generated", "2021")
    assert item["value"] == 11000.0
    assert item["sources"][0]["fetched_at"] is not None


def test_304_means_the_same_figures_and_the_same_staleness(gateway, clock):
    query = {"period": "2021", "indicator": "waste.generated"}
    first = gateway.get("/v1/outcomes", params=query)
    tag = {"If-None-Match": first.headers["etag"]}
    clock.ahead += timedelta(seconds=10)
    same = gateway.get("/v1/outcomes", params=query, headers=tag)
    clock.ahead += timedelta(seconds=1000)
    stale = gateway.get("/v1/outcomes", params=query, headers=tag)

    assert (same.status_code, stale.status_code) == (304, 200)
    assert same.headers["etag"] == first.headers["etag"] != stale.headers["etag"]
    assert first.headers["etag"].startswith('"')
    assert "private" in first.headers["cache-control"]


def test_a_caller_narrowed_to_another_cooperation_sees_nothing(gateway):
    token = gateway.token("outcomes:read", cooperations=("surabaya-kitakyushu",))
    headers = {"Authorization": f"Bearer {token}"}

    everything = gateway.client.get("/v1/outcomes", headers=headers)
    named = gateway.client.get("/v1/outcomes?cooperation=bandung-kawasaki", headers=headers)
    single = gateway.client.get("/v1/outcomes?indicator=waste.generated", headers=headers)

    assert everything.json()["items"] == []
    assert (named.status_code, single.status_code) == (404, 404)
    document = gateway.client.get("/openapi.json").json()
    paths = [
        path
        for path, methods in document["paths"].items()
        for way in methods.get("get", {}).get("security", ())
        if "outcomes:read" in way["bearer"]
    ]
    assert len(paths) > 20
    filled = {"{kind}": "focus-areas", "{code}": "waste", "{sha256}": "0" * 64}
    for path in paths:
        for place, value in filled.items():
            path = path.replace(place, value)
        answer = gateway.client.get(path, headers=headers)
        assert answer.status_code == 404 or answer.json()["items"] == []


def test_a_caller_narrowed_to_this_cooperation_sees_it(gateway):
    token = gateway.token("outcomes:read", cooperations=("bandung-kawasaki",))

    answer = gateway.client.get("/v1/outcomes", headers={"Authorization": f"Bearer {token}"})

    assert len(answer.json()["items"]) == 15


def test_a_question_that_means_nothing_is_refused(gateway):
    cases = [
        ("/v1/outcomes?period=yesterday", 400),
        ("/v1/outcomes?period=2023-13", 400),
        ("/v1/outcomes?period=", 400),
        ("/v1/outcomes?cooperation=atlantis", 404),
        ("/v1/outcomes?indicator=water.wine", 404),
        ("/v1/outcomes?format=pdf", 422),
        ("/v1/outcomes?indicator=%00'--", 404),
    ]
    for path, status in cases:
        answer = gateway.get(path)

        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


def test_the_caller_chooses_the_form(gateway):
    cases = [
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/csv, */*;q=0.1", "text/csv; charset=utf-8"),
        ("application/json, text/csv;q=0.5", "application/json"),
        ("*/*", "application/json"),
        ("text/csv;q=x", "application/json"),
    ]
    for accept, media_type in cases:
        answer = gateway.get("/v1/outcomes", headers={"Accept": accept})

        assert answer.headers["content-type"] == media_type


def test_the_table_says_what_the_json_says(gateway):
    items = gateway.get("/v1/outcomes?period=2021").json()["items"]
    table = gateway.get("/v1/outcomes?period=2021&format=csv").text

    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["indicator"] for row in rows] == [item["indicator"] for item in items]
    assert float(rows[0]["value"]) == items[0]["value"]
    assert (rows[1]["value"], rows[1]["state"]) == ("", "no_data")
    assert (rows[0]["source"], rows[0]["stale"]) == ("waste", "false")


@pytest.mark.parametrize("start", ["=1+1", "+1+1", "-1+1", "@SUM(1)", "\uff1d1"])
def test_no_cell_of_the_table_runs_as_a_formula(start_gateway, services, figure, start):
    services["waste"].offer(figure("waste.generated", "2021", -5.0, method=start))
    gateway = start_gateway()
    deadline = time.monotonic() + 5
    while start not in (table := gateway.get("/v1/outcomes?period=2021&format=csv").text):
        assert time.monotonic() < deadline
        time.sleep(0.05)

    cells = [cell for row in csv.reader(io.StringIO(table)) for cell in row]
    assert f"'{start}" in cells
    assert "-5.0" in cells


def test_the_register_is_listed_with_sources(gateway):
    counts = {
        "cooperations": 1,
        "parties": 10,
        "agreements": 2,
        "focus-areas": 3,
        "programmes": 5,
        "indicators": 15,
        "activities": 8,
        "commitments": 5,
        "contributions": 4,
        "budget-lines": 0,
        "exchange-rates": 0,
        "pilots": 2,
        "disruptions": 1,
        "evaluations": 3,
        "decisions": 1,
    }
    for path, count in counts.items():
        answer = gateway.get(f"/v1/{path}")
        again = gateway.get(f"/v1/{path}", headers={"If-None-Match": answer.headers["etag"]})

        items = answer.json()["items"]
        assert (len(items), answer.json()["next"], again.status_code) == (count, None, 304)
        if path != "indicators":
            assert all(item["sources"][0]["title"] for item in items)
            assert {item["status"] for item in items} <= {"claimed", "published"}
