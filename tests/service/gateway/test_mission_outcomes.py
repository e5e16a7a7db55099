"""The mission's rows A4, A7, B2 and B3, through the public API, named by their ids.

A2 is where stations are: `tests/service/measurement/test_others.py`.
"""

from __future__ import annotations

import time

import pytest

from tests.service.gateway.entries import (
    BOTH,
    Planner,
    amount,
    contribution,
    entry,
    fact,
    faults,
    indicator,
)


@pytest.fixture
def judged(made):
    """Make an indicator with baseline and target, fed by the register, and its programme."""
    made.judge(
        "water.stated",
        measure="mean",
        unit="index",
        fed_by="register",
        baseline=fact(year=2020, value=40.0),
        baseline_note=None,
        targets=[fact(year=2024, value=50.0)],
        targets_note=None,
        published=[fact(year=2024, value=52.0)],
    )
    made.enter("programmes", entry("river", indicators=["water.stated"]))
    made.enter("programmes", entry("bank", parent="river"))
    return made


def merits(made, period="2024"):
    found = made.show("merits", period=period)
    efficiency = {each["indicator"]: each for each in found["efficiency"]}
    return efficiency, found["effectiveness"], found["mutuality"]


def test_a4_efficiency_is_cost_beside_what_was_reached(judged):
    nothing = merits(judged)[0]["water.stated"]["cost_per_unit"]
    assert (nothing["value"], nothing["state"], nothing["reason"]) == (
        None, "no_data", "no-budget-line",
    )  # fmt: skip
    judged.enter(
        "budget-lines",
        entry("dredging", currency="JPY", programme="bank", spent=[amount(600, on="2024-02")]),
    )
    judged.enter(
        "budget-lines",
        entry("before", currency="JPY", programme="river", spent=[amount(999, on="2023-12")]),
    )
    judged.enter("budget-lines", entry("other", currency="JPY", spent=[amount(5, on="2024-02")]))

    found = merits(judged)[0]["water.stated"]
    assert (found["cost"]["value"], found["improvement"]["value"]) == (600, 12)
    assert (found["cost_per_unit"]["value"], found["cost_per_unit"]["unit"]) == (50, "JPY/index")
    assert found["budget_lines"] == ["dredging", "before"]
    judged.change("indicators", "water.stated", {"published": [fact(year=2024, value=39.0)]})
    worse = merits(judged)[0]["water.stated"]["cost_per_unit"]
    assert (worse["value"], worse["state"], worse["reason"]) == (
        None, "cannot_assess", "no-improvement",
    )  # fmt: skip


def test_a4_effectiveness_is_targets_reached_of_targets_there_are(judged):
    _, effectiveness, _ = merits(judged)
    assert (effectiveness["value"], effectiveness["denominator"]) == (1, 1)
    assert effectiveness["reached"] == ["water.stated"]

    judged.enter("indicators", indicator("waste.sorted_share", judged.code))
    judged.change("indicators", "water.stated", {"targets": [fact(year=2024, value=53.0)]})
    _, effectiveness, _ = merits(judged)
    assert (effectiveness["value"], effectiveness["missed"]) == (0, ["water.stated"])
    assert effectiveness["without_target"] == ["waste.sorted_share"]
    _, unknown, _ = merits(judged, "2022")
    assert (unknown["value"], unknown["state"]) == (None, "insufficient")
    assert unknown["unknown"] == ["water.stated"]


def test_a4_mutuality_is_the_balance_of_each_kind(judged):
    judged.enter("contributions", contribution("a", "east", "west", 30))
    judged.enter("contributions", contribution("b", "west", "east", 10))

    _, _, mutuality = merits(judged)
    technical = next(each for each in mutuality if each["kind"] == "technical")
    assert (technical["balance"]["value"], technical["dominant"]) == (-0.5, "east")
    states = {each["kind"]: each["balance"]["state"] for each in mutuality}
    assert states["material"] == "no_data"


def test_a7_each_measured_indicator_says_what_may_be_said_of_its_trend(shared_planner, made):
    items = shared_planner.get("/v1/outcomes", cooperation=BOTH).json()["items"]
    trends = {i["indicator"]: i["trend"] for i in items if i["trend"] is not None}
    measured = [i for i in items if not i["indicator"].startswith("cooperation.")]
    assert len(trends) == len(measured) > 0
    ika = trends["water.citarum_ika"]
    reasons = {refusal["reason"] for refusal in ika["refusals"]}
    assert (ika["wording"], ika["change"]) == ("not_assessable", None)
    assert "method_changed" in reasons

    worsening = [fact(year=y, value=float(90 - 2 * (y - 2005) + y % 2)) for y in range(2005, 2026)]
    made.judge("water.stated", measure="mean", fed_by="register", published=worsening)
    found = made.outcome("water.stated", "2024")["trend"]
    assert (found["wording"], found["change"], found["n"]) == ("decreasing", "worsened", 21)
    assert found["p"] <= found["p_adjusted"] < 0.05
    assert found["slope"]["value"] == pytest.approx(-2, abs=0.1)


@pytest.fixture
def carbon(start_gateway, services, figure):
    """Serve the gas avoided in a year of months."""
    services["waste"].offer(
        *(
            figure("waste.avoided_tco2e", f"2023-{m:02}", 10.5, unit="t CO2e",
                   method="kembar/avoided@1+ipcc-2006")
            for m in range(1, 13)
        )
    )  # fmt: skip
    planner = Planner(start_gateway())
    query = {"cooperation": BOTH, "period": "2023", "indicator": "waste.avoided_tco2e"}
    deadline = time.monotonic() + 8
    while planner.get("/v1/outcomes", **query).json()["items"][0]["value"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return planner


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_b2_carbon_avoided_is_an_outcome_with_its_factors(carbon):
    query = {"cooperation": BOTH, "period": "2023", "indicator": "waste.avoided_tco2e"}
    (found,) = carbon.get("/v1/outcomes", **query).json()["items"]

    assert (found["value"], found["unit"], found["state"]) == (126, "t CO2e", "ok")
    assert found["methods"] == ["kembar/avoided@1+ipcc-2006"], "the factors' version is named"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_b3_every_emission_names_its_group_and_no_data_is_a_state(carbon):
    groups = carbon.get("/v1/emissions", cooperation=BOTH, period="2023").json()["items"]

    assert {each["group"]: each["state"] for each in groups} == {
        "waste": "ok", "transport": "no_data", "other": "no_data",
    }  # fmt: skip
    (figure,) = groups[0]["outcomes"]
    assert (figure["value"], figure["emission_group"]) == (126, "waste")


def test_b3_an_emission_without_a_group_is_refused(made):
    made.agree("waste")
    made.enter("focus-areas", entry("waste", agreement="agreed"))
    exhaust = indicator("air.exhaust", made.code, unit="t CO2e", measure="total")

    refused = made.planner.post("indicators", exhaust)
    assert faults(refused) == {("body.emission_group", "emission-ungrouped")}
    made.enter("indicators", exhaust | {"emission_group": "transport"})
    (group,) = [g for g in made.show("emissions")["items"] if g["group"] == "transport"]
    assert [o["indicator"] for o in group["outcomes"]] == ["air.exhaust"]
