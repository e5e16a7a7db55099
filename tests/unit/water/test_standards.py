import re
from pathlib import Path

import numpy as np
import pytest

from kembar_water import catalogue, standards
from kembar_water.standards import Bound

BY_CELL = {(limit.parameter, limit.water_class): limit for limit in standards.LIMITS}
DASH = "\N{EN DASH}"
RULES = Path(__file__).parents[4] / "shared" / "domain.md"


@pytest.mark.parametrize(
    ("parameter", "water_class", "least", "most"),
    [
        ("do", "I", 6, None),
        ("do", "IV", 1, None),
        ("ph", "II", 6, 9),
        ("bod", "II", None, 3),
        ("tds", "IV", None, 2000),
        ("no2_n", "II", None, 0.06),
        ("fcoli", "III", None, 2000),
        ("endrin", "II", None, 4),
        ("gross_alpha", "IV", None, 0.1),
    ],
)
def test_cells_of_the_annex(parameter, water_class, least, most):
    limit = BY_CELL[parameter, water_class]

    assert (limit.least, limit.most) == (least, most)


def test_a_dash_in_the_annex_is_no_limit():
    absent = [("tn", "IV"), ("fe", "II"), ("ba", "III"), ("endrin", "IV"), ("toxaphene", "II")]

    assert not set(absent) & set(BY_CELL)


def test_the_table_is_that_of_the_domain_rules():
    if not RULES.exists():
        pytest.skip("../shared/domain.md is absent")
    section = RULES.read_text(encoding="utf-8").split("### B1.")[1].split("### B2.")[0]
    rows = re.findall(r"^\| (\w+) \| .*? \| ([FKB]) \|(.*)\|$", section, flags=re.MULTILINE)
    compared = 0
    for code, _, cells in rows:
        if code in ("pesticides", "radioactivity"):
            continue
        for water_class, cell in zip(standards.CLASSES, cells.split("|"), strict=True):
            text = cell.replace("¹", "").strip()
            limit = BY_CELL.get((code, water_class))
            if text == DASH:
                assert limit is None, (code, water_class)
                continue
            low, _, high = text.rpartition(DASH)
            expected = (float(low), float(high)) if low else (float(text), None)
            found = (limit.least, limit.most) if low or code == "do" else (limit.most, limit.least)
            assert found == expected, (code, water_class)
            compared += 1

    assert compared > 120


def test_units_are_those_of_the_catalogue():
    by_code = catalogue.build().by_code

    assert all(limit.unit == by_code[limit.parameter].unit for limit in standards.LIMITS)


def test_a_worse_class_never_allows_less():
    for parameter in {limit.parameter for limit in standards.LIMITS}:
        limits = [BY_CELL.get((parameter, c)) for c in standards.CLASSES]
        most = [limit.most for limit in limits if limit and limit.most is not None]
        least = [limit.least for limit in limits if limit and limit.least is not None]
        assert most == sorted(most)
        assert least == sorted(least, reverse=True)


@pytest.mark.parametrize(
    ("parameter", "bound", "values", "broken"),
    [
        ("bod", Bound.AT_MOST, [2.9, 3.0, 3.1], [False, False, True]),
        ("do", Bound.AT_LEAST, [3.9, 4.0, 4.1], [True, False, False]),
        ("ph", Bound.RANGE, [5.9, 6.0, 9.0, 9.1], [True, False, False, True]),
    ],
)
def test_a_limit_is_itself_allowed(parameter, bound, values, broken):
    limit = BY_CELL[parameter, "II"]

    assert limit.bound is bound
    assert standards.breaches(np.array(values), limit).tolist() == broken
    assert not standards.breaches(np.array([np.nan]), limit).any()


def test_a_row_is_made_of_plain_values():
    row = BY_CELL["do", "II"].as_row()

    assert row["bound"] == "at_least"
    assert (row["valid_from"], row["valid_to"], row["verified"]) == ("2021-02-02", None, True)
    assert "PP 22/2021" in row["source"]
