import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_waste.indices import masses, pillars, surveys


def array(*values: float):
    return np.array(values, dtype=float)


def test_tonnes_keep_the_digits_that_were_sent():
    assert masses.tonnes(array(896_198_580.0)).tolist() == [896_198.58]


def test_sarimukti_s_trips_weigh_what_was_weighed_there():
    assert pytest.approx(5.757, abs=0.001) == 979 / 170.04
    assert masses.from_trips(array(170.04, math.nan), 5.757)[0] == pytest.approx(979, abs=0.1)
    assert np.isnan(masses.from_trips(array(170.04, math.nan), 5.757)[1])
    assert np.isnan(masses.from_trips(array(1), array(math.nan))[0])


def test_volumes_need_a_density():
    assert masses.from_volume(array(10), array(326))[0] == pytest.approx(3.26)
    assert np.isnan(masses.from_volume(array(10), array(math.nan))[0])


def test_people_generate():
    assert masses.generated(array(2_500_000), 0.64, 1.0)[0] == pytest.approx(1600)


def test_the_three_pillars_of_kang_pisman():
    kurangi = pillars.reduced(array(0.64, 0.6), array(0.60, 0.64), array(1000, 1000), 365.0)
    assert kurangi.tolist() == [pytest.approx(14.6), pytest.approx(-14.6)]
    assert pillars.separated(array(200), array(50))[0] == 0.25
    assert np.isnan(pillars.separated(array(200), array(201))[0])
    assert pillars.used(array(1), array(2), array(4))[0] == 7.0


@settings(deadline=None, max_examples=25)
@given(st.floats(0, 2), st.floats(0, 2), st.floats(1, 1e7), st.floats(1, 366))
def test_what_was_avoided_is_what_is_no_longer_generated(baseline, actual, people, days):
    before = masses.generated(array(people), baseline, days)
    after = masses.generated(array(people), actual, days)

    avoided = pillars.reduced(array(baseline), array(actual), array(people), days)
    assert avoided[0] == pytest.approx((before - after)[0], abs=1e-6 * people)


@pytest.mark.parametrize(
    ("people", "persons"), [(640_000, 800.0), (1_000_000, 1000.0), (1_000_001, 2000.001)]
)
def test_a_survey_samples_by_the_root_of_the_population(people, persons):
    found = surveys.sample_persons(array(people), housing=1.0, city=2.0)

    assert found[0] == pytest.approx(persons, abs=1e-4)


def test_households_are_whole():
    assert surveys.sample_households(array(800, 801), 5.0).tolist() == [160.0, 161.0]
    assert np.isnan(surveys.sample_households(array(800), 0.0)[0])
    assert np.isnan(surveys.sample_persons(array(math.nan, -1), housing=1.0, city=1.0)).all()


@pytest.mark.parametrize(
    ("shares", "whole"),
    [
        ((0.5, 0.48), True),
        ((0.5, 0.4799), False),
        ((0.5, 0.52), True),
        ((0.5, 0.5201), False),
        ((0.7, 0.28, 0.0), True),
        ((1.1, -0.1), False),
        ((math.nan, 1.0), False),
        # Bandung 2023 as printed, without what its table leaves out.
        ((0.4452, 0.1670, 0.1312, 0.0090, 0.1183), False),
    ],
)
def test_a_composition_adds_up(shares, whole):
    assert surveys.adds_up(array(*shares), least=0.98, most=1.02) == whole
