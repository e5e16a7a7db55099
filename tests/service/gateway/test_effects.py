"""Measures and their effects, beside a control that was named beforehand."""

from __future__ import annotations

import math
import random
import time
from datetime import UTC, datetime

import pytest

from tests.service.gateway.entries import BOTH, Planner, entry, fact, faults

MONTHS = 24


@pytest.fixture
def database_url(sqlite_url):
    """What is read is tested with the store: one kind is enough."""
    return sqlite_url


def label(month):
    return f"{month // 12}-{month % 12 + 1:02}"


def test_d5_the_revitalisation_is_judged_beside_a_reach_named_before_it_began(
    start_gateway, services, figure
):
    now, chance = datetime.now(UTC), random.Random(7)
    start = now.year * 12 + now.month + 1
    offered = []
    for month in range(start - MONTHS, start + MONTHS):
        season = math.sin(month / 6 * math.pi)
        for area in ("bend", "upstream"):
            better = -2.0 if area == "bend" and month >= start else 0.0
            value = 5 + season + better + chance.gauss(0, 0.2)
            offered.append(figure("water.pollution_index", label(month), value, jurisdiction=area))
    services["water"].offer(*offered)
    gateway = start_gateway()
    planner = Planner(gateway)
    measure = entry(
        "revitalisation",
        indicator="water.pollution_index",
        reach="bend",
        control="upstream",
        control_note={"en": "The same river above the works."},
        started=fact(on=f"{label(start)}-01"),
        activities=["cipamokolan-mentoring"],
        parties=["kawasaki", "bandung"],
        stations=["CPM-*"],
    )
    late = measure | {"code": "hindsight", "started": fact(on=f"{label(start - 6)}-01")}
    for each in (measure, late):
        answer = planner.post("interventions", each)
        assert answer.status_code == 201, answer.text

    deadline = time.monotonic() + 8
    while not any(e["after"] for e in planner.get("/v1/effects").json()["items"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    shown = {each["intervention"]: each for each in planner.get("/v1/effects").json()["items"]}

    told = shown["revitalisation"]
    # A lower pollution index is the better one.
    assert (told["wording"], told["before"], told["after"]) == (
        "contributed_to_improvement", MONTHS, MONTHS
    )  # fmt: skip
    assert told["jump"]["lower"] <= -2 <= told["jump"]["upper"]
    hindsight = shown["hindsight"]
    assert (hindsight["wording"], hindsight["reason"]) == (
        "not_assessable", "control_declared_late"
    )  # fmt: skip
    # Whoever chooses another control has declared it today, not when the entry was made.
    changed = planner.change("/v1/interventions/revitalisation", {"control": "elsewhere"})
    renamed = planner.change("/v1/interventions/revitalisation", {"names": {"en": "Works"}})
    (told,) = (
        each
        for each in planner.get("/v1/effects").json()["items"]
        if each["intervention"] == "revitalisation"
    )
    assert told["declared_at"] == changed["changed_at"] != renamed["changed_at"]
    narrowed = Planner(gateway, cooperations=(BOTH,))
    others = measure | {"code": "peek", "control": "a-city-of-others"}
    assert faults(narrowed.post("interventions", others)) == {
        ("body.control", "jurisdiction-not-yours")
    }
    alone = measure | {"code": "alone", "control": "bend"}
    assert faults(planner.post("interventions", alone)) == {("body", "control-is-reach")}
