import json
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_gateway.reckoning import effects
from kembar_gateway.register.interventions import Intervention
from kembar_gateway.wire import Figure
from tests.unit.gateway.reckoning.made import entry, fact

DECLARED = date(2020, 6, 1)


def intervention(on="2021-01-01", **members):
    design = {"indicator": "water.x", "reach": "bend", "control": "upstream"}
    return Intervention.model_validate(entry("i", started=fact(on=on), **(design | members)))


def figure(area, month, value, **members):
    usual = {"indicator": "water.x", "jurisdiction": area, "unit": "1", "n": 1, "expected": 1.0,
             "origin": "real", "method": "m@1", "stations": (f"{area}-1",),
             "state": "ok", "period": f"{2019 + month // 12}-{month % 12 + 1:02}"}  # fmt: skip
    usual |= {"value": value} | members
    return Figure.model_validate_json(json.dumps(usual))


def river(jump=0.0, *, seed=1, months=48, **members):
    """Two places that share their seasons; the measure comes with the 25th month."""
    chance = np.random.default_rng(seed)
    made = []
    for month in range(months):
        season = 3 * np.sin(month / 6 * np.pi)
        for area in ("bend", "upstream"):
            moved = jump if area == "bend" and month >= 24 else 0.0
            value = float(10 + season + moved + chance.normal(scale=0.5))
            made.append(figure(area, month, value, **members))
    return made


def test_an_effect_that_was_made_is_found_within_its_interval():
    judged = effects.judge(intervention(), DECLARED, river(-4.0))

    level = judged.effect.level
    assert (judged.obstacle, judged.months) == (None, 1)
    assert (judged.effect.before, judged.effect.after) == (24, 24)
    assert level.lower <= -4 <= level.upper
    assert effects.wordings([judged], [False])[0][0] == "contributed_to_improvement"
    assert effects.wordings([judged], [True])[0][0] == "contributed_to_worsening"


def test_without_an_effect_few_claims_are_made_and_together_fewer():
    judged = [effects.judge(intervention(), DECLARED, river(seed=seed)) for seed in range(40)]

    said = [wording for wording, _ in effects.wordings(judged, [True] * len(judged))]
    assert sum(wording.startswith("contributed") for wording in said) == 0
    assert "no_effect_shown" in said


@pytest.mark.parametrize(
    ("design", "declared", "figures", "reason"),
    [
        ({"control": None}, DECLARED, river(-4.0), "no_control"),
        ({}, date(2021, 2, 1), river(-4.0), "control_declared_late"),
        ({}, DECLARED, [], "too_few_before"),
        ({}, DECLARED, river(-4.0, months=30), "too_few_after"),
        ({}, DECLARED, [*river(), figure("bend", 48, 1.0, method="m@2")], "method_changed"),
        ({}, DECLARED, [*river(), figure("bend", 48, 1.0, stations=["x"])], "stations_changed"),
        ({"on": "2019"}, date(2018, 1, 1), river(-4.0), "too_few_before"),
    ],
)
def test_what_cannot_be_assessed_says_why(design, declared, figures, reason):
    judged = effects.judge(intervention(**design), declared, figures)

    assert judged.obstacle == reason
    assert effects.wordings([judged], [True]) == [("not_assessable", None)]


def test_a_start_of_which_the_year_alone_is_known_leaves_that_year_out():
    judged = effects.judge(intervention("2020"), date(2019, 6, 1), river())

    assert (judged.obstacle, judged.effect.before, judged.effect.after) == (None, 12, 24)


def test_a_month_within_which_it_began_and_what_is_not_ok_count_on_no_side():
    lower = [figure("bend", 50, 1.0, state="provisional"), figure("upstream", 50, 1.0)]
    judged = effects.judge(intervention("2021-01-15"), DECLARED, [*river(months=48), *lower])

    assert (judged.effect.before, judged.effect.after) == (24, 23)


@settings(max_examples=25, deadline=None)
@given(st.floats(-5, 5), st.integers(0, 5))
def test_swapping_reach_and_control_turns_the_jump_round(jump, seed):
    there = effects.judge(intervention(), DECLARED, river(jump, seed=seed))
    back = intervention(reach="upstream", control="bend")
    other = effects.judge(back, DECLARED, river(jump, seed=seed))

    assert there.obstacle == other.obstacle
    if there.obstacle is None:
        assert there.effect.level.value == pytest.approx(-other.effect.level.value)
