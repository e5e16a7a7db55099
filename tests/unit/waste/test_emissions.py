import numpy as np
import pytest

from kembar_waste.indices import decay, emissions

AR5 = emissions.Potentials(ch4=28.0, n2o=265.0)
AR6 = emissions.Potentials(ch4=27.0, n2o=273.0)
COMPOST = {"ch4_g_per_kg": 4.0, "n2o_g_per_kg": 0.24}


def array(*values: float):
    return np.array(values, dtype=float)


def avoided(docf: float, potentials: emissions.Potentials) -> emissions.Avoided:
    site = decay.Site(doc=0.15, docf=docf, mcf=1.0, k=0.4)
    methane = decay.first_order_decay(array(1), site, horizon=20).sum()
    treatment = emissions.biological_treatment(array(1), potentials=potentials, **COMPOST)
    return emissions.avoided(
        array(1000),
        methane_t_per_t=array(methane),
        treatment_t_per_t=treatment,
        ch4_potential=potentials.ch4,
    )


def test_composting_a_thousand_tonnes_of_food_avoids():
    found = avoided(0.5, AR5)

    assert found.gross[0] == pytest.approx(1399.53, abs=0.005)
    assert found.treatment[0] == pytest.approx(175.6)
    assert found.net[0] == pytest.approx(1223.93, abs=0.005)


def test_newer_factors_give_a_third_more():
    ratio = avoided(0.7, AR6).gross / avoided(0.5, AR5).gross

    assert ratio[0] == pytest.approx(1.35)


def test_digestion_emits_methane_only():
    found = emissions.biological_treatment(
        array(1000), ch4_g_per_kg=0.8, n2o_g_per_kg=0.0, potentials=AR5
    )

    assert found[0] == pytest.approx(22.4)


def test_burning_counts_fossil_carbon_only():
    plastic_and_food = emissions.Carbon(array(1.0, 0.4), array(0.75, 0.38), array(1.0, 0.0))
    factors = {"ch4_g_per_t": 0.2, "n2o_g_per_t": 50.0, "potentials": AR5}

    found = emissions.combustion(
        np.array([[1.0, 0.0], [0.0, 1.0]]), plastic_and_food, oxidation=1.0, **factors
    )
    gases = (0.2 * 28 + 50 * 265) / 1e6
    assert found == pytest.approx([0.75 * 44 / 12 + gases, gases])
    openly = emissions.combustion(array(1, 0), plastic_and_food, oxidation=0.58, **factors)
    assert openly == pytest.approx(0.58 * 2.75 + gases)
