"""Japan's recycling rate, from masses of its own."""

from datetime import date

import pytest

from kembar_shared.measurement.vocabulary import State
from kembar_waste import catalogue, standards
from kembar_waste.indicators.assumptions import Assumptions
from kembar_waste.indicators.figures import WasteFigures
from tests.unit.waste.days import APRIL, frame, month, row, year

WASTE = WasteFigures(standards.build(), Assumptions())
RATE = "waste.recycling_rate_jp"

# Japan, fiscal year 2014, in 10,000 t.
JAPAN = {
    "treated": 4184,
    "recycled_directly": 208,
    "recovered_by_treatment": 455,
    "group_collected": 250,
}


def reported(**changes):
    return [year(code, t * 1e7) for code, t in (JAPAN | changes).items() if t is not None]


def figures(*rows):
    made = WASTE.figures(frame(*rows))
    assert len({(f.indicator, f.jurisdiction, f.period) for f in made}) == len(made)
    return {(f.indicator, f.period): f for f in made}


def rate(*rows, period="2025"):
    return figures(*rows)[RATE, period]


def test_the_rate_of_japan_in_2014():
    found = rate(*reported())

    assert round(found.value, 4) == 0.2059
    assert (found.numerator, found.denominator) == (pytest.approx(913e4), pytest.approx(4434e4))
    assert (found.unit, found.state) == ("1", State.OK)
    assert found.method == "kembar/recycling-rate-jp@2"
    assert found.detail["parameters"] == sorted(JAPAN)
    assert (found.detail["reason"], found.detail["missing"]) == (None, [])


@pytest.mark.parametrize("code", JAPAN)
def test_without_one_of_its_masses_it_names_the_one(code):
    found = rate(*reported(**{code: None}))

    assert (found.state, found.value, found.numerator) == (State.INSUFFICIENT, None, None)
    assert (found.detail["reason"], found.detail["missing"]) == ("not_reported", [code])
    assert (found.n, found.expected) == (3, 4.0)


def test_beside_other_rates_it_says_that_nothing_is_known_of_it():
    found = figures(year("generated"), year("recycled", 100.0))

    assert found["waste.sdg_12_5_1", "2025"].value == pytest.approx(0.1)
    silent = found[RATE, "2025"]
    assert (silent.state, silent.value, silent.coverage) == (State.NO_DATA, None, 0.0)
    assert silent.detail["missing"] == ["treated", "recycled_directly", "recovered_by_treatment",
                                        "group_collected"]  # fmt: skip
    assert (RATE, "2025-01") not in found


def test_its_masses_are_in_no_other_figure():
    others = [year("generated", 5e10), year("recycled", 1e9), year("landfilled", 2e10)]

    alone, beside = figures(*others), figures(*others, *reported())
    assert alone.keys() == beside.keys()
    for key in alone.keys() - {(RATE, "2025")}:
        assert alone[key] == beside[key]


@pytest.mark.parametrize(
    ("changes", "value", "reason"),
    [
        ({"recovered_by_treatment": 4184 - 208}, 1.0, None),
        ({"recovered_by_treatment": 4185 - 208}, None, "part_exceeds_treated"),
        ({"group_collected": 0}, 663 / 4184, None),
        (dict.fromkeys(JAPAN, 0), None, "nothing_treated"),
        ({"recycled_directly": 0, "recovered_by_treatment": 0, "group_collected": 0}, 0.0, None),
        ({"treated": 0, "recycled_directly": 0, "recovered_by_treatment": 0}, 1.0, None),
    ],
)
def test_its_limits(changes, value, reason):
    found = rate(*reported(**changes))

    assert found.value == (None if value is None else pytest.approx(value))
    assert found.detail["reason"] == reason
    assert found.state is (State.OK if reason is None else State.CANNOT_ASSESS)


def daily(code, kg, days=APRIL, **changes):
    return month(code, kg, days, **changes)


@pytest.mark.parametrize(
    ("known", "state", "value"), [(22, "insufficient", None), (23, "provisional", 0.3)]
)
def test_only_days_of_which_all_four_are_known_are_divided(known, state, value):
    rows = [
        *(row("treated", 900.0 if day in APRIL[:known] else 9e9, day) for day in APRIL),
        *daily("recycled_directly", 100.0),
        *daily("recovered_by_treatment", 100.0),
        *daily("group_collected", 100.0, APRIL[:known]),
    ]

    found = rate(*rows, period="2023-04")
    assert (found.state, found.value) == (state, value and pytest.approx(value))
    assert found.coverage == pytest.approx(known / 30)


def test_each_way_may_be_told_by_another_station_and_material():
    plant, depot = {"station": "TPST"}, {"station": "DEPOT"}
    rows = [
        *daily("treated", 900.0, **plant),
        *daily("recovered_by_treatment", 60.0, material="metal", **plant),
        *daily("recovered_by_treatment", 40.0, material="glass", **plant),
        *daily("recycled_directly", 100.0, **depot),
        *daily("group_collected", 100.0, station="RW-01"),
        *daily("group_collected", 100.0, station="RW-02"),
    ]

    found = rate(*rows, period="2023-04")
    assert found.value == pytest.approx(400 / 1100)
    assert found.stations == ("DEPOT", "RW-01", "RW-02", "TPST")
    # The other group's silence is no zero.
    silent = [each for each in rows if each["station"] != "RW-02" or each["period"] < APRIL[15]]
    assert rate(*silent, period="2023-04").state is State.INSUFFICIENT


def test_what_one_side_tells_by_the_month_is_not_divided_by_days():
    rows = [
        *daily("treated", 900.0),
        *daily("recycled_directly", 100.0),
        *daily("recovered_by_treatment", 100.0),
        row("group_collected", 3000.0, grain="month", following=date(2023, 5, 1)),
    ]

    assert rate(*rows, period="2023-04").state is State.INSUFFICIENT


def test_its_masses_are_found_by_the_names_of_japan_s_statistics():
    found = {
        name: catalogue.build().parameter_of(name)
        for name in ("ごみの総処理量", "直接資源化量", "中間処理後再生利用量", "集団回収量")
    }

    assert list(found.values()) == list(JAPAN)
