import re
from datetime import date
from pathlib import Path

import pytest

from kembar_water import catalogue, standards
from kembar_water.standards import indonesia, japan, scores, sdg

STANDARDS = standards.build()
ANNEX_VI = STANDARDS.of(indonesia.PP_22_2021_VI)
BY_CELL = {(limit.parameter, limit.grade): limit for limit in ANNEX_VI}
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
        for water_class, cell in zip(indonesia.CLASSES, cells.split("|"), strict=True):
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

    assert all(limit.unit == by_code[limit.parameter].unit for limit in STANDARDS.limits)


def test_a_worse_class_never_allows_less():
    for parameter in {limit.parameter for limit in ANNEX_VI}:
        limits = [BY_CELL.get((parameter, c)) for c in indonesia.CLASSES]
        most = [limit.most for limit in limits if limit and limit.most is not None]
        least = [limit.least for limit in limits if limit and limit.least is not None]
        assert most == sorted(most)
        assert least == sorted(least, reverse=True)


def test_a_cell_is_a_limit_of_the_kernel():
    limit = BY_CELL["do", "II"]

    assert (limit.authority, limit.averaging, limit.evaluation) == ("id", "sample", "each")
    assert (limit.valid_from, limit.valid_to, limit.verified) == (date(2021, 2, 2), None, True)
    assert (limit.group, BY_CELL["trash", "I"].group) == ("chemical", "")
    assert "PP 22/2021" in limit.source


def test_every_row_of_the_annex_is_there():
    # 49 lines, of which two (pesticides, radioactivity) are 9 and 2 substances.
    assert len({limit.parameter for limit in ANNEX_VI}) == 39 + 9 + 2
    assert {limit.grade for limit in ANNEX_VI} == set(indonesia.CLASSES)


def japanese(parameter):
    return {
        limit.grade: (limit.least, limit.most)
        for limit in STANDARDS.of(japan.JP_EQS_RIVER)
        if limit.parameter == parameter
    }


def test_the_classes_of_japan_s_rivers():
    grades = japan.GRADES

    assert list(japanese("bod").items()) == [
        (g, (None, v)) for g, v in zip(grades, (1, 2, 3, 5, 8, 10), strict=True)
    ]
    assert [japanese("do")[g][0] for g in grades] == [7.5, 7.5, 5, 5, 2, 2]
    assert [japanese("ph")[g] for g in grades] == [(6.5, 8.5)] * 4 + [(6.0, 8.5)] * 2
    assert [most for _, most in japanese("tss").values()] == [25, 25, 25, 50, 100]
    assert "E" not in japanese("tss")
    assert japanese("ecoli") == {"AA": (None, 20), "A": (None, 300), "B": (None, 1000)}
    assert japanese("tcoli") == {"AA": (None, 50), "A": (None, 1000), "B": (None, 5000)}


def test_water_for_farms_has_limits_of_its_own():
    rows = {
        limit.parameter: (limit.least, limit.most)
        for limit in STANDARDS.of(japan.JP_EQS_RIVER)
        if limit.grade == japan.FARM
    }

    assert rows == {"ph": (6.0, 7.5), "do": (5.0, None)}
    assert japan.FARM not in japan.GRADES


def test_e_coli_took_the_place_of_total_coliform_on_one_day():
    rows = STANDARDS.of(japan.JP_EQS_RIVER)
    old = [limit for limit in rows if limit.parameter == "tcoli"]
    new = [limit for limit in rows if limit.parameter == "ecoli"]

    assert {limit.valid_to for limit in old} == {limit.valid_from for limit in new}
    assert {limit.valid_from for limit in new} == {date(2022, 4, 1)}
    assert {limit.unit for limit in old + new} == {"MPN/100 mL", "CFU/100 mL"}
    assert {limit.evaluation for limit in new} == {"p90"}
    assert not any(limit.verified for limit in new)


def test_the_targets_of_the_sdg_are_those_of_class_two_and_a_placeholder():
    targets = {limit.parameter: limit for limit in STANDARDS.of(sdg.SDG_6_3_2)}

    assert set(targets) == set(sdg.CORE_GROUPS)
    assert not targets["ec"].verified
    assert targets["ec"].most == 1500
    for parameter in ("do", "no3_n", "tp", "ph"):
        own = BY_CELL[parameter, "II"]
        assert (targets[parameter].least, targets[parameter].most) == (own.least, own.most)


@pytest.mark.parametrize(
    ("standard", "subject", "quantity", "value"),
    [
        (scores.KEPMEN_LH_115_2003, "pollution_index", "correction", 5),
        (scores.KEPMEN_LH_115_2003, "pollution_index", "cemar_berat_above", 10),
        (scores.KEPMEN_LH_115_2003, "storet_chemical_few", "mean", -6),
        (scores.KEPMEN_LH_115_2003, "storet_biological_many", "mean", -18),
        (scores.KEPMEN_LH_115_2003, "storet_physical_many", "minimum", -2),
        (scores.PERMEN_LHK_27_2021, "ika", "cemar_sedang", 30),
        (scores.PERMEN_LHK_27_2021, "iklh_city", "iku", 0.405),
        (scores.P4_2018, "ika", "last_of_60", 6.32),
        (scores.P4_2018, "ika", "worst", 20),
        (sdg.SDG_6_3_2, "water_body", "good_share", 0.8),
    ],
)
def test_factors(standard, subject, quantity, value):
    assert STANDARDS.factor(standard, subject, quantity, date(2023, 1, 1)).value == value


@pytest.mark.parametrize("subject", ["iklh_province", "iklh_nation"])
def test_the_weights_of_regions_are_complete_and_unverified(subject):
    rows = [factor for factor in STANDARDS.factors if factor.subject == subject]

    assert {factor.quantity: factor.value for factor in rows} == {
        "ika": 0.340, "iku": 0.428, "ikl": 0.133, "ikal": 0.099,
    }  # fmt: skip
    assert not any(factor.verified for factor in rows)


def test_rows_of_2018_say_what_replaced_them_and_stay():
    rows = [factor for factor in STANDARDS.factors if factor.standard == scores.P4_2018]

    assert len(rows) == 9
    assert all("Permen LHK 27/2021" in factor.source for factor in rows)
    assert all(factor.valid_to is None for factor in rows)


def test_no_row_stands_there_twice():
    rows = [*STANDARDS.limits, *STANDARDS.factors]

    assert len({(type(row), row.key, row.valid_from) for row in rows}) == len(rows)


def test_an_operator_may_change_each_row():
    edge = STANDARDS.overridden(
        """
        [[limit]]
        standard = "pp-22-2021-vi"
        parameter = "bod"
        class = "II"
        most = 4
        valid_from = 2021-02-02
        source = "Perda"

        [[factor]]
        standard = "kepmen-lh-115-2003"
        subject = "storet"
        quantity = "many_from"
        value = 12
        valid_from = 2024-01-01
        source = "Dinas"
        """
    )

    assert {
        e.most for e in edge.of("pp-22-2021-vi") if (e.parameter, e.grade) == ("bod", "II")
    } == {4.0}
    assert edge.method("m@1", "kepmen-lh-115-2003") != "m@1"
    assert edge.method("m@1", "jp-eqs-river") == "m@1"
