"""What the register refuses, and what it tells of itself: one gateway for all of these."""

from __future__ import annotations

import json

from tests.service.gateway.entries import (
    BOTH,
    EVIDENCE,
    Planner,
    commitment,
    contribution,
    entry,
    fact,
    faults,
    indicator,
    step,
    words,
)

OTHER = "surabaya-kitakyushu"


def test_what_does_not_fit_is_refused_at_its_place_in_three_languages(shared_planner):
    back = [step("delivered", "2024"), step("agreed", "2025")]
    cases = [
        ("commitments", commitment("a", scopes=["mou-2016/energy", "mou-2016/ninth"]),
         ("body.scopes.1", "unknown-reference")),
        ("commitments", commitment("a", parties=["nobody"]),
         ("body.parties.0", "unknown-reference")),
        ("commitments", commitment("a", *back), ("body", "step-backwards")),
        ("commitments", commitment("a", step("evidenced", "2024", status="claimed")),
         ("body.steps.0", "no-evidence")),
        ("commitments", commitment("a", step("planned", "2024-13")),
         ("body.steps.0.on", "no-date")),
        ("commitments", commitment("a", surprise=1), ("body.surprise", "extra_forbidden")),
        ("commitments", commitment("a", names={}), ("body.names", "no-words")),
        ("commitments", commitment("a", names={"id": "x" * 4001}),
         ("body.names.id", "string_too_long")),
        ("commitments", commitment("a", names={"id": "\x00"}),
         ("body.names.id", "string_pattern_mismatch")),
        ("commitments", commitment("A b"), ("body.code", "string_pattern_mismatch")),
        ("commitments", commitment("a", cooperation="atlantis"),
         ("body.cooperation", "unknown-reference")),
        ("activities", entry("a", kind="training",
                             follow_up=fact(on="2024", tested=3, passed=4)),
         ("body.follow_up", "more-passed-than-tested")),
        ("programmes", entry("a", parent="a"), ("body.parent", "circle")),
        ("agreements", entry("a", kind="memorandum", replaces="mou-2020",
                             renewal=[fact(change="dropped", before=["waste", "water"])]),
         ("body.renewal", "scope-not-told-once")),
    ]  # fmt: skip
    for kind, body, expected in cases:
        answer = shared_planner.post(kind, body)

        assert expected in faults(answer), (body, answer.text)
        assert all(len(each["message"]) > 5 for each in answer.json()["errors"])
    said = {
        language: shared_planner.client.post(
            "/v1/commitments",
            json=commitment("a", parties=["nobody"]),
            headers=shared_planner.headers | {"Accept-Language": language},
        ).json()["errors"][0]["message"]
        for language in ("en", "id", "ja")
    }
    assert len(set(said.values())) == 3
    assert all("nobody" in text for text in said.values())


def test_nothing_is_done_tomorrow_nor_ends_before_it_begins(shared_planner):
    paid = [fact(amount=1, on="2199-01-01")]
    dated = [fact(event="start", on="2021"), fact(event="end", on="2020")]
    twice = [fact(year=2030, value=1.0), fact(year=2030, value=2.0)]
    judged = indicator("waste.weighed", BOTH, targets=twice, jurisdictions=["bandung"])
    cases = [
        ("commitments", commitment("late", step("planned", "2024"), step("delivered", "2199")),
         ("body.steps.1.on", "not-yet")),
        ("activities", entry("late", kind="training",
                             dates=[fact(event="actual_start", on="2199-01")]),
         ("body.dates.0.on", "not-yet")),
        ("contributions", contribution("late", "kawasaki", "bandung", 1.0,
                                       dates=[fact(event="given", on="2199")]),
         ("body.dates.0.on", "not-yet")),
        ("budget-lines", entry("late", currency="IDR", spent=paid), ("body.spent.0.on", "not-yet")),
        ("evaluations", entry("late", kind="partner", held_on="2199"),
         ("body.held_on", "not-yet")),
        ("disruptions", entry("late", kind="flood", dates=dated),
         ("body.dates", "ends-before-it-begins")),
        ("agreements", entry("late", kind="memorandum", signed_on="2020-01-02", ended="2019"),
         ("body.ended", "ends-before-it-begins")),
        ("indicators", {name: v for name, v in judged.items() if name != "targets_note"},
         ("body.targets.1.year", "target-twice")),
        ("commitments", commitment("late", due="31/12/2024"), ("body.due", "no-date")),
        ("agreements", entry("late", kind="memorandum", signed_on="2020"),
         ("body.signed_on", "no-day")),
    ]  # fmt: skip
    for kind, body, expected in cases:
        assert expected in faults(shared_planner.post(kind, body)), body
    planned = entry("late", currency="IDR", needed=paid, committed=paid)
    assert shared_planner.post("budget-lines?dry_run=true", planned).status_code == 200


def test_an_entry_larger_than_allowed_is_refused(shared_planner):
    note = {"en": "x" * 4000, "id": "y" * 4000, "ja": "z" * 4000}
    steps = [step(name, "2024", note=note) for name in ("planned", "agreed", "funded")]
    statements = [fact(text=note) for _ in range(30)]

    assert shared_planner.post("commitments", commitment("a", *steps)).status_code == 201
    answer = shared_planner.post("programmes", entry("a", statements=statements))
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:kembar:problem:too-large")


def test_code_and_cooperation_are_for_ever_and_what_others_name_stays(shared_planner):
    path = "/v1/agreements/mou-2016"
    agreement = shared_planner.get(path)
    kept = [s for s in agreement.json()["scopes"] if s["code"] != "energy"]

    def refused(change):
        return faults(shared_planner.patch(path, change, agreement.headers["etag"]))

    assert refused({"code": "other"}) == {("body.code", "fixed-member")}
    assert refused({"cooperation": OTHER}) == {("body.cooperation", "fixed-member")}
    assert ("body.scopes", "still-named") in refused({"scopes": kept})


def test_who_is_narrowed_cannot_look_at_the_figures_of_another_area(shared_gateway, made):
    made.judge("waste.generated", jurisdictions=["west"])
    narrow = Planner(shared_gateway, cooperations=(made.code,))
    beyond = indicator("air.pm25_mean", made.code, jurisdictions=["west", "bandung"])
    within = indicator("air.pm25_mean", made.code, jurisdictions=["west"])

    assert faults(narrow.post("indicators", beyond)) == {
        ("body.jurisdictions.1", "jurisdiction-not-yours")
    }
    assert narrow.post("indicators", within).status_code == 201
    assert made.change("indicators", "air.pm25_mean", {"jurisdictions": ["bandung"]})


def test_targets_are_kept_with_all_their_revisions_and_reasons(shared_planner):
    path = "/v1/indicators/waste.sorted_share"
    target = fact(year=2027, value=0.3)
    shared_planner.change(path, {"targets": [target], "targets_note": None, "reason": "Agreed."})
    shared_planner.change(path, {"targets": [target | {"value": 0.2}], "reason": "Too high."})
    shared_planner.change(
        path,
        {"targets": [], "targets_note": words("Withdrawn."), "reason": "Withdrawn."},
    )

    found = shared_planner.get(f"{path}/targets").json()["items"]
    assert [(r["period"], r["former"], r["value"], r["reason"]) for r in found] == [
        ("2027", None, 0.3, "Agreed."),
        ("2027", 0.3, 0.2, "Too high."),
        ("2027", 0.2, None, "Withdrawn."),
    ]


def test_a_seed_draws_the_same_evidence_again(shared_gateway, shared_planner):
    for number in range(6):
        evidence = [EVIDENCE | {"sha256": f"{number:064x}"}]
        shown = step("evidenced", "2024", evidence=evidence)
        body = commitment(f"c{number}", shown, scopes=["mou-2020/waste"])
        assert shared_planner.post("commitments", body).status_code == 201

    first = shared_planner.get("/v1/audit-sample", cooperation=BOTH, seed="2026", size=3)
    again = shared_planner.get("/v1/audit-sample", cooperation=BOTH, seed="2026", size=3)
    other = shared_planner.get("/v1/audit-sample", cooperation=BOTH, seed="2027", size=6)

    items = first.json()["items"]
    assert first.content == again.content
    assert (len(items), first.json()["of"]) == (3, 6)
    assert [i["code"] for i in other.json()["items"]] != [f"c{number}" for number in range(6)]
    assert "agreements/mou-2016" in items[0]["leads_to"]  # which the second agreement replaces
    entry_shown = shared_planner.get(f"/v1/commitments/{items[0]['code']}").json()
    assert entry_shown["digest"] == items[0]["digest"]
    assert json.dumps(items[0]["evidence"]) in json.dumps(entry_shown)
    assert (
        Planner(shared_gateway, "outcomes:read").get("/v1/audit-sample", seed="1").status_code
        == 403
    )
