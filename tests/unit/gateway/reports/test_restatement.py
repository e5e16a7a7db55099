"""A newer report lists each number that changed, and why."""

from __future__ import annotations

import pytest

from kembar_gateway.reports import restatement
from kembar_gateway.wire import State
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


def test_a_limit_or_factor_or_method_changed():
    found = compared(changed(0, value=0.5, numerator=15.0, method="m@1+other"))

    assert found[AIR, "value"][2] == ["method"]
    assert found[AIR, "state"] == ("ok", "provisional", ["method"])


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
