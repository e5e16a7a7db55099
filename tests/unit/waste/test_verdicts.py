from datetime import date, timedelta

import polars as pl
import pytest

from kembar_shared.measurement.indicators import INDEX_SCHEMA, VERDICT_SCHEMA
from kembar_waste import standards
from kembar_waste.indicators.assumptions import Assumptions
from kembar_waste.indicators.figures import WasteFigures
from kembar_waste.verdicts import WasteVerdicts
from tests.unit.waste.days import frame, month, row, year

NO_INDICES = pl.DataFrame(schema=INDEX_SCHEMA)
CONTROLLED = """
    [[factor]]
    standard = "facility"
    subject = "TPA"
    quantity = "control_level"
    value = 1
    unit = "1"
    valid_from = 2020-01-01
    source = "inspection"
"""


def verdicts(*rows, own=""):
    rows_in_use = standards.build().overridden(own)
    judge = WasteVerdicts(rows_in_use, WasteFigures(rows_in_use, Assumptions()))
    found = judge.verdicts(frame(*rows), NO_INDICES)
    assert found.schema == VERDICT_SCHEMA
    return {
        (each["place"], each["parameter"], each["period"]): each
        for each in found.iter_rows(named=True)
    }


def reported(reduced=300e3, landfilled=700e3, of=2025, **changes):
    return [
        year("generated", 1000e3, of, **changes),
        year("recycled", reduced, of, **changes),
        year("landfilled", landfilled, of, station="TPA", **changes),
    ]


@pytest.mark.parametrize(
    ("reduced", "landfilled", "reduction", "handling"),
    [
        (300e3, 700e3, "met", "met"),
        (299.999e3, 699.999e3, "not_met", "not_met"),
        (301e3, 699e3, "met", "not_met"),
    ],
)
def test_the_targets_of_jakstranas(reduced, landfilled, reduction, handling):
    found = verdicts(*reported(reduced, landfilled))

    assert found["bandung", "reduction_rate", "2025"]["verdict"] == reduction
    assert found["bandung", "handling_rate", "2025"]["verdict"] == handling


def test_a_verdict_says_what_was_compared_with_what():
    found = verdicts(*reported(290e3))["bandung", "reduction_rate", "2025"]

    assert found == {
        "place": "bandung",
        "stations": ["TPS-01"],
        "parameter": "reduction_rate",
        "period": "2025",
        "standard": "perpres-97-2017",
        "authority": "id",
        "class": "",
        "averaging": "P1Y",
        "evaluation": "target",
        "least": 0.3,
        "most": None,
        "limit_unit": "1",
        "value": 0.29,
        "n": 1,
        "expected": 1.0,
        "coverage": 1.0,
        "exceeded": 1,
        "exceeded_on": [],
        "derived": 0,
        "derived_from": [],
        "verdict": "not_met",
        "state": "ok",
        "reason": None,
        "method": "kembar/waste-target@1;kembar/reduction-rate@3",
        "retrospective": False,
        "verified": False,
        "unverified_parts": ["completeness"],
        "source": "Perpres 97/2017 (Jakstranas), target of the year, share of the waste generated",
    }


def test_a_verdict_whose_every_part_was_seen_is_verified():
    own = (
        '[[factor]]\nstandard = "kembar-completeness"\nsubject = "year"\n'
        'quantity = "least_share"\nvalue = 0.75\nvalid_from = 1900-01-01\n'
        'source = "Decree of the city"\nverified = true\n'
    )
    found = verdicts(*reported(290e3), own=own)

    reduction = found["bandung", "reduction_rate", "2025"]
    assert (reduction["verified"], reduction["unverified_parts"]) == (True, [])
    rpjmn = found["bandung", "managed_rate_rpjmn", "2025"]
    assert (rpjmn["verified"], rpjmn["unverified_parts"]) == (False, ["rate"])


def test_a_target_not_seen_in_its_text_is_not_said_to_be():
    found = verdicts(*reported(of=2019))

    assert set(found) == {
        ("bandung", "reduction_rate", "2019"), ("bandung", "handling_rate", "2019")
    }  # fmt: skip
    assert not any(each["verified"] for each in found.values())
    assert found["bandung", "reduction_rate", "2019"]["least"] == 0.2


@pytest.mark.parametrize("of", [2016, 2017, 2026, 2028])
def test_a_year_without_a_target_is_not_judged(of):
    assert verdicts(*reported(of=of)) == {}


@pytest.mark.parametrize(("landfilled", "verdict"), [(212.1e3, "met"), (212.0e3, "not_met")])
def test_the_target_of_the_rpjmn_by_its_own_count(landfilled, verdict):
    found = verdicts(*reported(landfilled=landfilled), own=CONTROLLED)

    judged = found["bandung", "managed_rate_rpjmn", "2025"]
    assert (judged["verdict"], judged["standard"]) == (verdict, "perpres-12-2025")
    assert judged["verified"] is False


def test_a_landfill_of_unknown_control_is_not_judged():
    judged = verdicts(*reported())["bandung", "managed_rate_rpjmn", "2025"]

    assert (judged["state"], judged["reason"]) == ("cannot_assess", "control_level_unknown")
    assert (judged["verdict"], judged["value"], judged["n"]) == (None, None, 0)


def test_what_is_not_known_of_a_year_is_not_judged():
    found = verdicts(*month(), *month("recycled", 300.0), year("landfilled", 1.0, 2023))

    assert found["bandung", "reduction_rate", "2023"]["reason"] == "too_few_values"
    only = verdicts(year("population", 2.5e6))
    assert {(each["state"], each["reason"]) for each in only.values()} == {
        ("insufficient", "not_reported")
    }
    assert {each["verdict"] for each in only.values()} == {None}


@pytest.mark.parametrize(("months", "state"), [(9, "ok"), (8, "insufficient")])
def test_three_quarters_of_a_year_are_judged(months, state):
    rows = [
        row(code, kg, period.replace(month=m), "month")
        for m in range(1, months + 1)
        for code, kg in (("generated", 1000.0), ("recycled", 300.0))
        for period in [year()["period"]]
    ]

    judged = verdicts(*rows)["bandung", "reduction_rate", "2025"]
    assert (judged["state"], judged["coverage"]) == (state, pytest.approx(months / 12))


def test_each_jurisdiction_is_judged_by_all_its_stations():
    found = verdicts(
        *reported(), *reported(0.0, jurisdiction="kawasaki"), *reported(jurisdiction=None)
    )

    assert {place for place, *_ in found} == {"bandung", "kawasaki"}
    assert found["bandung", "handling_rate", "2025"]["stations"] == ["TPA", "TPS-01"]
    assert found["kawasaki", "reduction_rate", "2025"]["verdict"] == "not_met"


def test_an_operator_sets_the_target_of_a_later_year():
    own = """
        [[limit]]
        standard = "perpres-12-2025"
        parameter = "managed_rate_rpjmn"
        least = 0.6
        valid_from = 2026-01-01
        source = "annual plan"
    """

    found = verdicts(*reported(of=2026), own=own + CONTROLLED)
    judged = found["bandung", "managed_rate_rpjmn", "2026"]
    assert (judged["least"], judged["verdict"]) == (0.6, "met")
    assert judged["method"].startswith("kembar/waste-target@1;kembar/managed-rate-rpjmn@3+")
    later = verdicts(*reported(of=2029), own=own)["bandung", "managed_rate_rpjmn", "2029"]
    assert later["least"] == 1.0


def test_nothing_measured_is_nothing_judged():
    assert verdicts() == {}


def test_thirty_percent_added_up_from_decimals_reaches_thirty_percent():
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(365)]
    rows = [*month("generated", 20.3, days), *month("recycled", 6.09, days)]

    found = verdicts(*rows)["bandung", "reduction_rate", "2025"]
    assert found["value"] == pytest.approx(0.3)
    assert found["value"] < 0.3
    assert found["verdict"] == "met"
