import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_air import catalogue
from kembar_air.indices import iku, mixing_ratio

TEMPERATURES = {"0C": 0.0, "20C": 20.0, "25C": 25.0}


def test_fifty_ppb_of_ozone_at_25_degrees():
    assert mixing_ratio.to_ug_m3(50.0, 47.998, 25.0) == pytest.approx(98.1, abs=0.05)


@pytest.mark.parametrize("name", TEMPERATURES)
def test_the_molar_volume_is_that_of_the_units_measurements_arrive_in(name):
    assert mixing_ratio.molar_volume_l(TEMPERATURES[name]) == catalogue.MOLAR_VOLUME_L[name]


@pytest.mark.parametrize(
    ("code", "at_25", "at_20"),
    [
        ("so2", 2.619, 2.663),
        ("no2", 1.880, 1.913),
        ("o3", 1.962, 1.995),
        ("co", 1.145, 1.164),
    ],
)
def test_one_ppb_is_so_much_as_the_table_says(code, at_25, at_20):
    mass = catalogue.MOLAR_MASS_G[code]

    assert mixing_ratio.to_ug_m3(1.0, mass, 25.0) == pytest.approx(at_25, rel=5e-4)
    assert mixing_ratio.to_ug_m3(1.0, mass, 20.0) == pytest.approx(at_20, rel=5e-4)


@settings(max_examples=30)
@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=5),
    st.sampled_from(sorted(catalogue.MOLAR_MASS_G.values())),
    st.floats(0, 40),
)
def test_there_and_back_loses_nothing(amounts, mass, temperature):
    ppb = np.array(amounts)

    back = mixing_ratio.to_ppb(mixing_ratio.to_ug_m3(ppb, mass, temperature), mass, temperature)
    np.testing.assert_allclose(back, ppb, rtol=1e-12)


def test_the_published_iku_is_found_from_the_unrounded_ieu():
    # The printed Ieu is itself rounded: exactly 0.262405 gives 90.9775.
    assert iku.iku(0.262405) == pytest.approx(90.9774, abs=1.5e-4)
    assert iku.iku(0.262) == pytest.approx(91.0, abs=0.005)


def test_both_gases_count_half():
    assert iku.ieu(20.0, 20.0, 40.0, 20.0) == 0.75
    assert iku.iku(iku.ieu(4.0, 2.0, 40.0, 20.0)) == pytest.approx(100.0)
