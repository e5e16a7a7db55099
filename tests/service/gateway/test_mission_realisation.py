"""The mission's rows E to L that the register serves, through the public API, named by their ids.

Rows of the source are asked of the profile; the others of a cooperation made for the test.
"""

from __future__ import annotations

from tests.service.gateway.entries import (
    BOTH,
    Made,
    Planner,
    amount,
    commitment,
    contribution,
    entry,
    evidenced,
    fact,
    faults,
    share,
    step,
)

# ---- conclusion 5: results


def test_e4_complete_items_of_a_plan_name_owner_date_budget_and_indicator(made):
    whole = {"kind": "plan_item", "parties": ["west"], "due": "2027"}
    made.enter("commitments", commitment("whole", **whole))
    made.enter("commitments", commitment("half", kind="plan_item"))
    made.enter("commitments", commitment("no-item", parties=["west"]))
    made.enter("budget-lines", entry("money", currency="IDR", commitment="whole"))
    assert share(made.show("realisation")["complete_plan_items"]) == (0, 2)

    made.judge("waste.sorted_share")
    made.change("commitments", "whole", {"indicators": ["waste.sorted_share"]})
    assert share(made.show("realisation")["complete_plan_items"]) == (1, 2)


def test_e5_assistance_has_kinds(source):
    kinds = {code: c["kind"] for code, c in source("contributions").items()}

    assert kinds["technical-assistance"] == "technical"
    assert kinds["non-technical-assistance"] == "non_technical"


def test_e6_a_pilot_is_not_successful_without_a_measured_result(shared_planner, source):
    pilot = source("pilots")["pdu-cicabe"]
    assert (pilot["successful"], [s["stage"] for s in pilot["stages"]]) == (False, ["planned"])

    path = "/v1/pilots/pdu-cicabe"
    etag = shared_planner.get(path, cooperation=BOTH).headers["etag"]
    stages = [*pilot["stages"], fact(stage="result", on="2026")]
    outcome = fact(verdict="successful")
    refused = shared_planner.patch(
        path, {"stages": stages, "outcome": outcome}, etag, cooperation=BOTH
    )
    assert faults(refused) == {("body.outcome", "success-unmeasured")}
    measured = {"indicator": "waste.recovery_share", "period": "2026", "value": 0.3, "unit": "1"}
    change = {"stages": stages, "outcome": outcome | {"measured": measured}}
    done = shared_planner.patch(path, change, etag, cooperation=BOTH)
    assert done.json()["successful"] is True


# ---- conclusion 6: obstacles


def test_f1_funding_gap_in_two_currencies_with_a_dated_rate(made):
    made.agree("waste")
    rate = {k: v for k, v in entry("june", on="2024-06-03", idr_per_jpy=104.5).items()
            if k != "names"}  # fmt: skip
    made.enter("exchange-rates", rate)
    made.enter(
        "budget-lines",
        entry("plant", currency="JPY", scopes=["agreed/waste"], needed=[amount(1000)],
              committed=[amount(600, payer="east")], spent=[amount(150)], rate="june"),
    )  # fmt: skip
    made.enter("budget-lines", entry("trucks", currency="IDR", needed=[amount(500)]))

    shown = made.show("budget")
    idr, jpy = shown["own"]
    assert (idr["gap"]["value"], jpy["gap"]["value"]) == (500, 400)
    assert (jpy["absorption"]["value"], idr["absorption"]["state"]) == (0.25, "no_data")
    assert shown["together"][0]["gap"]["value"] == 500 + 400 * 104.5
    (scope,) = shown["scopes"]
    assert (scope["scope"], scope["together"][0]["gap"]["value"]) == ("agreed/waste", 400 * 104.5)
    assert (shown["rates"][0]["on"], len(shown["rates"][0]["sources"])) == ("2024-06-03", 1)
    made.enter("budget-lines", entry("unrated", currency="JPY", needed=[amount(1)]))
    refused = made.show("budget")["together"][0]["gap"]
    assert (refused["value"], refused["state"], refused["reason"]) == (
        None,
        "cannot_assess",
        "rate-missing",
    )


def test_f1_of_the_source_no_gap_is_invented(shared_planner):
    shown = shared_planner.get("/v1/budget", cooperation=BOTH).json()

    assert {sums["gap"]["state"] for sums in shown["own"]} == {"no_data"}


def test_f2_delay_is_between_what_was_promised_and_what_was_delivered(made):
    made.enter("commitments", commitment("a", step("delivered", "2024-07-10"), due="2024-06-30"))

    delay = made.show("realisation")["all"]["delay"]
    assert (delay["n"], delay["median_days"]) == (1, 10)


def test_f2_each_stage_has_its_delays_and_what_still_waits(made):
    slow = [step("planned", "2023-01-01"), step("agreed", "2023-03-02"), step("funded", "2024")]
    made.enter("commitments", commitment("slow", *slow, parties=["west"]))
    made.enter("commitments", commitment("plan", step("planned", "2020"), parties=["east"]))

    shown = made.show("realisation", by="party")
    agreed, funded = shown["stages"][:2]
    assert (agreed["before"], agreed["after"]) == ("planned", "agreed")
    assert (agreed["n"], agreed["median_least_days"], agreed["most_days"]) == (1, 60, 60)
    assert (agreed["waiting"], funded["waiting"], funded["n"]) == (1, 0, 1)
    assert agreed["longest_wait_days"] > 365
    # The year alone is known: between 305 and 670 days, never one number.
    assert (funded["least_days"], funded["most_days"]) == (305, 670)
    east = next(row for row in shown["items"] if row["code"] == "east")
    assert (east["stages"][0]["n"], east["stages"][0]["waiting"]) == (0, 1)


def test_f3_the_share_of_soft_activities_has_its_denominator(shared_planner, made):
    shown = shared_planner.get("/v1/composition", cooperation=BOTH).json()["activities"]
    assert share(shown["soft"]) == (8, 8)
    assert share(shown["implementation"]) == (0, 8)

    nothing = made.show("composition")["activities"]
    assert (nothing["soft"]["value"], nothing["soft"]["state"]) == (None, "no_data")


def test_f4_a_disruption_changes_no_measured_value(shared_planner, source):
    query = {"cooperation": BOTH, "period": "2020"}
    before = shared_planner.get("/v1/outcomes", **query).json()["items"]
    assert source("disruptions")["covid-19"]["dates"] == []  # the source gives none

    dates = [fact(event="start", on="2020-03"), fact(event="end", on="2022-12")]
    made = shared_planner.post("disruptions", entry("flood-2020", kind="flood", dates=dates))

    after = shared_planner.get("/v1/outcomes", **query).json()["items"]
    assert made.status_code == 201
    numbers = [
        [(i["indicator"], i["value"], i["state"]) for i in items] for items in (before, after)
    ]
    assert numbers[0] == numbers[1]
    assert any(value is not None for _, value, _ in numbers[0])


def test_f5_a_finding_leads_to_a_decision_and_to_the_second_agreement(source):
    decision = source("decisions", agreement="mou-2020")["three-focus-areas"]

    evaluation, finding = decision["findings"][0].split("/")
    findings = {f["code"]: f for f in source("evaluations")[evaluation]["findings"]}
    assert findings[finding]["about"] == [{"kind": "agreements", "code": "mou-2016"}]
    assert decision["scopes"] == ["mou-2020/waste", "mou-2020/water", "mou-2020/air"]


# ---- recommendations


def test_j1_support_promised_and_given_by_each_party(made):
    for code, who, last in (("a", "west", "delivered"), ("b", "west", "agreed"),
                            ("c", "east", "planned")):  # fmt: skip
        made.enter(
            "commitments",
            commitment(code, step(last, "2024"), kind="support", parties=[who]),
        )

    rows = {row["code"]: row["tally"] for row in made.show("realisation", by="party")["items"]}
    assert {code: share(tally["realised"]) for code, tally in rows.items()} == {
        "west": (1, 2),
        "east": (0, 1),
    }


def test_j2_what_stays_a_plan_is_listed_after_n_months(shared_planner, made):
    made.enter("commitments", commitment("old", step("planned", "2020-01")))
    made.enter("commitments", commitment("moving", step("planned", "2020"), step("funded", "2021")))

    found = made.show("realisation", older_than_months=36)["plan_only"]
    assert [(plan["commitment"], plan["step"]) for plan in found] == [("old", "planned")]
    assert made.show("realisation", older_than_months=1200)["plan_only"] == []
    of_source = shared_planner.get("/v1/realisation", cooperation=BOTH).json()["plan_only"]
    assert [plan["commitment"] for plan in of_source] == [
        "mou-2016-energy",
        "mou-2016-technology-transfer",
        "mou-2016-fifth",
    ]


def test_j3_zero_material_help_is_zero_only_where_declared(made):
    def material():
        balances = made.show("assistance")["items"]
        return next(b for b in balances if b["kind"] == "material")

    assert {given["state"] for given in material()["given"]} == {"no_data"}
    made.enter("contributions", contribution("none", "east", "west", 0, kind="material", unit="kg"))
    west, east = material()["given"]
    assert (east["value"], east["state"], west["state"]) == (0, "ok", "no_data")


def test_k1_a_review_of_the_concept_is_due_again(made):
    made.enter("evaluations", entry("concept", kind="concept", held_on="2023", every_months=24))

    (item,) = made.show("overdue")["items"]
    assert (item["code"], item["reason"], item["due_on"]) == ("concept", "due-again", "2025-12-31")


def test_k2_mirrored_under_swap(shared_planner):
    balances = []
    for giver, receiver in (("east", "west"), ("west", "east")):
        made = Made(shared_planner)
        made.enter("contributions", contribution("a", giver, receiver, 30))
        made.enter("contributions", contribution("b", receiver, giver, 10))
        balances.append(made.show("assistance")["items"][0])

    here, there = balances
    assert here["balance"]["value"] == -there["balance"]["value"] == -0.5
    assert here["dominance"]["value"] == there["dominance"]["value"] == 0.75
    assert (here["dominant"], there["dominant"]) == ("east", "west")
    assert here["given"] == there["given"][::-1]


def test_k2_an_agencys_help_is_its_citys(made):
    made.enter("contributions", contribution("a", "west-utility", "east", 3))
    made.enter("contributions", contribution("b", "east", "west", 1))

    assert made.show("assistance", period="2024")["items"][0]["dominant"] == "west"
    assert made.show("assistance", period="2023")["items"][0]["balance"]["state"] == "no_data"


def test_k3_facilitation_is_no_transfer_and_vendors_are_declared(shared_planner, made):
    balances = shared_planner.get("/v1/assistance", cooperation=BOTH).json()["items"]
    facilitation = next(b for b in balances if b["kind"] == "facilitation")
    assert (facilitation["is_transfer"], facilitation["balance"]["value"]) == (False, None)

    for code, declared in (("a", "vendor"), ("b", "none"), ("c", None)):
        interest = None if declared is None else {"declared": declared}
        dates = [fact(event="actual_start", on="2024")]
        made.enter(
            "activities",
            entry(code, kind="equipment", dates=dates, vendor_interest=interest),
        )
    assert share(made.show("composition")["activities"]["vendor_linked"]) == (1, 2)


def test_l1_there_are_ratios_with_denominators_and_no_grade(shared_planner):
    shown = shared_planner.get("/v1/realisation", cooperation=BOTH).json()["all"]

    assert set(shown["realised"]) == {"value", "numerator", "denominator", "state"}
    assert not {"score", "grade", "seriousness"} & set(shown)


def test_l2_adding_a_plan_never_raises_a_rate(made):
    made.agree("waste", "water")
    made.enter("commitments", commitment("a", step("delivered", "2024"), scopes=["agreed/waste"]))
    before = made.show("realisation")
    made.enter("commitments", commitment("plan", scopes=["agreed/waste"]))
    after = made.show("realisation")

    assert (before["all"]["realised"]["value"], after["all"]["realised"]["value"]) == (1, 0.5)
    assert share(before["agreements"][0]["realised"]) == (1, 2)
    assert share(after["agreements"][0]["realised"]) == (1, 2)
    assert after["all"]["funnel"] == {
        "planned": 2, "agreed": 1, "funded": 1, "started": 1, "delivered": 1, "evidenced": 0,
        "effect_shown": 0,
    }  # fmt: skip


def test_l3_the_overseer_sees_what_is_overdue_and_draws_evidence(shared_gateway, made):
    overseer = Planner(shared_gateway, "outcomes:read audit:read", cooperations=(made.code,))
    made.enter("evaluations", entry("yearly", kind="periodic", planned_on="2020"))
    made.enter("activities", entry("built", kind="construction", **evidenced()))

    overdue = overseer.get("/v1/overdue").json()["items"]
    sample = overseer.get("/v1/audit-sample", seed="any").json()
    assert [item["code"] for item in overdue] == ["yearly"]
    assert [(item["kind"], item["code"]) for item in sample["items"]] == [("activities", "built")]
    assert overseer.post("activities", entry("x", kind="training")).status_code == 403
