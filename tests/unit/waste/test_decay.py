import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_waste.indices import decay

FOOD = decay.Site(doc=0.15, docf=0.5, mcf=1.0, k=0.4)


def array(*values: float):
    return np.array(values, dtype=float)


def test_a_thousand_tonnes_of_food_give_fifty_tonnes_of_methane():
    yearly = decay.first_order_decay(array(1000), FOOD, horizon=20)

    assert decay.methane_potential(FOOD) * 1000 == pytest.approx(50)
    assert yearly[:3] == pytest.approx([0, 16.484, 11.050], abs=0.0005)
    assert yearly.shape == (21,)
    assert yearly.sum() == pytest.approx(49.983, abs=0.0005)


def test_the_gpc_s_commitment_is_a_fifth_above_the_ipcc_s():
    committed = decay.Site(doc=0.15, docf=0.6, mcf=1.0, k=0.4)

    assert decay.methane_potential(committed) / decay.methane_potential(FOOD) == pytest.approx(1.2)


def test_waste_deposited_later_decays_later():
    yearly = decay.first_order_decay(array(0, 1000), FOOD, horizon=20)

    assert yearly[:4] == pytest.approx([0, 0, 16.484, 11.050], abs=0.0005)
    assert yearly.sum() == pytest.approx(49.983, abs=0.0005)


def test_by_the_cdm_waste_decays_from_the_year_of_its_deposit():
    yearly = decay.decay_from_deposit(array(1000), FOOD, horizon=19, correction=1.0)

    assert yearly.shape == (20,)
    assert yearly[:2] == pytest.approx([16.484, 11.050], abs=0.0005)
    corrected = decay.decay_from_deposit(
        array(1000), FOOD, horizon=19, captured_share=0.2, correction=0.9
    )
    assert corrected == pytest.approx(yearly * 0.72)


def test_several_types_at_once_are_each_by_itself():
    both = decay.Site(doc=array(0.15, 0.4), docf=0.5, mcf=array(1.0, 0.8), k=array(0.4, 0.07))
    paper = decay.Site(doc=0.4, docf=0.5, mcf=0.8, k=0.07)

    found = decay.first_order_decay(np.array([[1000.0, 10.0], [500.0, 0.0]]), both, horizon=5)
    assert found[0] == pytest.approx(decay.first_order_decay(array(1000, 10), FOOD, horizon=5))
    assert found[1] == pytest.approx(decay.first_order_decay(array(500, 0), paper, horizon=5))


def test_what_is_captured_or_oxidised_is_not_emitted():
    covered = decay.Site(doc=0.15, docf=0.5, mcf=1.0, k=0.4, oxidation=0.1)
    yearly = decay.first_order_decay(array(1000), covered, horizon=2, recovered=array(0, 6.484, 12))

    assert yearly[1] == pytest.approx(9.0, abs=0.0005)
    assert np.isnan(yearly[2])
    unknown = decay.first_order_decay(array(1000, math.nan, 0), FOOD, horizon=0)
    assert unknown[1] == pytest.approx(16.484, abs=0.0005)
    assert np.isnan(unknown[2])


MASSES = st.lists(st.floats(0, 1e5), min_size=1, max_size=4)


@settings(deadline=None, max_examples=25)
@given(MASSES, st.floats(0, 50), st.floats(0.01, 1), st.integers(1, 30))
def test_decay_is_linear_and_never_more_than_the_potential(deposits, factor, k, horizon):
    site = decay.Site(doc=0.2, docf=0.5, mcf=1.0, k=k)
    once = decay.first_order_decay(array(*deposits), site, horizon=horizon)

    scaled = decay.first_order_decay(array(*deposits) * factor, site, horizon=horizon)
    assert scaled == pytest.approx(once * factor, rel=1e-9, abs=1e-9)
    apart = [
        decay.first_order_decay(
            array(*([0.0] * n), mass, *([0.0] * (len(deposits) - n - 1))), site, horizon=horizon
        )
        for n, mass in enumerate(deposits)
    ]
    assert sum(apart) == pytest.approx(once, rel=1e-9, abs=1e-9)
    assert (once >= 0).all()
    assert once.sum() <= sum(deposits) * decay.methane_potential(site) * (1 + 1e-9)
    longer = decay.first_order_decay(array(*deposits), site, horizon=horizon + 5)
    assert longer[: once.size] == pytest.approx(once)


@settings(deadline=None, max_examples=25)
@given(st.floats(0.01, 1), st.floats(0.01, 1))
def test_what_decays_faster_has_given_more_by_any_year(one, other):
    slow, fast = (
        decay.first_order_decay(
            array(100), decay.Site(doc=0.2, docf=0.5, mcf=1.0, k=k), horizon=25
        ).cumsum()
        for k in sorted((one, other))
    )

    assert (slow <= fast + 1e-12).all()
