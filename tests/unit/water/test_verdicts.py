import itertools
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_shared.measurement.indicators import INDEX_SCHEMA, VERDICT_SCHEMA
from kembar_water import verdicts
from tests.unit.water.rivers import STANDARDS, days, monthly, row, summed


def judged(*rows, standards=STANDARDS):
    return verdicts.verdicts(standards, days(*rows), INDEX_SCHEMA.to_frame())


def by_class(*rows, standard="pp-22-2021-vi", **options):
    found = judged(*rows, **options).filter(standard=standard)
    return {each["class"]: each for each in found.to_dicts()}


def annex(*rows, **options):
    (verdict,) = by_class(*rows, **options).values()
    return verdict


def test_a_year_within_the_limit_has_met_it():
    verdict = annex(*monthly("bod", [3.0] * 12))

    assert (verdict["verdict"], verdict["state"], verdict["reason"]) == ("met", "ok", None)
    assert (verdict["place"], verdict["stations"], verdict["period"]) == (
        "CPM-01",
        ["CPM-01"],
        "2023",
    )
    assert (verdict["authority"], verdict["class"], verdict["averaging"]) == ("id", "II", "sample")
    assert (verdict["least"], verdict["most"], verdict["limit_unit"]) == (None, 3.0, "mg/L")
    assert (verdict["value"], verdict["n"], verdict["expected"], verdict["coverage"]) == (
        3.0,
        12,
        12.0,
        1.0,
    )
    assert (verdict["exceeded"], verdict["exceeded_on"]) == (0, [])
    assert (verdict["verified"], verdict["unverified_parts"]) == (False, ["completeness"])
    assert not verdict["retrospective"]
    assert "PP 22/2021" in verdict["source"]


def test_a_verdict_is_verified_where_each_part_of_it_was_seen():
    own = STANDARDS.overridden(
        "".join(
            f'[[factor]]\nstandard = "kembar-completeness"\nsubject = "year"\n'
            f'quantity = "{quantity}"\nvalue = {value}\nvalid_from = 2023-01-01\n'
            f'source = "Decree"\nverified = true\n'
            for quantity, value in (("least_share", 0.75), ("least_dates", 2))
        )
    )

    def parts(rows, standards, standard="pp-22-2021-vi", grade="II"):
        found = by_class(*rows, standards=standards, standard=standard)[grade]
        return found["unverified_parts"], found["verified"]

    kept, broken = monthly("bod", [1.0] * 12), [row("bod", 3.1, period=date(2023, 7, 4))]
    assert parts(kept, STANDARDS) == (["completeness"], False)
    assert parts(kept, own) == ([], True)
    before = monthly("bod", [1.0] * 12, year=2022)
    assert parts(before, own) == (["completeness"], False)
    # One value beyond a limit rests on no rule of the year.
    assert parts(broken, STANDARDS) == ([], True)
    assert parts(kept, own, "jp-eqs-river", "A") == (["rank"], False)
    coli = monthly("ecoli", [1.0] * 12)
    assert parts(coli, own, "jp-eqs-river", "A") == (["limit", "rank"], False)


def test_one_sample_beyond_the_limit_breaks_it_however_little_was_measured():
    verdict = annex(row("bod", 3.1, period=date(2023, 7, 4)))

    assert (verdict["verdict"], verdict["state"]) == ("not_met", "ok")
    assert (verdict["value"], verdict["exceeded"], verdict["exceeded_on"]) == (
        3.1,
        1,
        ["2023-07-04"],
    )


@pytest.mark.parametrize(
    ("months", "verdict", "reason"), [(8, None, "under_75_percent"), (9, "met", None)]
)
def test_a_year_needs_three_quarters_of_its_months_to_have_met_a_limit(months, verdict, reason):
    found = annex(*monthly("bod", [1.0] * months))

    assert (found["verdict"], found["reason"]) == (verdict, reason)
    assert found["state"] == ("ok" if verdict else "insufficient")


def test_days_of_one_month_are_one_month():
    rows = [row("bod", 1.0, period=date(2023, 4, day)) for day in range(1, 13)]

    found = annex(*rows)
    assert (found["n"], found["state"], found["coverage"]) == (
        12,
        "insufficient",
        pytest.approx(1 / 12),
    )


def test_the_class_of_the_station_decides_and_the_second_by_default():
    assert annex(*monthly("bod", [2.5] * 12, water_class="I"))["verdict"] == "not_met"
    assert annex(*monthly("bod", [2.5] * 12))["class"] == "II"
    assert annex(*monthly("bod", [11.0] * 12, water_class="IV"))["verdict"] == "met"


def test_oxygen_may_not_fall_below_and_ph_not_leave_its_range():
    assert annex(*monthly("do", [4.0] * 12))["verdict"] == "met"
    low = annex(*monthly("do", [8.0] * 11 + [3.9]))
    assert (low["verdict"], low["value"]) == ("not_met", 3.9)
    assert annex(*monthly("ph", [6.0, 9.0] * 6))["verdict"] == "met"
    ph = annex(*monthly("ph", [7.0] * 10 + [5.9, 9.2]))
    assert (ph["verdict"], ph["exceeded"], ph["value"]) == ("not_met", 2, 9.2)


def test_three_equal_readings_at_the_limit_are_at_the_limit():
    # 0.2 + 0.2 + 0.2 is 0.6000000000000001 in binary.
    rows = [r | {"n": 3, **summed(0.2 + 0.2 + 0.2, 3)} for r in monthly("tp", [0.2] * 12)]

    verdict = annex(*rows)
    assert (verdict["verdict"], verdict["value"], verdict["exceeded"]) == ("met", 0.2, 0)
    beyond = [r | summed(0.2 + 0.2 + 0.2 + 1e-9, 3) for r in rows]
    assert annex(*beyond)["verdict"] == "not_met"


def test_litter_is_none_at_all():
    assert annex(*monthly("trash", [0.0] * 12))["verdict"] == "met"
    assert annex(*monthly("trash", [0.0] * 11 + [1.0]))["verdict"] == "not_met"


def test_a_detection_limit_above_the_standard_cannot_be_assessed():
    verdict = annex(*monthly("hg", ["0.01"] * 12))

    assert (verdict["verdict"], verdict["state"], verdict["reason"]) == (
        None,
        "cannot_assess",
        "detection_limit_above_standard",
    )
    assert (verdict["n"], verdict["value"]) == (0, None)


def test_a_detection_limit_at_the_standard_can():
    verdict = annex(*monthly("hg", ["0.002"] * 12))

    assert (verdict["verdict"], verdict["n"], verdict["value"]) == ("met", 12, None)


def test_a_value_above_the_method_never_meets():
    rows = monthly("fcoli", [10.0] * 11)
    above = row("fcoli", None, n_above=1, period=date(2023, 12, 4))

    verdict = annex(*rows, above)
    assert (verdict["state"], verdict["reason"]) == ("cannot_assess", "value_above_method_range")


def test_oxygen_above_the_method_is_no_reason_to_doubt():
    above = row("do", None, n_above=1, period=date(2023, 12, 4))

    assert annex(*monthly("do", [9.0] * 11), above)["verdict"] == "met"


def test_a_year_before_the_regulation_is_judged_and_marked():
    assert annex(*monthly("bod", [1.0] * 12, year=2020))["retrospective"]
    assert not annex(*monthly("bod", [1.0] * 12, year=2022))["retrospective"]


def test_japan_s_classes_stand_in_order_and_bod_is_judged_by_its_75_percent_value():
    found = by_class(*monthly("bod", [1.9] * 9 + [30.0] * 3), standard="jp-eqs-river")

    assert list(found) == ["AA", "A", "B", "C", "D", "E"]
    assert {grade: each["verdict"] for grade, each in found.items()} == {
        "AA": "not_met", "A": "met", "B": "met", "C": "met", "D": "met", "E": "met",
    }  # fmt: skip
    assert (found["A"]["value"], found["A"]["exceeded"]) == (1.9, 3)
    assert found["A"]["evaluation"] == "p75"
    worse = by_class(*monthly("bod", [1.9] * 8 + [30.0] * 4), standard="jp-eqs-river")
    assert worse["E"]["verdict"] == "not_met"


@pytest.mark.parametrize(("ph", "verdict"), [(7.5, "met"), (7.6, "not_met")])
def test_water_is_judged_for_farms_beside_the_classes(ph, verdict):
    found = by_class(*monthly("ph", [ph] * 12), standard="jp-eqs-river")

    assert list(found) == ["AA", "A", "B", "C", "D", "E", "farm"]
    assert (found["farm"]["verdict"], found["AA"]["verdict"]) == (verdict, "met")


def test_a_statistic_needs_enough_values_on_both_sides():
    found = by_class(*monthly("bod", [30.0] * 8), standard="jp-eqs-river")

    assert {(each["verdict"], each["state"]) for each in found.values()} == {(None, "insufficient")}


@pytest.mark.parametrize(
    ("limit", "verdict", "reason"),
    [
        ("1.0", "met", None),
        ("1.1", None, "detection_limit_above_standard"),
    ],
)
def test_a_percentile_is_judged_where_its_value_lies_below_detection(limit, verdict, reason):
    found = by_class(*monthly("bod", [limit] * 12), standard="jp-eqs-river")["AA"]

    assert (found["verdict"], found["reason"], found["value"]) == (verdict, reason, None)


def test_few_values_below_a_coarse_detection_limit_do_not_spoil_a_percentile():
    found = by_class(*monthly("bod", ["1.1"] * 2 + [0.5] * 10), standard="jp-eqs-river")["AA"]

    assert (found["verdict"], found["value"]) == ("met", 0.5)


def test_e_coli_total_and_faecal_coliform_are_never_compared_with_each_other():
    found = judged(
        *monthly("ecoli", [10.0] * 12),
        *monthly("fcoli", [10.0] * 12),
        *monthly("tcoli", [10.0] * 12),
    )

    limits = set(found.select("parameter", "standard", "limit_unit").iter_rows())
    assert limits == {
        ("ecoli", "jp-eqs-river", "CFU/100 mL"),
        ("fcoli", "pp-22-2021-vi", "MPN/100 mL"),
        ("tcoli", "pp-22-2021-vi", "MPN/100 mL"),
    }


def test_total_coliform_is_judged_in_japan_until_e_coli_came():
    found = by_class(*monthly("tcoli", [10.0] * 12, year=2022), standard="jp-eqs-river")["AA"]

    assert (found["verdict"], found["n"], found["expected"]) == ("met", 3, 3.0)
    assert by_class(*monthly("tcoli", [10.0] * 12), standard="jp-eqs-river") == {}


def test_e_coli_is_judged_by_its_90_percent_value_and_unverified():
    values = [20.0] * 10 + [300.0] * 2

    found = by_class(*monthly("ecoli", values), standard="jp-eqs-river")
    assert (found["AA"]["verdict"], found["A"]["verdict"]) == ("not_met", "met")
    assert (found["AA"]["value"], found["AA"]["verified"]) == (300.0, False)
    before = by_class(*monthly("ecoli", values, year=2021), standard="jp-eqs-river")["A"]
    assert before["retrospective"]


@pytest.mark.parametrize(("bad", "verdict"), [(2, "met"), (3, "not_met")])
def test_four_fifths_of_the_values_reach_the_sdg_s_target(bad, verdict):
    values = [0.1] * (12 - bad) + [0.5] * bad

    found = annex(*monthly("tp", values), standard="sdg-6.3.2")
    assert (found["verdict"], found["exceeded"], found["authority"]) == (verdict, bad, "un")
    assert found["value"] == (0.1 if bad == 2 else 0.5)
    assert annex(*monthly("ph", [7.0] * 12), standard="sdg-6.3.2")["value"] is None


def test_oxygen_is_ranked_from_its_better_end():
    found = annex(*monthly("do", [8.0] * 9 + [5.0, 2.0, 1.0]), standard="sdg-6.3.2")

    assert (found["value"], found["verdict"]) == (5.0, "met")


def test_a_monthly_mean_may_break_a_limit_for_samples_and_never_meets_it():
    def means(value):
        return [
            r | {"grain": "month", "period": r["period"].replace(day=1)}
            for r in monthly("bod", [value] * 12)
        ]

    assert annex(*means(9.0))["verdict"] == "not_met"
    assert (annex(*means(1.0))["state"], annex(*means(1.0))["reason"]) == (
        "cannot_assess",
        "coarser_than_averaging",
    )


def test_days_come_before_months_unless_they_are_too_few():
    months = [
        r | {"grain": "month", "period": r["period"].replace(day=1)}
        for r in monthly("bod", [1.0] * 12)
    ]

    assert annex(*monthly("bod", [1.0] * 12), *months)["verdict"] == "met"
    assert annex(*monthly("bod", [1.0] * 3), *months)["reason"] == "coarser_than_averaging"


def test_no_mean_over_months_hides_what_a_day_has_shown():
    def means(value):
        return [
            r | {"grain": "month", "period": r["period"].replace(day=1)}
            for r in monthly("bod", [value] * 12)
        ]

    verdict = annex(row("bod", 9.0, period=date(2023, 4, 10)), *means(2.0))
    assert (verdict["verdict"], verdict["value"]) == ("not_met", 9.0)
    assert verdict["exceeded_on"] == ["2023-04-10"]
    both = annex(row("bod", 9.0, period=date(2023, 4, 10)), *means(8.0))
    assert (both["verdict"], both["value"], both["exceeded"]) == ("not_met", 8.0, 12)
    clean = annex(row("bod", 1.0, period=date(2023, 4, 10)), *means(8.0))
    assert clean["verdict"] == "not_met"
    days_only = annex(*monthly("bod", [1.0] * 12), *means(8.0))
    assert (days_only["verdict"], days_only["value"]) == ("not_met", 8.0)


def test_a_limit_that_changed_within_the_year_judges_its_own_days_and_stays_one_row():
    own = STANDARDS.overridden(
        """
        [[limit]]
        standard = "pp-22-2021-vi"
        parameter = "bod"
        class = "II"
        most = 5
        valid_from = 2023-07-01
        source = "Perda"
        """
    )
    values = [4.0] * 12

    found = annex(*monthly("bod", values), standards=own)
    assert (found["most"], found["exceeded"], found["expected"]) == (5.0, 6, 12.0)
    assert found["exceeded_on"][-1] == "2023-06-04"
    assert not found["verified"]
    assert "+" in found["method"]
    first_half = annex(*monthly("bod", [1.0] * 6), standards=own)
    assert (first_half["expected"], first_half["state"]) == (12.0, "insufficient")


def test_an_evaluation_nobody_knows_is_not_judged():
    own = STANDARDS.overridden(
        """
        [[limit]]
        standard = "perda"
        authority = "id"
        parameter = "bod"
        averaging = "sample"
        evaluation = "mostly"
        most = 5
        unit = "mg/L"
        valid_from = 2020-01-01
        source = "Perda"
        """
    )

    found = annex(*monthly("bod", [1.0] * 12), standards=own, standard="perda")
    assert (found["state"], found["reason"]) == ("cannot_assess", "evaluation_unknown")


def test_worse_water_never_meets_what_better_did_not():
    order = {"not_met": 0, None: 1, "met": 2}
    series = [[1.0] * 12, [1.0] * 9 + [2.5] * 3, [2.5] * 12, [9.0] * 12]

    found = [judged(*monthly("bod", values)) for values in series]
    ranks = [[order[verdict] for verdict in frame["verdict"]] for frame in found]
    assert all(
        a >= b
        for better, worse in itertools.pairwise(ranks)
        for a, b in zip(better, worse, strict=True)
    )


def test_rows_have_the_schema_unique_keys_and_one_order():
    rows = [
        *monthly("bod", [1.0] * 12),
        *monthly("ph", [7.0] * 12),
        *monthly("bod", [1.0] * 12, station="CPM-02", jurisdiction=None),
        *monthly("bod", [1.0] * 12, year=2024),
        row("ec", None),
    ]
    keys = ["place", "parameter", "period", "standard", "class", "averaging", "evaluation"]

    found = judged(*rows)
    assert found.schema == VERDICT_SCHEMA
    assert found.select(keys).is_unique().all()
    assert found.equals(judged(*rows[::-1]))
    assert "ec" not in set(found["parameter"])
    assert judged().schema == VERDICT_SCHEMA


def naive(values, limit, need):
    """The rules for one year of an upper limit, value by value; texts are detection limits."""
    known = [v for v in values if not isinstance(v, str) or float(v) <= limit]
    broken = [v for v in known if not isinstance(v, str) and v > limit]
    if need == 100 and broken:
        return "not_met"
    if len(values) < 9:
        return "insufficient"
    if need == 100:
        return "met" if len(known) >= 9 else "cannot_assess"
    complying = len(known) - len(broken)
    if complying * 100 >= need * len(values):
        return "met"
    possible = complying + len(values) - len(known)
    return "not_met" if possible * 100 < need * len(values) else "cannot_assess"


@given(
    st.lists(
        st.sampled_from([0.5, 1.0, 2.9, 3.0, 3.1, 9.0, "0.1", "3", "3.5"]), min_size=1, max_size=12
    )
)
@settings(max_examples=25, deadline=None)
def test_every_year_is_judged_as_value_by_value(values):
    found = judged(*monthly("bod", values))

    for standard, grade, need in (("pp-22-2021-vi", "II", 100), ("jp-eqs-river", "B", 75)):
        verdict = found.filter(pl.col("class") == grade, standard=standard).row(0, named=True)
        assert (verdict["verdict"] or verdict["state"]) == naive(values, 3.0, need)
