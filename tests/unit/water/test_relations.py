"""What the water service's parameters have to do with each other, at both sides of each bound."""

from __future__ import annotations

import numpy as np
import pytest

from kembar_water import catalogue
from kembar_water.indices import oxygen

RELATIONS = {
    relation.code: relation
    for relation in (
        *catalogue.RELATIONS,
        catalogue.oxygen_above_saturation(oxygen.dissolved_oxygen_saturation),
    )
}


@pytest.mark.parametrize(
    ("code", "values", "is_broken"),
    [
        ("bod_above_cod", {"bod": 20.0, "cod": 20.0}, False),
        ("bod_above_cod", {"bod": 20.01, "cod": 20.0}, True),
        ("fcoli_above_tcoli", {"fcoli": 500.0, "tcoli": 500.0}, False),
        ("fcoli_above_tcoli", {"fcoli": 501.0, "tcoli": 500.0}, True),
        ("nitrogen_above_total", {"no2_n": 1.0, "no3_n": 8.0, "nh3_n": 2.0, "tn": 10.0}, False),
        ("nitrogen_above_total", {"no2_n": 1.0, "no3_n": 8.01, "nh3_n": 2.0, "tn": 10.0}, True),
        ("tds_unlike_ec", {"tds": 400.0, "ec": 1000.0}, False),
        ("tds_unlike_ec", {"tds": 399.0, "ec": 1000.0}, True),
        ("tds_unlike_ec", {"tds": 900.0, "ec": 1000.0}, False),
        ("tds_unlike_ec", {"tds": 901.0, "ec": 1000.0}, True),
        # 1.5 times 8.26 mg/L at 25 degrees by the sea, 7.58 mg/L at 700 m
        ("do_above_saturation", {"do": 12.37, "temp": 25.0}, False),
        ("do_above_saturation", {"do": 12.41, "temp": 25.0}, True),
    ],
)
def test_a_relation_is_broken_beyond_its_bound(code, values, is_broken):
    columns = {name: np.array([value]) for name, value in values.items()}

    assert set(RELATIONS[code].parameters) == set(values)
    assert RELATIONS[code].broken(columns, 0.0).tolist() == [is_broken]


def test_less_oxygen_dissolves_on_a_mountain():
    broken = RELATIONS["do_above_saturation"].broken
    columns = {"do": np.array([11.36, 11.39]), "temp": np.array([25.0, 25.0])}

    assert broken(columns, 700.0).tolist() == [False, True]
    assert broken(columns, 0.0).tolist() == [False, False]


def test_every_parameter_of_a_relation_is_measured():
    known = catalogue.build(*RELATIONS.values()).by_code

    assert {code for r in RELATIONS.values() for code in r.parameters} <= set(known)


def test_own_conventions_only_suspect():
    for parameter in catalogue.build().parameters:
        checks = parameter.checks
        failing = [each.fail for each in (checks.spike, checks.rate) if each is not None]

        assert not any(failing)
        assert checks.flat is None or checks.flat.fail_min is None
        assert (checks.source, checks.verified) == ("Own convention", False)
