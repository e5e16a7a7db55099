"""Weighed masses beside masses converted from volumes, of the same load, on each database."""

from __future__ import annotations

from datetime import date, timedelta

import httpx
import pytest
from pydantic import SecretStr

import kembar_waste.app
from kembar_shared.measurement import service
from kembar_waste.settings import WasteSettings
from tests.loopback import PLAIN
from tests.service.measurement.conftest import STATION

MASS = {"station": "CPM-01", "parameter": "collected", "time": "2026-01-05T00:00:00+07:00"}
SCOPES = "measurements:write measurements:read stations:write"


@pytest.fixture
def waste(database_url, serve, signing):
    chosen = WasteSettings(database_url=SecretStr(database_url))
    client = serve(
        service.build(chosen, kembar_waste.app.domain(chosen), keys=signing.keys),
        token=signing.token(SCOPES),
    )
    assert client.post("/v1/stations", json=STATION).status_code == 201
    return client


@pytest.fixture
def reviewer(waste, signing):
    token = signing.token("measurements:review", sub="reviewer", client_id="reviewer")
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=waste.base_url, headers=headers, **PLAIN) as client:
        yield client


def send(waste, value, unit, **query):
    rows = [MASS | {"value": value, "unit": unit}]
    receipt = waste.post("/v1/uploads", json={"measurements": rows}, params=query).json()
    receipt = receipt.get("receipt", receipt)
    counts = ("inserted", "unchanged", "corrected", "rejected")
    (counted,) = (name for name in counts if receipt[name])
    return counted, receipt


def now(waste):
    (kept,) = waste.get("/v1/measurements").json()["items"]
    return kept["value"], kept["sent_unit"], kept["revision"]


def test_a_converted_mass_takes_no_weighed_one_s_place_until_that_is_reviewed(waste, reviewer):
    assert send(waste, 1000, "kg")[0] == "inserted"
    counted, receipt = send(waste, 4, "m3@300")
    assert counted == "rejected"
    (refused,) = waste.get(receipt["rejections"]).json()["items"]
    assert (refused["code"], refused["column"], refused["value"]) == ("weighed-value", "value", "4")
    assert "POST /v1/reviews, flag=4" in refused["fix"]
    assert send(waste, 4, "m3@300", reinstate=True)[0] == "rejected"
    assert send(waste, 4, "m3@250")[0] == "unchanged"
    assert now(waste) == (1000.0, "kg", 1)

    review = {"stations": ["CPM-01"], "reason": "The scale stood askew."}
    assert reviewer.post("/v1/reviews", json=review | {"flag": 3}).status_code == 201
    assert send(waste, 4, "m3@300")[0] == "rejected"
    assert reviewer.post("/v1/reviews", json=review | {"flag": 4}).status_code == 201
    assert send(waste, 4, "m3@300")[0] == "corrected"
    assert now(waste) == (1200.0, "m3@300", 4)


def test_a_weighed_mass_corrects_a_converted_one_also_where_they_are_equal(waste):
    assert send(waste, 4, "m3@250")[0] == "inserted"
    # Plain kilograms of a logger, and the same through a form.
    assert send(waste, 1000, "kg")[0] == "corrected"
    assert now(waste) == (1000.0, "kg", 2)
    assert send(waste, 4, "m3@250")[0] == "unchanged"
    assert send(waste, 1, "t")[0] == "unchanged"
    assert send(waste, 1100, "kg")[0] == "corrected"
    assert send(waste, 1000, "kg")[0] == "rejected"


def test_after_a_retraction_the_converted_mass_counts(waste):
    _, first = send(waste, 1, "t")
    path = f"/v1/uploads/{first['id']}/retraction"
    assert waste.post(path, json={"reason": "Another truck."}).status_code == 201

    assert send(waste, 4, "m3@250")[0] == "corrected"
    assert now(waste) == (1000.0, "m3@250", 3)
    assert send(waste, 1, "t")[0] == "rejected"
    assert send(waste, 1, "t", reinstate=True)[0] == "corrected"


@pytest.mark.parametrize("turn", [1, -1])
def test_of_two_equal_masses_of_one_file_the_weighed_one_is_kept(waste, turn):
    rows = [MASS | {"value": 4, "unit": "m3@250"}, MASS | {"value": 1, "unit": "t"}][::turn]

    receipt = waste.post("/v1/uploads", json={"measurements": rows}).json()
    assert (receipt["inserted"], receipt["unchanged"]) == (1, 1)
    assert now(waste) == (1000.0, "t", 1)
    rows[0] |= {"value": 9}
    answer = waste.post("/v1/uploads", json={"measurements": rows})
    assert {e["code"] for e in answer.json()["errors"]} == {"conflicting-rows"}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_in_a_large_file_too_a_weighed_mass_beats_a_converted_one(waste):
    def posted(unit, value, days):
        head = "station,parameter,material,time,value,unit\n"
        lines = [
            f"CPM-01,collected,{material},{date(1960, 1, 1) + timedelta(days=day)}T00:00:00+07:00,"
            f"{value},{unit}"
            for material in ("paper", "plastic")
            for day in range(days)
        ]
        body, kind = head + "\n".join(lines), {"Content-Type": "text/csv"}
        receipt = waste.post("/v1/uploads", content=body, headers=kind).json()
        receipt = receipt.get("receipt", receipt)
        return tuple(receipt[n] for n in ("inserted", "unchanged", "corrected", "rejected"))

    assert posted("m3@250", 4, 3000) == (6000, 0, 0, 0)
    assert posted("m3@250", 4, 3000) == (0, 6000, 0, 0)
    assert posted("kg", 1000, 3000) == (0, 0, 6000, 0)
    assert posted("kg", 1000, 3000) == (0, 6000, 0, 0)
    assert posted("m3@250", 4, 3000) == (0, 6000, 0, 0)
    assert posted("m3@300", 4, 3000) == (0, 0, 0, 6000)
