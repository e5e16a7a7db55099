"""STORET, IKA, IKLH, Japan's classes and SDG 6.3.2 as formulas."""

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_water import standards
from kembar_water.indices import japan, quality, sdg, storet
from kembar_water.standards import scores
from kembar_water.standards.japan import GRADES, JP_EQS_RIVER

STANDARDS = standards.build()
NONE = math.nan
WEIGHTS = np.array([70.0, 50.0, 30.0, 10.0])
HISTORIC_EDGES = np.array([1, 4.67, 6.32, 6.88])
HISTORIC_POINTS = np.array([100.0, 80.0, 60.0, 40.0, 20.0])
ITEMS = ("ph", "bod", "tss", "do", "ecoli")


def factors(standard, subject, quantities):
    return np.array(
        [STANDARDS.factor(standard, subject, q, date(2023, 1, 1)).value for q in quantities]
    )


def test_the_worked_example_of_storet():
    # Maximum, minimum, mean; the limits of class II; what few samples cost.
    rows = {
        "tss": ((70, 30, 48), (NONE, 50), "physical"),
        "bod": ((6, 2, 3.5), (NONE, 3), "chemical"),
        "cod": ((20, 10, 15), (NONE, 25), "chemical"),
        "do": ((6.5, 3.2, 4.8), (4, NONE), "chemical"),
        "fcoli": ((9000, 1200, 4100), (NONE, 1000), "biological"),
    }
    statistics = np.array([row[0] for row in rows.values()], dtype=float)
    least, most = np.array([row[1] for row in rows.values()]).T
    weights = np.array(
        [
            factors(scores.KEPMEN_LH_115_2003, f"storet_{group}_few", scores.STATISTICS)
            for _, _, group in rows.values()
        ]
    )

    found = storet.scores(storet.violations(statistics, least, most), weights)
    assert found.tolist() == [-1, -8, 0, -2, -15]
    edges = factors(scores.KEPMEN_LH_115_2003, "storet", scores.STORET_EDGES)
    position = storet.storet_class(np.array([found.sum()]), edges)
    assert (found.sum(), storet.CLASSES[position[0]]) == (-26, "C")


@pytest.mark.parametrize(
    ("score", "letter"),
    [(0, "A"), (-1, "B"), (-10, "B"), (-11, "C"), (-30, "C"), (-31, "D"), (-200, "D")],
)
def test_edges_of_storet(score, letter):
    position = storet.storet_class(np.array([float(score)]), np.array([0.0, -10.0, -30.0]))

    assert storet.CLASSES[position[0]] == letter


def test_a_limit_is_not_violated_by_itself_nor_a_range_by_its_ends():
    statistics = np.array([[9.0, 6.0, 7.0], [9.1, 5.9, 7.0], [4.0, 4.0, NONE]])

    violated = storet.violations(statistics, np.array([6.0, 6.0, 4.0]), np.array([9.0, 9.0, NONE]))
    assert violated.tolist() == [[False] * 3, [True, True, False], [False] * 3]


def test_no_score_has_no_class():
    assert storet.storet_class(np.array([NONE]), np.array([0.0, -10.0, -30.0]))[0] == -1


def test_the_ika_of_indramayu():
    points = quality.ika_points(np.array([1] * 20 + [2]), WEIGHTS)

    assert points.sum() == 1030
    assert points.mean() == pytest.approx(49.05, abs=0.005)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
@settings(max_examples=25)
def test_the_ika_lies_between_ten_and_seventy(positions):
    shares = [positions.count(p) / len(positions) for p in range(4)]

    mean = quality.ika_points(np.array(positions), WEIGHTS).mean()
    assert mean == pytest.approx(sum(s * w for s, w in zip(shares, WEIGHTS, strict=True)))
    assert 10 <= mean <= 70


def test_no_index_has_no_points():
    points = quality.ika_points(np.array([-1, 0]), np.tile(WEIGHTS, (2, 1)))

    assert math.isnan(points[0])
    assert points[1] == 70


@pytest.mark.parametrize(
    ("index", "points"),
    [
        (0, 100), (1, 100), (1.001, 80), (4.67, 80), (4.671, 60), (6.32, 60), (6.321, 40),
        (6.88, 40), (6.881, 20), (math.inf, 20),
    ],
)  # fmt: skip
def test_edges_of_the_historic_ika(index, points):
    found = quality.historic_ika_points(np.array([float(index)]), HISTORIC_EDGES, HISTORIC_POINTS)

    assert found.tolist() == [points]


def test_the_historic_ika_of_no_index():
    found = quality.historic_ika_points(np.array([NONE]), HISTORIC_EDGES, HISTORIC_POINTS)

    assert math.isnan(found[0])


def test_the_environmental_index_of_a_city():
    weights = factors(scores.PERMEN_LHK_27_2021, "iklh_city", scores.IKLH_WEIGHTS)

    parts = (np.array([50.0, 70.0, 50.0]), np.array([90.0, 100.0, NONE]), np.array([30.0, 100, 30]))
    index = quality.iklh_city(*parts, weights)
    assert index[:2] == pytest.approx([61.82, 88.72])
    assert math.isnan(index[2])


@pytest.mark.parametrize(
    ("index", "name"),
    [
        (24.99, "sangat_kurang"), (25, "kurang"), (49.99, "kurang"), (50, "sedang"),
        (69.99, "sedang"), (70, "baik"), (89.99, "baik"), (90, "sangat_baik"),
    ],
)  # fmt: skip
def test_edges_of_the_iklh(index, name):
    edges = factors(scores.PERMEN_LHK_27_2021, "iklh_class", scores.IKLH_EDGES)

    assert quality.IKLH_CATEGORIES[quality.iklh_category(np.array([index]), edges)[0]] == name


def test_an_index_that_is_missing_has_no_category():
    assert quality.iklh_category(np.array([NONE]), np.array([25.0, 50, 70, 90])).tolist() == [-1]


def limits_of_japan():
    cells = {(row.parameter, row.grade): row for row in STANDARDS.of(JP_EQS_RIVER)}

    def table(bound):
        return np.array(
            [
                [
                    NONE if (item, g) not in cells or getattr(cells[item, g], bound) is None
                    else getattr(cells[item, g], bound)
                    for item in ITEMS
                ]
                for g in GRADES
            ]
        )  # fmt: skip

    return table("least"), table("most")


LEAST, MOST = limits_of_japan()
PURE = {"ph": 7.0, "bod": 0.5, "tss": 10.0, "do": 9.0, "ecoli": 10.0}


def river_class(**changes):
    row = np.array([[(PURE | changes)[item] for item in ITEMS]])
    position = int(japan.river_class(row, row, LEAST, MOST)[0])
    return (*GRADES, "none", "unknown")[position]


@pytest.mark.parametrize(
    ("changes", "grade"),
    [
        ({}, "AA"),
        ({"bod": 1.0}, "AA"), ({"bod": 1.01}, "A"), ({"bod": 3.0}, "B"), ({"bod": 3.01}, "C"),
        ({"bod": 5.01}, "D"), ({"bod": 8.01}, "E"), ({"bod": 10.0}, "E"), ({"bod": 10.01}, "none"),
        ({"ecoli": 20.0}, "AA"), ({"ecoli": 20.1}, "A"), ({"ecoli": 300.1}, "B"),
        ({"ecoli": 1000.0}, "B"), ({"ecoli": 1000.1}, "C"), ({"ecoli": 1e8}, "C"),
        ({"do": 7.5}, "AA"), ({"do": 7.4}, "B"), ({"do": 4.9}, "D"), ({"do": 1.9}, "none"),
        ({"ph": 6.5}, "AA"), ({"ph": 6.4}, "D"), ({"ph": 8.6}, "none"), ({"ph": 5.9}, "none"),
        ({"tss": 25.1}, "C"), ({"tss": 100.0}, "D"), ({"tss": 100.1}, "E"), ({"tss": 1e5}, "E"),
        ({"bod": 2.0, "do": 5.0, "tss": 60.0}, "D"),
    ],
)  # fmt: skip
def test_the_worst_item_gives_the_class(changes, grade):
    assert river_class(**changes) == grade


def test_an_item_not_judged_leaves_the_class_open_unless_it_could_change_nothing():
    assert river_class(ecoli=NONE) == "unknown"
    assert river_class(bod=NONE) == "unknown"
    assert river_class(bod=4.0, ecoli=NONE) == "C"
    assert river_class(do=1.0, bod=NONE) == "none"


@given(st.sampled_from(ITEMS[1:]), st.floats(0, 20), st.floats(0, 20))
@settings(max_examples=25)
def test_worse_water_never_has_a_better_class(item, value, more):
    order = (*GRADES, "none")
    worse = value - more if item == "do" else value + more

    assert order.index(river_class(**{item: worse})) >= order.index(river_class(**{item: value}))


@pytest.mark.parametrize(
    ("complying", "compared", "good"),
    [(48, 60, True), (47, 60, False), (4, 5, True), (12, 15, True), (28, 35, True), (0, 0, False)],
)
def test_four_fifths_of_the_comparisons_make_good_water(complying, compared, good):
    assert sdg.is_good(np.array([complying]), np.array([compared]), 0.8).tolist() == [good]
