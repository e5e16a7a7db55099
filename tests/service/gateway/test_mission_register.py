"""The mission's rows A to D that the register serves, through the public API, named by their ids.

Rows of the source are asked of the profile; the others of a cooperation made for the test.
"""

from __future__ import annotations

from tests.service.gateway.entries import (
    BOTH,
    Planner,
    commitment,
    entry,
    fact,
    faults,
    party,
    share,
    step,
    words,
)

# ---- conclusion 1: the setting


def test_a1_parties_of_any_level_and_type(made):
    made.enter("parties", party("vendor", made.code, kind="company", country="JP"))
    made.enter("parties", party("centre", made.code, kind="ministry", is_observer=True))

    kinds = [item["kind"] for item in made.show("parties")["items"]]
    assert kinds == ["city", "city", "city", "company", "ministry"]


def test_a3_findings_are_obstacles_or_opportunities(source):
    assert "thesis-conclusions" in source("evaluations", finding_kind="opportunity")
    found = source("evaluations")["thesis-conclusions"]["findings"]
    kinds = {finding["code"]: finding["kind"] for finding in found}
    assert (kinds["autonomy-opportunity"], kinds["autonomy-challenge"]) == (
        "opportunity",
        "obstacle",
    )
    assert "kawasaki-of-bandung" not in source("evaluations", finding_kind="opportunity")


def test_a5_an_agreement_has_a_type_and_a_life(made, source):
    kinds = {code: each["kind"] for code, each in source("agreements").items()}
    assert set(kinds.values()) == {"memorandum"}

    made.enter("agreements", entry("loi", kind="letter_of_intent", state="draft"))
    for state, members in (
        ("signed", {"signed_on": "2024-02-06"}),
        ("in_force", {}),
        ("ended", {"ended": "2026"}),
    ):
        made.change("agreements", "loi", {"state": state, **members})
    versions = made.show("agreements/loi/versions")["items"]
    assert [v["state"] for v in versions] == ["draft", "signed", "in_force", "ended"]
    assert [v["valid_to"] is None for v in versions] == [False, False, False, True]
    assert [a["code"] for a in made.show("agreements", state="ended")["items"]] == ["loi"]
    body = entry("club", made.code, kind="sister_city_club")
    assert faults(made.planner.post("agreements", body)) == {("body.kind", "literal_error")}


def test_a6_second_cooperation_cannot_read_the_first(shared_gateway, made):
    second = Planner(shared_gateway, cooperations=(made.code,))

    assert [c["code"] for c in second.get("/v1/cooperations").json()["items"]] == [made.code]
    for path in (f"cooperations/{BOTH}", "agreements/mou-2016", "indicators/waste.generated"):
        assert second.get(f"/v1/{path}").status_code == 404
    assert second.get("/v1/budget", cooperation=BOTH).status_code == 404
    assert second.get("/v1/agreements").json()["items"] == []


# ---- conclusion 2: the agreements


def test_b1_the_first_agreement_was_offered_by_kawasaki(source):
    first = source("agreements")["mou-2016"]

    assert (first["signed_on"], first["offered_by"], first["accepted_by"], first["state"]) == (
        "2016-02-18",
        "kawasaki",
        "bandung",
        "ended",
    )
    assert first["sources"][0]["where"]


def test_b4_five_scopes_and_the_fifth_is_not_named(source):
    scopes = source("agreements")["mou-2016"]["scopes"]

    assert [scope["named"] for scope in scopes] == [True] * 4 + [False]
    assert "not named in the source" in scopes[4]["names"]["en"]


def test_b5_two_of_five_scopes_realised(shared_planner):
    shown = shared_planner.get("/v1/realisation", cooperation=BOTH).json()

    first = next(row for row in shown["agreements"] if row["agreement"] == "mou-2016")
    assert share(first["realised"]) == (2, 5)
    assert share(first["evidenced"]) == (0, 5)  # so it is said, and nobody has shown it
    realised = [row["code"] for row in shown["items"] if row["tally"]["realised"]["numerator"]]
    assert realised == ["mou-2016/solid-waste", "mou-2016/wastewater"]
    assert share(shown["all"]["realised"]) == (2, 5)


def test_b6_the_renewal_tells_what_became_of_each_scope(source):
    second = source("agreements")["mou-2020"]

    told = {
        (change["change"], tuple(change["before"]), change["after"]) for change in second["renewal"]
    }
    assert second["replaces"] == "mou-2016"
    assert told == {
        ("kept", ("solid-waste",), "waste"),
        ("kept", ("wastewater",), "water"),
        ("dropped", ("energy", "technology-transfer"), None),
        ("unclear", ("fifth",), None),
        ("new", (), "air"),
    }
    assert list(source("focus-areas")) == ["waste", "water", "air"]


# ---- conclusion 3: Kang Pisman


def test_c1_promotion_is_kept_apart_from_results_and_both_starts_are_kept(source):
    programme = source("programmes")["kang-pisman"]

    assert {s["about"] for s in programme["statements"]} == {"promotion", "result"}
    starts = {(d["on"], d["status"]) for d in programme["dates"] if d["event"] == "start"}
    assert starts == {("2018-10-17", "published"), ("2016", "claimed")}


def test_c5_a_plan_leads_to_an_activity_and_its_result(made):
    made.agree("waste")
    made.enter("activities", entry("training", kind="training"))
    item = commitment(
        "item", step("planned", "2024"), kind="plan_item", activities=["training"],
        scopes=["agreed/waste"], parties=["west"], due="2025",
    )  # fmt: skip
    made.enter("commitments", item)
    made.change(
        "commitments", "item",
        {"steps": [step("planned", "2024"), step("delivered", "2024-11")]},
    )  # fmt: skip

    (shown,) = made.show("commitments", scope="agreed/waste")["items"]
    assert (shown["activities"], shown["reached"]) == (["training"], "delivered")


def test_c6_knowledge_sharing_is_counted_apart_from_training(shared_planner, source):
    kinds = shared_planner.get("/v1/composition", cooperation=BOTH).json()["activities"]["kinds"]

    assert (kinds["knowledge_sharing"], kinds["training"]) == (2, 4)
    assert "kang-pisman-knowledge" in source("activities", kind="knowledge_sharing")


def test_c7_a_training_tells_who_came_for_how_long_and_what_stayed(made):
    people = [
        {"group": "civil-servants", "party": "west", "persons": 20, "person_days": 60.0},
        {"group": "community", "persons": 35, "person_days": 35.0},
    ]
    test = fact(on="2024-11", tested=40, passed=28)
    shown = made.enter(
        "activities", entry("course", kind="training", participants=people, follow_up=test)
    )
    assert {p["group"]: p["person_days"] for p in shown["participants"]} == {
        "civil-servants": 60,
        "community": 35,
    }
    assert (shown["follow_up"]["tested"], shown["follow_up"]["passed"]) == (40, 28)

    body = entry("wonder", made.code, kind="training", follow_up=test | {"passed": 41})
    assert faults(made.planner.post("activities", body)) == {
        ("body.follow_up", "more-passed-than-tested")
    }
    unknown = made.enter("activities", entry("talk", kind="knowledge_sharing"))
    assert (unknown["participants"], unknown["follow_up"]) == ([], None)


def test_c8_c12_actor_groups_are_an_open_list(source, made):
    groups = {p["group"] for p in source("activities")["kang-pisman-training"]["participants"]}
    assert groups == {"civil-servants", "planning-agency", "environment-agency", "community"}

    people = [{"group": "waste-pickers", "persons": 12, "person_days": 24.0}]
    shown = made.enter("activities", entry("new", kind="training", participants=people))
    assert shown["participants"][0]["group"] == "waste-pickers"


def test_c9_a_planner_edits_targets_and_no_reader_does(shared_gateway):
    reader = Planner(shared_gateway, "outcomes:read")
    path = "/v1/indicators/waste.recovery_share"
    etag = reader.get(path, cooperation=BOTH).headers["etag"]

    assert reader.patch(path, {"digits": 2}, etag).status_code == 403


def test_c13_technology_transfer_appears_in_realisation_and_balance(shared_planner, source):
    technology = source("contributions")["recycling-technology"]
    assert (technology["giver"], technology["receiver"]) == ("kawasaki", "bandung")
    assert technology["technology"]["en"]

    rows = shared_planner.get("/v1/realisation", cooperation=BOTH).json()["items"]
    assert any(row["code"] == "mou-2016/technology-transfer" for row in rows)
    balances = shared_planner.get("/v1/assistance", cooperation=BOTH).json()["items"]
    technical = next(b for b in balances if b["kind"] == "technical")
    assert (technical["n"], technical["unquantified"]) == (2, 2)
    assert technical["balance"]["state"] == "cannot_assess"


# ---- conclusion 4: water


def test_d1_what_a_part_realises_counts_once_for_the_whole(made):
    made.enter("programmes", entry("citarum"))
    for code, parent in (("river", "citarum"), ("bend", "river")):
        made.enter("programmes", entry(code, parent=parent, stations=[f"{code}-*"]))
    made.enter("commitments", commitment("a", step("delivered", "2024"), programme="bend"))

    rows = {row["code"]: row for row in made.show("realisation", by="programme")["items"]}
    assert {code: share(row["tally"]["realised"]) for code, row in rows.items()} == {
        "citarum": (1, 1),
        "river": (1, 1),
        "bend": (1, 1),
    }
    assert share(made.show("realisation", by="programme")["all"]["realised"]) == (1, 1)


def test_d1_a_whole_counts_stations_indicators_and_commitments_of_its_parts_once(made):
    made.judge("water.quality", focus_area="waste")
    linked = {"stations": ["CPM-*"], "indicators": ["water.quality"]}
    made.enter("programmes", entry("citarum", level="national", **linked))
    made.enter("programmes", entry("river", level="city", parent="citarum", **linked))
    made.enter("programmes", entry("bend", parent="river", stations=["CPM-01"]))
    made.enter("commitments", commitment("a", step("delivered", "2024"), programme="bend"))
    made.enter("activities", entry("t", kind="training", programme="river"))

    whole = made.show("programmes/citarum/whole")

    assert [(p["code"], p["depth"]) for p in whole["programmes"]] == [
        ("citarum", 0),
        ("river", 1),
        ("bend", 2),
    ]
    assert whole["indicators"] == [
        {"code": "water.quality", "named_by": ["citarum", "river"], "inside": None}
    ]
    assert [(s["code"], s["inside"]) for s in whole["stations"]] == [
        ("CPM-*", None),
        ("CPM-01", "CPM-*"),
    ]
    assert share(whole["all"]["realised"]) == (1, 1)
    assert [share(p["own"]["realised"]) for p in whole["programmes"]] == [(0, 0), (0, 0), (1, 1)]
    assert whole["activities"] == {"training": 1}
    nobody = made.planner.get("/v1/programmes/nobody/whole", cooperation=made.code)
    assert nobody.status_code == 404


def test_d1_the_cipamokolan_is_part_of_citarum_harum(source):
    assert source("programmes", parent="citarum-harum").keys() == {"cipamokolan"}


def test_d2_d4_the_trainings_have_their_years(source):
    dates = {
        code: [d["on"] for d in activity["dates"]]
        for code, activity in source("activities", kind="training").items()
    }

    assert dates["river-training-2019"] == ["2019"]
    assert dates["water-training-2020"] == ["2020"]


def test_d3_the_fourth_joint_training_has_an_uncertain_date(source):
    training = source("activities")["joint-training-4"]

    (date,) = training["dates"]
    assert training["series"] == {"name": "Joint Training Program", "number": 4}
    assert (date["on"], date["alternatives"]) == ("2019", ["2020"])
    assert date["note"]["en"] == "2019 or 2020, source unclear"


def test_d5_the_source_gives_no_control_so_no_effect_is_claimed(shared_planner):
    (told,) = shared_planner.get("/v1/effects", cooperation=BOTH).json()["items"]
    shown = shared_planner.get(f"/v1/interventions/{told['intervention']}", cooperation=BOTH).json()

    assert (told["wording"], told["reason"], told["jump"]) == ("not_assessable", "no_control", None)
    assert (shown["activities"], shown["parties"]) == (
        ["cipamokolan-mentoring"],
        ["bandung", "kawasaki"],
    )
    assert (shown["started"]["on"], shown["started"]["status"]) == ("2019", "claimed")
    assert shown["control"] is None


def test_d6_a_silent_activity_shows_no_continuation(shared_planner):
    items = shared_planner.get("/v1/overdue", cooperation=BOTH, silent_months=48).json()["items"]

    silent = [item["code"] for item in items if item["reason"] == "silent"]
    assert silent == ["cipamokolan-sharing"]  # the mentoring was last heard of in 2025


def test_d7_either_city_evaluates_the_other_and_is_answered(source, made):
    assert source("evaluations", subject="bandung")["kawasaki-of-bandung"]["evaluator"] == (
        "kawasaki"
    )
    for evaluator, subject in (("west", "east"), ("east", "west")):
        criteria = [{"criterion": "effectiveness", "score": 2, "text": words("Slow.")}]
        made.enter(
            "evaluations",
            entry(f"by-{evaluator}", kind="partner", evaluator=evaluator, subjects=[subject],
                  held_on="2025", criteria=criteria),
        )  # fmt: skip
    answer = [{"by": "west", "on": "2025-06", "text": words("We do not agree.")}]
    made.change("evaluations", "by-east", {"counter_statements": answer})

    both = made.show("evaluations", kind="partner")["items"]
    assert [(e["evaluator"], e["subjects"]) for e in both] == [
        ("west", ["east"]),
        ("east", ["west"]),
    ]
    assert both[1]["counter_statements"][0]["by"] == "west"
