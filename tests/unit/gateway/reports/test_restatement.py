"""A newer report lists each number that changed, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kembar_gateway.combining import Disrupted
from kembar_gateway.reports import restatement
from kembar_gateway.tallies import Term
from kembar_gateway.wire import Period, State
from tests.reporting import FIGURES, figure, made

AIR = "air.ispu_good_share"


def changed(place: int, **members):
    other = FIGURES[place].model_copy(update=members)
    return (*FIGURES[:place], other, *FIGURES[place + 1 :])


def compared(figures, *, definition=None, before=FIGURES):
    old, inputs_old = made(before)
    new, inputs_new = made(figures)
    if definition is not None:
        indicator, members, outcome = definition
        for each in inputs_new["definitions"]:
            each.update(members if each["indicator"] == indicator else {})
        for each in new["outcomes"]:
            each.update(outcome if each["indicator"] == indicator else {})
    changes = restatement.compare(old, inputs_old, new, inputs_new)
    return {(c["indicator"], c["member"]): (c["before"], c["after"], c["causes"]) for c in changes}


def test_nothing_changed():
    assert compared(FIGURES) == {}


def test_a_row_was_corrected():
    found = compared(changed(0, value=0.5, numerator=15.0, digest="other"))

    assert set(found) == {(AIR, "value")}
    before, after, causes = found[AIR, "value"]
    assert after - before == pytest.approx(14 / 360)
    assert causes == ["row"]


def test_a_limit_or_factor_changed():
    found = compared(changed(0, value=0.5, numerator=15.0, method="m@1+other"))

    assert found[AIR, "value"][2] == ["factor"]
    assert found[AIR, "state"] == ("ok", "provisional", ["factor"])


def test_a_method_changed():
    found = compared(changed(0, value=0.5, numerator=15.0, method="m@2"))

    assert found[AIR, "value"][2] == ["method"]


def test_other_rows_are_told_from_another_method_by_the_part_of_the_digest_behind_the_dot():
    """A service's digest covers method and coverage too."""
    before = changed(0, digest="whole-1.rows-1")

    def causes(**members):
        return compared(changed(0, **members), before=before)[AIR, "value"][2]

    assert causes(value=0.5, numerator=15.0, method="m@1;cim=8", digest="whole-2.rows-1") == [
        "factor"
    ]
    assert causes(value=0.5, numerator=15.0, digest="whole-2.rows-2") == ["row"]


def test_what_an_entry_of_the_register_adds_has_the_same_causes():
    rate, absorbed = "cooperation.realisation_rate", "cooperation.budget_absorption"

    def term(entry, numerator, method="kembar/x@1", digest="v1"):
        return Term(entry, numerator, 10.0, method, digest=digest)

    def causes(code, first, second):
        old, inputs_old = made(terms={code: first})
        new, inputs_new = made(terms={code: second})
        found = restatement.compare(old, inputs_old, new, inputs_new)
        return {c["member"]: c["causes"] for c in found if c["indicator"] == code}["value"]

    done = [term("commitments/a", 10.0)]
    assert causes(rate, done, [*done, term("commitments/b", 0.0)]) == ["row"]
    assert causes(rate, done, [term("commitments/a", 0.0, digest="v2")]) == ["row"]
    assert causes(rate, done, [term("commitments/a", 0.0)]) == ["coverage"]
    by_rate = [term("budget-lines/a", 5.0, f"kembar/x@1+idr-per-jpy:{r}") for r in (104, 105)]
    assert causes(absorbed, by_rate[:1], [replace(by_rate[1], numerator=6.0)]) == ["factor"]
    another = [term("budget-lines/a", 6.0, "kembar/x@2")]
    assert causes(absorbed, by_rate[:1], another) == ["method"]


def test_a_disruption_was_declared():
    flood = {AIR: [Disrupted("flood", Period.parse("2023-07/2024-01"))]}
    old, inputs_old = made()
    new, inputs_new = made(disrupted=flood)
    found = restatement.compare(old, inputs_old, new, inputs_new)

    assert {(c["member"], *c["causes"]) for c in found if c["indicator"] == AIR} == {
        ("undisrupted.value", "disruption"),
        ("undisrupted.state", "disruption"),
    }


def test_what_is_said_of_a_trend_has_its_causes():
    def months(step, method="m@1", indicator="air.pm25_mean"):
        return tuple(
            figure(indicator, f"{2020 + k // 12}-{k % 12 + 1:02}", 60 - step * k + 7 * k % 5 / 5,
                   method=method if k > 30 else "m@1")
            for k in range(83)
        )  # fmt: skip

    def causes(first, second, indicator="air.pm25_mean"):
        old, inputs_old = made(first)
        new, inputs_new = made(second)
        found = restatement.compare(old, inputs_old, new, inputs_new)
        return {
            c["member"]: (c["before"], c["after"], c["causes"])
            for c in found
            if c["indicator"] == indicator and "trend" in c["member"]
        }

    falling = months(0.4)
    assert causes(falling, months(0.0)) == {
        "trend.wording": ("decreasing", "none_shown", ["row"]),
        "trend.change": ("improved", None, ["row"]),
    }
    found = causes(falling, months(0.4, method="m@2"))
    assert found["trend.change"] == ("improved", None, ["method"])
    assert causes(falling, months(0.4, "m@1;cim=8"))["trend.change"][2] == ["factor"]


def test_a_report_of_the_rule_before_is_compared_without_calling_it_another_definition():
    old, inputs_old = made()
    for each in inputs_old["definitions"]:
        for name in ("period_targets", "disrupted"):
            del each[name]
        each["rule"] = "combine@1"
    del inputs_old["terms"]
    kept = [o for o in old["outcomes"] if not o["indicator"].startswith("cooperation.")]
    for each in kept:
        for name in ("numerator", "denominator", "undisrupted", "target_period"):
            del each[name]
    new, inputs_new = made(changed(0, value=0.5, numerator=15.0, digest="other"))
    found = restatement.compare(old | {"outcomes": kept}, inputs_old, new, inputs_new)

    causes = {(c["indicator"], *c["causes"]) for c in found}
    assert {c for c in causes if not c[0].startswith("cooperation.")} == {(AIR, "row")}


def test_both_changed():
    found = compared(changed(0, value=0.5, numerator=15.0, method="m@2", digest="other"))

    assert found[AIR, "value"][2] == ["method", "row"]


def test_the_same_rows_cover_less():
    found = compared(changed(0, coverage=0.9))

    assert list(found) == [(AIR, "coverage")]
    assert found[AIR, "coverage"][2] == ["coverage"]


def test_a_target_was_revised():
    ika = "water.citarum_ika"
    later = {"targets": [{"year": 2023, "value": 60.0}]}
    found = compared(
        FIGURES, definition=(ika, later, {"target": 60.0, "progress": 0.1, "achievement": 0.2})
    )

    assert found[ika, "target"] == (58.0, 60.0, ["target"])
    assert found[ika, "progress"][2] == found[ika, "achievement"][2] == ["target"]
    assert (ika, "value") not in found
    of_period = {"period_targets": [{"period": "2023", "value": 60.0}]}
    found = compared(FIGURES, definition=(ika, of_period, {"target": 60.0}))
    assert found[ika, "target"][2] == ["target"]


def test_a_figure_came_late():
    found = compared(FIGURES, before=FIGURES[1:])

    assert found[AIR, "months"] == (11, 12, ["row"])
    assert found[AIR, "n"][2] == ["row"]


def test_a_state_alone():
    silent = (figure("water.pollution_index", "2023", None, state=State.NO_DATA),)
    found = compared((*FIGURES[:-2], *silent))

    assert found == {("water.pollution_index", "state"): ("insufficient", "no_data", ["coverage"])}


def test_a_number_that_changed_without_a_cause_is_said_to():
    found = compared(changed(0, value=0.5, numerator=15.0))

    assert found[AIR, "value"][2] == ["unexplained"]


def test_indicators_come_and_go():
    old, inputs_old = made()
    new, inputs_new = made()
    gone, came = new["outcomes"].pop(), old["outcomes"].pop(0)

    changes = restatement.compare(old, inputs_old, new, inputs_new)

    causes = {(c["indicator"], *c["causes"]) for c in changes}
    assert causes == {(gone["indicator"], "ended"), (came["indicator"], "appeared")}
    assert {cause for c in changes for cause in c["causes"]} <= set(restatement.CAUSES)
