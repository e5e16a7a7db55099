import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_air import standards
from kembar_air.indices import ispu as indices
from kembar_air.indices.ispu import Reading
from kembar_air.standards.ispu import KEP_107_1997, P_14_2020, POLLUTANTS


def breakpoints(standard):
    found = {}
    for limit in standards.build().of(standard):
        found.setdefault(limit.parameter, []).append((limit.index, limit.most))
    return found


UPPER = {code: [most for _, most in cells] for code, cells in breakpoints(P_14_2020).items()}
UPPER_INDICES = (50, 100, 200, 300, 500)
LAST = (50, 100, 200, 300)
LEGACY = breakpoints(KEP_107_1997)
LEGACY_LAST = (50, 100, 199, 299)
FIRST = {Reading.BANDED: (0, 51, 101, 201, 301), Reading.ANCHORED: (0, 50, 100, 200, 300)}
EDGES = [(code, band) for code in UPPER for band in range(5)]
AMOUNTS = st.floats(0, 1e5)
ORDER = list(POLLUTANTS)
SUB_INDICES = st.lists(
    st.one_of(st.just(math.nan), st.integers(0, 900).map(float)), min_size=7, max_size=7
)


def ispu(code: str, amount: float, reading: Reading = Reading.BANDED) -> float:
    return float(indices.sub_index(np.array([amount]), UPPER[code], UPPER_INDICES, reading)[0])


def legacy(code: str, amount: float) -> float:
    last, upper = zip(*LEGACY[code], strict=True)
    return float(
        indices.sub_index(
            np.array([amount]), upper, last, Reading.ANCHORED, from_zero=last[0] == 50
        )[0]
    )


def category(index: float, last=LAST) -> str:
    return indices.CATEGORIES[int(indices.category(np.array([index]), last)[0])]


def test_the_published_example_fits_the_banded_reading():
    assert ispu("pm25", 42.14) == 84
    assert category(84) == "sedang"
    assert ispu("pm25", 42.14, Reading.ANCHORED) == 83


def test_the_readings_disagree_about_the_category_just_above_an_edge():
    assert ispu("pm25", 15.6) == 51
    assert category(ispu("pm25", 15.6)) == "sedang"
    assert category(ispu("pm25", 15.6, Reading.ANCHORED)) == "baik"


@pytest.mark.parametrize("reading", list(Reading))
@pytest.mark.parametrize(("code", "band"), EDGES)
def test_an_edge_belongs_to_the_lower_band_and_what_follows_to_the_upper(code, band, reading):
    edge = UPPER[code][band]

    assert ispu(code, edge, reading) == UPPER_INDICES[band]
    assert ispu(code, np.nextafter(edge, 0), reading) == UPPER_INDICES[band]
    following = FIRST[reading][band + 1] if band < 4 else 500
    assert ispu(code, np.nextafter(edge, np.inf), reading) == following


@pytest.mark.parametrize(("code", "band"), EDGES)
def test_the_category_of_an_edge_is_that_of_its_band(code, band):
    assert category(ispu(code, UPPER[code][band])) == indices.CATEGORIES[band]


@pytest.mark.parametrize(
    ("index", "name"),
    [
        (0, "baik"),
        (50, "baik"),
        (51, "sedang"),
        (100, "sedang"),
        (101, "tidak_sehat"),
        (200, "tidak_sehat"),
        (201, "sangat_tidak_sehat"),
        (300, "sangat_tidak_sehat"),
        (301, "berbahaya"),
        (500, "berbahaya"),
        (1915, "berbahaya"),
    ],
)
def test_categories(index, name):
    assert category(index) == name


def test_the_index_is_not_capped():
    assert ispu("pm10", 500) == 500
    assert ispu("pm10", 580) == 699  # 199 / 80 per µg/m³, as in the last band


def test_noise_below_zero_counts_as_zero_and_nothing_stays_nothing():
    assert ispu("pm25", -3.0) == 0
    assert math.isnan(ispu("pm25", math.nan))
    assert indices.category(np.array([math.nan]), LAST)[0] == -1


def test_halves_are_rounded_up():
    # 40 µg/m³ of PM10 is 40, 40.5 is 40.5.
    assert (ispu("pm10", 40.0), ispu("pm10", 40.5), ispu("pm10", 40.49)) == (40, 41, 40)


def test_a_half_that_binary_arithmetic_misses_is_rounded_up_all_the_same():
    # Anchored, 100 / 70 per µg/m³ from 350 on: 352.45 is 203.5 exactly.
    assert ispu("pm10", 352.45, Reading.ANCHORED) == 204


@settings(max_examples=40)
@given(st.sampled_from(list(UPPER)), st.sampled_from(list(Reading)), st.integers(0, 200_000))
def test_the_index_is_the_formula_of_the_regulation_in_exact_arithmetic(code, reading, hundredths):
    amount = Fraction(hundredths, 100)
    edges = [Fraction(str(edge)) for edge in UPPER[code]]
    band = next((n for n, edge in enumerate(edges) if amount <= edge), 4)
    start = edges[band - 1] if band else Fraction(0)
    first, last = FIRST[reading][band], UPPER_INDICES[band]
    exact = (last - first) / (edges[band] - start) * (amount - start) + first

    assert ispu(code, float(amount), reading) == math.floor(exact + Fraction(1, 2))


@settings(max_examples=40)
@given(st.sampled_from(list(UPPER)), st.sampled_from(list(Reading)), AMOUNTS, AMOUNTS)
def test_more_pollution_is_never_a_lower_index(code, reading, one, other):
    assert ispu(code, min(one, other), reading) <= ispu(code, max(one, other), reading)


@settings(max_examples=40)
@given(st.lists(SUB_INDICES, min_size=1, max_size=5))
def test_the_station_index_is_the_worst_of_what_was_measured(days):
    index, critical = indices.station_index(np.array(days))

    for day, worst, position in zip(days, index, critical, strict=True):
        known = [value for value in day if not math.isnan(value)]
        if not known:
            assert math.isnan(worst)
            assert position == -1
        else:
            assert worst == max(known)
            assert position == day.index(max(known))


def test_a_tie_is_decided_in_the_order_of_the_table():
    day = np.array([[math.nan, 80.0, 80.0, math.nan, 80.0, 12.0, math.nan]])

    _, critical = indices.station_index(day)
    assert ORDER[critical[0]] == "pm10"
    assert ORDER == ["pm25", "pm10", "so2", "co", "o3", "no2", "hc"]


@settings(max_examples=40)
@given(st.permutations(range(7)), SUB_INDICES)
def test_the_order_of_pollutants_matters_for_ties_alone(order, day):
    index, critical = indices.station_index(np.array([day]))
    shuffled, other = indices.station_index(np.array([[day[place] for place in order]]))

    assert shuffled[0] == index[0] or (math.isnan(shuffled[0]) and math.isnan(index[0]))
    if critical[0] >= 0:
        assert day[order[other[0]]] == day[critical[0]]
        if day.count(index[0]) == 1:
            assert order[other[0]] == critical[0]


def test_the_legacy_regulation_s_own_example():
    assert legacy("so2", 322.0) == 92  # (100 - 50) / (365 - 80) * (322 - 80) + 50 = 92.46


@pytest.mark.parametrize(
    ("code", "place"), [(code, n) for code, cells in LEGACY.items() for n in range(len(cells))]
)
def test_both_sides_of_each_legacy_breakpoint(code, place):
    index, edge = LEGACY[code][place]
    below = legacy(code, np.nextafter(edge, 0))

    assert legacy(code, edge) == index
    assert legacy(code, np.nextafter(edge, np.inf)) == index
    if code == "no2" and place == 0:
        assert math.isnan(below)
    else:
        assert below == index


def test_nitrogen_dioxide_has_no_legacy_index_below_200():
    assert math.isnan(legacy("no2", 1129.9))
    assert (legacy("no2", 1130.0), legacy("no2", 1695.0)) == (200, 250)


@pytest.mark.parametrize(
    ("index", "name"),
    [
        (199, "tidak_sehat"),
        (200, "sangat_tidak_sehat"),
        (299, "sangat_tidak_sehat"),
        (300, "berbahaya"),
    ],
)
def test_legacy_categories_end_one_lower(index, name):
    assert category(index, LEGACY_LAST) == name


@settings(max_examples=40)
@given(st.sampled_from(list(LEGACY)), AMOUNTS, AMOUNTS)
def test_more_pollution_is_never_a_lower_legacy_index(code, one, other):
    low, high = legacy(code, min(one, other)), legacy(code, max(one, other))

    assert math.isnan(low) or low <= high
