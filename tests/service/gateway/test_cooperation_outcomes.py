"""Outcomes of the cooperation itself, and what targets and disruptions make of the others."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from tests.service.gateway.entries import (
    Made,
    amount,
    commitment,
    contribution,
    entry,
    evidenced,
    fact,
    faults,
    reckoned,
    step,
    words,
)

RATE = "cooperation.realisation_rate"
HELP = {"kind": "technical", "unit": "person_days"}


def numbers(outcome):
    return outcome["value"], outcome["numerator"], outcome["denominator"], outcome["state"]


def test_a_plan_never_raises_the_rate_and_each_number_leads_to_its_entry(made):
    made.reckon("realisation_rate")
    made.reckon("evidenced_rate")
    shown = step("evidenced", "2024-06")
    made.enter("commitments", commitment("shown", step("planned", "2023"), shown))
    made.enter("commitments", commitment("said", step("delivered", "2024-03")))
    assert numbers(made.outcome(RATE, "2024")) == (1, 2, 2, "ok")
    before = datetime.now(UTC).isoformat()
    time.sleep(0.002)
    made.enter("commitments", commitment("plan", step("planned", "2024-01")))

    assert numbers(made.outcome(RATE, "2024")) == (2 / 3, 2, 3, "ok")
    assert numbers(made.outcome(RATE, "2024", as_of=before)) == (1, 2, 2, "ok")
    assert numbers(made.outcome(RATE, "2023")) == (0, 0, 1, "ok"), "as it stood at the end of 2023"
    assert made.outcome("cooperation.evidenced_rate", "2024")["numerator"] == 1
    assert made.outcome(RATE, "2022")["state"] == "no_data"
    lineage = made.show(f"outcomes/{RATE}/lineage", period="2024")
    added = {e["code"]: (e["numerator"], e["denominator"]) for e in lineage["entries"]}
    assert added == {"shown": (1, 1), "said": (1, 1), "plan": (0, 1)}
    sums = [sum(e[name] for e in lineage["entries"]) for name in ("numerator", "denominator")]
    assert lineage["outcome"]["value"] == sums[0] / sums[1]
    for each in lineage["entries"]:
        entered = made.planner.get(each["entry"]).json()
        assert (entered["digest"], entered["version"]) == (each["digest"], each["version"])
        assert each["sources"] == entered["sources"]


def test_what_may_or_may_not_have_happened_by_then_is_not_counted(made):
    made.reckon("realisation_rate")
    made.enter("commitments", commitment("open", step("delivered", "2024")))
    for code in ("a", "b", "c"):
        made.enter("commitments", commitment(code, step("delivered", "2023")))

    half = made.outcome(RATE, "2024-01/2024-06")
    assert numbers(half) == (1, 3, 3, "provisional")
    assert (half["coverage"], half["n"], half["expected"]) == (0.75, 3, 4)
    made.enter("commitments", commitment("later", step("delivered", "2024")))
    assert numbers(made.outcome(RATE, "2024-01/2024-06")) == (None, None, None, "insufficient")


def test_what_evaluations_judge_in_words_stands_beside_the_missing_number(made):
    made.judge("waste.awareness", fed_by="evaluations")
    said = fact(indicator="waste.awareness", period="2024", text=words("More people sort."))
    elsewhere = said | {"period": "2023"}
    made.enter(
        "evaluations",
        entry("yearly", kind="periodic", held_on="2025", judgements=[said, elsewhere]),
    )

    found = made.outcome("waste.awareness", "2024")
    assert (found["value"], found["state"]) == (None, "no_data")
    (judged,) = found["judgements"]
    assert (judged["evaluation"], judged["period"], judged["status"]) == (
        "yearly",
        "2024",
        "published",
    )
    assert judged["text"]["en"] == "More people sort."
    assert made.outcome("waste.awareness", "2022")["judgements"] == []


def test_what_may_lie_later_than_today_is_not_counted_yet(made):
    made.reckon("assistance_balance", help=HELP, direction="none")
    made.reckon("realisation_rate")
    year = datetime.now(UTC).year
    unsure = {"alternatives": [f"{year}"], "note": words("Unclear.")}
    given = {"dates": [fact(event="given", on=f"{year + 2}", **unsure)]}
    made.enter("contributions", contribution("a", "west", "east", 3, **given))
    made.enter("contributions", contribution("b", "east", "west", 3, **given))
    made.enter("commitments", commitment("a", step("delivered", f"{year + 2}", **unsure)))

    for code in ("cooperation.assistance_balance", RATE):
        found = made.outcome(code, f"{year}-01/{year + 2}-12")
        assert (found["value"], found["state"]) == (None, "not_yet_due")


def test_what_was_delivered_was_promised_whenever_that_was(made):
    made.reckon("realisation_rate")
    unsure = step("agreed", "2016", alternatives=["2020"], note=words("Unclear."))
    made.enter("commitments", commitment("a", unsure, step("delivered", "2018-03")))

    assert numbers(made.outcome(RATE, "2018")) == (1, 1, 1, "ok")
    assert made.outcome(RATE, "2017")["state"] == "insufficient"


def test_who_cancels_does_not_raise_the_rate(made):
    made.reckon("realisation_rate")
    made.enter("commitments", commitment("done", step("delivered", "2023")))
    gone = commitment("gone", step("delivered", "2023"), step("cancelled", "2024-02-01"))
    made.enter("commitments", gone)

    assert numbers(made.outcome(RATE, "2023"))[:3] == (1, 2, 2)
    assert numbers(made.outcome(RATE, "2024"))[:3] == (0.5, 1, 2)


def test_absorption_adds_yen_by_the_rate_of_their_line_alone(made):
    code = "cooperation.budget_absorption"
    made.reckon("budget_absorption")
    rate = entry("june", on="2024-06-03", idr_per_jpy=0.1)
    made.enter("exchange-rates", {k: v for k, v in rate.items() if k != "names"})
    line = entry("a", currency="JPY", rate="june", committed=[amount(30)], spent=[amount(3)])
    made.enter("budget-lines", line)
    made.enter("budget-lines", entry("b", currency="IDR", committed=[amount(7)], spent=[amount(7)]))
    made.enter("budget-lines", entry("plan", currency="IDR", needed=[amount(500)]))
    budget = made.show("budget")["together"][0]["absorption"]["value"]

    found = made.outcome(code, "2024")
    assert numbers(found) == (0.73, 7.3, 10, "ok")
    assert budget == found["value"]
    assert found["methods"] == [
        "kembar/budget-absorption@1",
        "kembar/budget-absorption@1+idr-per-jpy:0.1",
    ]
    assert numbers(made.outcome(code, "2024-01/2024-06"))[3] == "insufficient", "dated 2024"
    unspent = entry("c", currency="IDR", committed=[amount(2)])
    made.enter("budget-lines", unspent)
    assert numbers(made.outcome(code, "2024"))[3] == "provisional", "nobody says what was spent"
    made.enter("budget-lines", entry("d", currency="JPY", committed=[amount(1)], spent=[amount(1)]))
    assert numbers(made.outcome(code, "2024")) == (None, None, None, "cannot_assess")


def test_person_days_count_once_and_not_where_they_are_unstated(made):
    code = "cooperation.trained_person_days"
    made.reckon("trained_person_days", measure="total", unit="person_days")
    people = [{"group": "civil-servants", "person_days": 30.5}, {"group": "x", "person_days": 0}]

    def train(name, on, *took_part, **members):
        dates = [fact(event="actual_start", on=on)]
        shaped = {"kind": "training", "participants": list(took_part)} | members
        made.enter("activities", entry(name, dates=dates, **shaped))

    train("one", "2024-03", *people)
    train("two", "2024-04", *people)
    train("shared", "2024-04", *people, kind="knowledge_sharing")
    assert (made.outcome(code, "2024")["value"], made.outcome(code, "2024")["n"]) == (61, 2)
    assert made.outcome(code, "2024-04")["value"] == 30.5
    train("when", "2024", *people)
    assert made.outcome(code, "2024-04")["state"] == "insufficient"
    train("who", "2024-05", {"group": "community", "persons": 4})
    assert made.outcome(code, "2024")["state"] == "cannot_assess"
    assert made.outcome(code, "2025")["state"] == "no_data", "no training, and no zero either"


def test_the_balance_of_one_kind_is_mirrored_and_no_kinds_are_added(shared_planner):
    found = []
    for giver, receiver in (("east", "west"), ("west", "east")):
        made = Made(shared_planner)
        made.reckon("assistance_balance", help=HELP, direction="none")
        code = "cooperation.assistance_balance"
        made.enter("contributions", contribution("a", giver, receiver, 30))
        assert made.outcome(code, "2024")["state"] == "insufficient", "one side declared nothing"
        made.enter("contributions", contribution("b", receiver, giver, 10))
        for kind in ("non_technical", "facilitation"):
            made.enter("contributions", contribution(kind, giver, receiver, 1000, kind=kind))
        made.enter("contributions", contribution("kg", giver, receiver, 1000, unit="items"))
        found.append(made.outcome(code, "2024"))
        of_kind = next(b for b in made.show("assistance")["items"] if b["unit"] == "person_days")
        assert of_kind["balance"]["value"] == found[-1]["value"]

    here, there = found
    assert (here["value"], there["value"]) == (-0.5, 0.5)
    assert here["denominator"] == there["denominator"] == 40


def test_a_definition_that_cannot_be_reckoned_is_refused(made):
    def refused(name, **members):
        body = reckoned(name, made.code) | members
        return {code for _, code in faults(made.planner.post("indicators", body))}

    assert refused("seriousness") == {"reckoned-unknown"}
    assert refused("realisation_rate", measure="total") == {"reckoned-unknown"}
    assert refused("realisation_rate", fed_by="service") == {"reckoned-or-not"}
    assert refused("realisation_rate", jurisdictions=["west"]) == {"area-or-reckoned"}
    assert refused("assistance_balance", direction="none") == {"help-or-not"}
    assert refused("realisation_rate", help=HELP) == {"help-or-not"}


def test_a_target_of_a_period_is_told_with_its_revision_and_its_absence_is_found(made):
    made.judge("waste.generated", measure="total", unit="t")
    assert made.outcome("waste.generated", "2027-01/2027-06")["findings"] == [
        "no-target",
        "no-baseline",
    ]
    half = fact(period="2027-01/2027-06", value=40.0)
    for target, reason in ((half, "Agreed."), (half | {"value": 50.0}, "Too low.")):
        made.change(
            "indicators",
            "waste.generated",
            {"period_targets": [target], "targets_note": None, "reason": reason},
        )

    path, query = "/v1/indicators/waste.generated", {"cooperation": made.code}
    etag = made.planner.get(path, **query).headers["etag"]
    none = {"period_targets": [half | {"period": "2027-13"}]}
    refused = made.planner.patch(path, none, etag, **query)
    assert faults(refused) == {("body.period_targets.0.period", "no-period")}

    found = made.outcome("waste.generated", "2027-01/2027-06")
    revision = found["target_revision"]
    assert (found["target"], found["target_period"]) == (50, "2027-01/2027-06")
    assert (revision["number"], revision["former"], revision["reason"]) == (2, 40, "Too low.")
    assert found["findings"] == ["no-baseline"]
    assert made.outcome("waste.generated", "2027")["target"] is None


def test_a_disruption_shows_the_rest_beside_and_changes_no_value(made):
    made.judge("water.stated", measure="mean", fed_by="register", published=[
        fact(year=2019, value=40.0), fact(year=2020, value=50.0)])  # fmt: skip
    plain = made.outcome("water.stated", "2019-01/2020-12")
    dates = [fact(event="start", on="2020-03"), fact(event="end", on="2020-12")]
    made.enter("disruptions", entry("pandemic", kind="pandemic", dates=dates))
    made.enter("disruptions", entry("undated", kind="flood", dates_note=words("Unknown.")))

    beside = made.outcome("water.stated", "2019-01/2020-12")
    assert (beside["value"], beside["state"]) == (plain["value"], plain["state"]) == (45, "ok")
    assert (plain["disruptions"], beside["disruptions"]) == ([], ["pandemic"])
    assert beside["undisrupted"] == {
        "value": 40, "state": "ok", "n": 1, "coverage": None, "months": 12, "months_expected": 14,
    }  # fmt: skip
    assert made.outcome("water.stated", "2020-06")["undisrupted"]["state"] == "suspended"
    assert made.outcome("water.stated", "2020")["undisrupted"]["state"] == "cannot_assess"
    elsewhere = [{"kind": "focus-areas", "code": "waste"}]
    made.change("disruptions", "pandemic", {"affects": elsewhere})
    assert made.outcome("water.stated", "2020")["disruptions"] == ["pandemic"]
    made.change("disruptions", "pandemic", {"state": "withdrawn"})
    assert made.outcome("water.stated", "2020")["disruptions"] == []


def test_evidence_is_told_from_claims(made):
    made.reckon("evidenced_rate")
    made.enter("commitments", commitment("said", step("delivered", "2024")))
    made.enter("commitments", commitment("shown", step("delivered", "2024", **evidenced())))

    assert numbers(made.outcome("cooperation.evidenced_rate", "2024")) == (0.5, 1, 2, "ok")


def test_years_by_several_methods_are_no_trend(made):
    one = [fact(year=y, value=float(10 * (y - 2000) + y % 3)) for y in range(2010, 2026)]
    made.judge("water.stated", measure="mean", fed_by="register", published=one)
    trend = made.outcome("water.stated", "2020")["trend"]
    assert (trend["wording"], trend["change"]) == ("increasing", "improved")

    changed = [{**each, "method": "old" if each["year"] < 2018 else "new"} for each in one]
    made.change("indicators", "water.stated", {"published": changed})
    trend = made.outcome("water.stated", "2020")["trend"]
    assert (trend["wording"], trend["change"], trend["reason"]) == (
        "not_assessable",
        None,
        "method_changed",
    )
