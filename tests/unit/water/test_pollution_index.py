import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_water import standards
from kembar_water.indices import oxygen, pollution

CLASS_II = {
    limit.parameter: limit for limit in standards.build().of("pp-22-2021-vi") if limit.grade == "II"
}
EDGES = np.array([1.0, 5.0, 10.0])
RATIOS = st.lists(st.floats(0, 1e4), min_size=1, max_size=15)
# Published ratios of a report on the Citanduy river: class II, saturation 8 mg/L.
EXAMPLE = {
    "do": (6.8, 0.30),
    "ph": (7.8, 0.20),
    "bod": (2.8, 0.933),
    "cod": (17, 0.68),
    "tss": (6, 0.12),
    "no2_n": (0.9, 15.0),
    "no3_n": (0.02, 0.002),
    "tp": (0.1, 0.5),
    "mbas": (0.08, 0.4),
    "fcoli": (920, 0.92),
    "tcoli": (5400, 1.08),
    "cd": (0.0001, 0.01),
    "cu": (0.016, 0.8),
    "zn": (0.04, 0.8),
}


def ratio(parameter: str, value: float, ceiling: float = 8.0) -> float:
    limit = CLASS_II[parameter]
    bounds = [math.nan if bound is None else bound for bound in (limit.least, limit.most)]
    return float(pollution.limit_ratios(*(np.array([x]) for x in (value, *bounds, ceiling)))[0])


def pollution_index(ratios: list[float], least_parameters: int = 1) -> float:
    index = pollution.pollution_index(
        np.array([ratios]), correction=5.0, least_parameters=least_parameters
    )
    return float(index[0])


@pytest.mark.parametrize(
    ("temperature_c", "altitude_m", "expected"),
    [(20, 0, 9.09), (25, 0, 8.26), (30, 0, 7.56), (25, 700, 7.58)],
)
def test_saturation_of_oxygen(temperature_c, altitude_m, expected):
    saturation = oxygen.dissolved_oxygen_saturation(
        np.array([float(temperature_c)]), np.array([altitude_m])
    )

    assert saturation[0] == pytest.approx(expected, abs=0.005)


@given(st.floats(0, 39), st.floats(0, 3000))
@settings(max_examples=30)
def test_warmer_or_higher_water_holds_less_oxygen(temperature_c, altitude_m):
    temperatures = np.array([temperature_c, temperature_c + 1, temperature_c])
    altitudes = np.array([altitude_m, altitude_m, altitude_m + 100])

    here, warmer, higher = oxygen.dissolved_oxygen_saturation(temperatures, altitudes)
    assert warmer < here
    assert higher < here


def test_without_temperature_or_altitude_there_is_no_saturation():
    saturation = oxygen.dissolved_oxygen_saturation(
        np.array([np.nan, 20.0]), np.array([0.0, np.nan])
    )

    assert np.isnan(saturation).all()


@pytest.mark.parametrize("parameter", EXAMPLE)
def test_published_ratios(parameter):
    value, published = EXAMPLE[parameter]

    assert ratio(parameter, value) == pytest.approx(published, abs=0.0005)


def test_the_published_sample_is_lightly_polluted():
    ratios = np.array([[ratio(parameter, value) for parameter, (value, _) in EXAMPLE.items()]])
    corrected = pollution.corrected(ratios, 5.0)

    index = pollution.pollution_index(ratios, correction=5.0, least_parameters=4)
    assert corrected.max() == pytest.approx(6.8805, abs=5e-5)
    assert corrected.mean() == pytest.approx(0.9795, abs=5e-5)
    assert index[0] == pytest.approx(4.914, abs=5e-4)
    assert pollution.CATEGORIES[pollution.pollution_category(index, EDGES)[0]] == "cemar_ringan"


@pytest.mark.parametrize("parameter", CLASS_II)
def test_the_limit_itself_has_the_ratio_one(parameter):
    limit = CLASS_II[parameter]

    for bound in (limit.least, limit.most):
        if bound:
            assert ratio(parameter, bound) == pytest.approx(1.0)


def test_oxygen_above_saturation_is_the_best_there_is():
    assert ratio("do", 9.5) == 0.0
    assert ratio("do", 0.0) == 2.0


def test_a_saturation_below_the_limit_judges_nothing():
    assert math.isnan(ratio("do", 3.0, ceiling=4.0))
    assert math.isnan(ratio("do", 3.0, ceiling=math.nan))


@pytest.mark.parametrize(
    ("ph", "expected"), [(7.5, 0), (6.75, 0.5), (8.25, 0.5), (4.5, 2), (12, 3)]
)
def test_ph_counts_its_distance_from_the_middle(ph, expected):
    assert ratio("ph", ph) == pytest.approx(expected)


def test_only_ratios_above_one_are_corrected():
    corrected = pollution.corrected(np.array([0.5, 1.0, np.nextafter(1.0, 2), 10.0, np.nan]), 5.0)

    assert corrected[:4] == pytest.approx([0.5, 1.0, 1.0, 6.0])
    assert math.isnan(corrected[4])


@pytest.mark.parametrize(
    ("index", "name"),
    [
        (0.0, "memenuhi_baku_mutu"),
        (1.0, "memenuhi_baku_mutu"),
        (np.nextafter(1.0, 2), "cemar_ringan"),
        (5.0, "cemar_ringan"),
        (np.nextafter(5.0, 6), "cemar_sedang"),
        (10.0, "cemar_sedang"),
        (np.nextafter(10.0, 11), "cemar_berat"),
    ],
)
def test_an_edge_belongs_to_the_better_category(index, name):
    assert pollution.CATEGORIES[pollution.pollution_category(np.array([index]), EDGES)[0]] == name


def test_an_index_that_is_not_there_has_no_category():
    assert pollution.pollution_category(np.array([np.nan]), EDGES)[0] == -1


@given(st.data(), RATIOS)
@settings(max_examples=30)
def test_the_order_of_parameters_does_not_matter(data, ratios):
    shuffled = data.draw(st.permutations(ratios))

    assert pollution_index(shuffled) == pytest.approx(pollution_index(ratios), rel=1e-12)


@given(RATIOS)
@settings(max_examples=30)
def test_parameters_not_measured_change_nothing(ratios):
    assert pollution_index([*ratios, math.nan]) == pytest.approx(pollution_index(ratios))


@given(RATIOS, st.floats(0, 100))
@settings(max_examples=30)
def test_a_worse_value_never_makes_a_better_index(ratios, more):
    worse = [ratios[0] + more, *ratios[1:]]

    assert pollution_index(worse) >= pollution_index(ratios) - 1e-12


@given(RATIOS)
@settings(max_examples=30)
def test_the_index_lies_between_the_mean_and_the_largest(ratios):
    corrected = pollution.corrected(np.array(ratios), 5.0)

    index = pollution_index(ratios)
    assert corrected.mean() - 1e-9 <= index <= corrected.max() + 1e-9


def test_too_few_parameters_make_no_index():
    assert math.isnan(pollution_index([0.5, 0.5, 0.5, math.nan], least_parameters=4))
    assert pollution_index([0.5, 0.5, 0.5, 0.5], least_parameters=4) == pytest.approx(0.5)
    assert math.isnan(pollution_index([math.nan], least_parameters=0))


def test_the_constant_of_the_correction_and_the_edges_may_differ_from_sample_to_sample():
    ratios = np.array([[10.0], [10.0]])

    index = pollution.pollution_index(ratios, correction=np.array([5.0, 2.0]), least_parameters=1)
    assert index == pytest.approx([6.0, 3.0])
    edges = np.array([[1.0, 5.0, 10.0], [1.0, 2.0, 2.5]])
    assert pollution.pollution_category(index, edges).tolist() == [2, 3]


def test_without_a_ceiling_oxygen_is_the_plain_quotient():
    least, none = np.full(4, 6.0), np.full(4, np.nan)

    ratios = pollution.limit_ratios(np.array([3.0, 6.0, 0.0, np.nan]), least, none)
    assert ratios[:3].tolist() == [2.0, 1.0, np.inf]
    assert math.isnan(ratios[3])


def test_a_limit_of_nothing_has_no_ratio():
    nothing, none = np.zeros(1), np.full(1, np.nan)

    assert math.isnan(pollution.limit_ratios(np.ones(1), none, nothing, none)[0])
