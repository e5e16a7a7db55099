"""What a report takes from the register."""

from __future__ import annotations

from datetime import date

import pytest

from kembar_gateway.register import profile
from kembar_gateway.register.activities import Activity
from kembar_gateway.register.book import Entered, Register
from kembar_gateway.register.resources import BudgetLine
from kembar_gateway.reports import facts, iati
from tests.reporting import COOPERATION, made

SOURCES = [{"title": "minutes"}]
FACT = {"sources": SOURCES, "status": "claimed"}
NAMED = {"cooperation": COOPERATION, "names": {"id": "Pelatihan"}, **FACT}


def date_of(event, on):
    return {"event": event, "on": on, **FACT}


def activity(**members):
    usual = {"code": "training-1", "kind": "training", "organiser": "kawasaki", **NAMED}
    return Activity.model_validate(usual | members)


def told(*parts, today=date(2024, 6, 1)):
    known = profile.load(None)
    kinds = {Activity: "activities", BudgetLine: "budget-lines"}
    more = [Entered(kinds[type(part)], COOPERATION, part.code, part) for part in parts]
    return facts.facts_of(Register((*known.entries, *more)), COOPERATION, today=today)


def named(found, code):
    (activity,) = [each for each in found["iati"] if each["code"] == code]
    return activity


@pytest.mark.parametrize(
    ("dates", "expected", "status"),
    [
        ((), [], "planned"),
        ((("planned_start", "2024-05"),), [("start", "2024-05", False)], "planned"),
        ((("actual_start", "2024-05-02"),), [("start", "2024-05-02", True)], "running"),
        (
            (("actual_start", "2024-05-02"), ("actual_end", "2024-05-09")),
            [("start", "2024-05-02", True), ("end", "2024-05-09", True)],
            "closed",
        ),
        # Of a year that is not over nobody can say that it ended then.
        ((("actual_start", "2023"), ("actual_end", "2024")), [("start", "2023", True)], "running"),
    ],
)
def test_an_activity_is_as_far_as_its_dates_say(dates, expected, status):
    found = told(activity(dates=[date_of(*each) for each in dates]))

    shown = named(found, "activity-training-1")
    assert [(d["event"], d["on"], d["actual"]) for d in shown["dates"]] == expected
    assert (shown["status"], shown["parties"]) == (status, [["kawasaki", "implementing"]])
    assert shown["names"] == dict.fromkeys(("en", "id", "ja"), "Pelatihan")


def test_what_was_cancelled_says_so():
    halt = {"state": "cancelled", "on": "2024-03", **FACT}
    found = told(activity(dates=[date_of("actual_start", "2024-01-01")], halt=halt))

    assert named(found, "activity-training-1")["status"] == "cancelled"


def test_money_stands_where_it_belongs():
    amounts = {"needed": [{"amount": 5, "on": "2024", **FACT}, {"amount": 7, "on": "2024-01-02",
               **FACT}], "spent": [{"amount": 3, "on": "2024-05", "payer": "jica", **FACT},
               {"amount": 9, "on": "2025", **FACT}]}  # fmt: skip
    line = {"code": "b-1", "currency": "JPY", "programme": "jica-waste", **NAMED, **amounts}
    gone = line | {"code": "b-2", "state": "cancelled"}
    found = told(BudgetLine.model_validate(line), BudgetLine.model_validate(gone))

    shown = named(found, "jica-waste")
    assert [(b["value"], b["from"]) for b in shown["budgets"]] == [(5, "2024")]
    assert [(t["kind"], t["value"], t["payer"]) for t in shown["transactions"]] == [
        ("spent", 3, "jica")
    ], "nothing is spent in the future"
    assert named(found, COOPERATION)["budgets"] == []
    assert len(found["budget_lines"]) == 2


def test_every_kind_of_entry_is_told_with_its_sources():
    found = told()

    assert {"agreements", "programmes", "commitments", "contributions", "evaluations"} <= set(found)
    assert all(each["sources"] for each in found["agreements"])
    assert "indicators" not in found, "they stand beside their outcomes"


def test_what_belongs_to_something_left_out_belongs_to_the_whole():
    document, _ = made()
    document["register"] = told(
        activity(dates=[date_of("actual_start", "2024-01-01")], programme="citarum-harum")
    )

    written = iati.activities_of(document).decode()
    assert "citarum-harum" in iati.left_out(document)
    assert f"-{COOPERATION}-citarum-harum" not in written
    assert f'type="2" ref="KEMBAR-UNREGISTERED-{COOPERATION}-activity-training-1"' in written
