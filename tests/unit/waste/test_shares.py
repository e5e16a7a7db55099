from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_shared.measurement.standards import StandardsUnfit
from kembar_shared.measurement.vocabulary import State
from kembar_waste import standards
from kembar_waste.indicators import series
from kembar_waste.indicators.shares import Shares
from tests.unit.waste.days import frame, month, row, year

BUILT = standards.build()
BANDUNG = [
    year("generated", 462_912e3),
    year("recycled", 100_000e3),
    year("composted", 50_000e3),
    year("reused", 21_554.5e3),
    year("incinerated", 15_496.95e3, station="PLTSa"),
    year("landfilled", 100_000e3, station="TPA"),
]


def level(station, value, since="2020-01-01"):
    return f"""
        [[factor]]
        standard = "facility"
        subject = "{station}"
        quantity = "control_level"
        value = {value}
        unit = "1"
        valid_from = {since}
        source = "inspection"
    """


def figures(*rows, own=""):
    units = series.units(series.totals_or_parts(frame(*rows)))
    made = Shares(BUILT.overridden(own)).figures(units)
    return {(figure.indicator, figure.period): figure for figure in made}


def values(*rows, own="", period="2025"):
    return {
        indicator.removeprefix("waste."): figure.value
        for (indicator, of), figure in figures(*rows, own=own).items()
        if of == period and figure.value is not None
    }


def test_kabupaten_bandung_s_rates():
    found = values(*BANDUNG)

    assert found["reduction_rate"] == pytest.approx(0.3706, abs=0.00005)
    assert found["handling_rate"] == pytest.approx(0.2495, abs=0.00005)
    assert found["managed_rate_sipsn"] == pytest.approx(0.6201, abs=0.00005)
    assert found["diversion_rate"] == found["sdg_12_5_1"] == pytest.approx(150_000 / 462_912)
    assert "managed_rate_rpjmn" not in found


def test_steps_on_the_way_are_counted_nowhere():
    steps = [year(code, 400_000e3) for code in ("sorted", "collected", "received", "residual")]

    assert values(*BANDUNG, *steps) | {"sorted_share": 0} == values(*BANDUNG) | {"sorted_share": 0}


@pytest.mark.parametrize(("control", "landfilled"), [(0, 0.0), (1, 100_000.0), (2, 100_000.0)])
def test_an_open_dump_is_not_managed_by_the_newer_count(control, landfilled):
    figure = figures(*BANDUNG, own=level("TPA", control))["waste.managed_rate_rpjmn", "2025"]

    assert figure.value == pytest.approx((171_554.5 + 15_496.95 + landfilled) / 462_912)
    assert figure.state is State.OK
    assert figure.method.startswith("kembar/managed-rate-rpjmn@3+")


@pytest.mark.parametrize(
    "own", ["", level("TPS-02", 1), level("TPA", 1, "2025-06-01"), level("TPA", 1, "2026-01-01")]
)
def test_a_dump_of_unknown_control_is_not_assumed_to_be_one_or_the_other(own):
    figure = figures(*BANDUNG, own=own)["waste.managed_rate_rpjmn", "2025"]

    assert (figure.state, figure.value) == (State.CANNOT_ASSESS, None)
    assert figure.detail["reason"] == "control_level_unknown"
    assert figure.detail["unknown_control_t"] == 100_000


def test_a_level_that_changes_amid_a_reported_year_says_nothing_of_it():
    own = level("TPA", 0) + level("TPA", 1, "2025-06-01")
    later = [part | {"period": date(2026, 1, 1), "following": date(2027, 1, 1)} for part in BANDUNG]

    found = figures(*BANDUNG, *later, own=own)
    assert found["waste.managed_rate_rpjmn", "2025"].state is State.CANNOT_ASSESS
    assert found["waste.managed_rate_rpjmn", "2026"].state is State.OK


def test_without_a_landfill_of_unknown_control_the_counts_agree():
    found = values(*BANDUNG[:-1])

    assert found["managed_rate_rpjmn"] == found["managed_rate_sipsn"]


@pytest.mark.parametrize("value", ["3", "0.5", "-1"])
def test_no_other_control_level_exists(value):
    with pytest.raises(StandardsUnfit, match="TPA"):
        figures(own=level("TPA", value))


def test_sdg_11_6_1_asks_for_the_control_of_every_facility():
    own = level("TPS-01", 1) + level("PLTSa", 2)

    unknown = figures(*BANDUNG, own=own)["waste.sdg_11_6_1", "2025"]
    assert (unknown.state, unknown.detail["unknown_control_t"]) == (State.CANNOT_ASSESS, 100_000)
    known = values(*BANDUNG, own=own + level("TPA", 0))["sdg_11_6_1"]
    assert known == pytest.approx((150_000 + 15_496.95) / 462_912)


def test_nothing_is_managed_where_disposal_or_reduction_is_not_reported():
    generated, recycled, *_, landfilled = BANDUNG

    no_disposal, no_reduction = values(generated, recycled), values(generated, landfilled)
    assert set(no_disposal) == {
        "recovery_share", "reduction_rate", "diversion_rate", "sdg_12_5_1",
    }  # fmt: skip
    assert set(no_reduction) == {"handling_rate"}


def test_sides_reported_by_the_day_and_by_the_month_are_known_but_not_divided():
    rows = [*month(), *month("recycled", 200.0), row("landfilled", 3000.0, grain="month")]

    figure = figures(*rows)["waste.managed_rate_sipsn", "2023-04"]
    assert (figure.state, figure.value) == (State.INSUFFICIENT, None)


def test_more_than_all_is_managed_by_nobody():
    rows = [*month(), *month("recycled", 600.0), *month("landfilled", 401.0)]

    figure = figures(*rows)["waste.managed_rate_sipsn", "2023-04"]
    assert (figure.state, figure.value) == (State.CANNOT_ASSESS, None)
    assert figure.detail["reason"] == "part_exceeds_generated"
    assert values(*rows, period="2023-04")["handling_rate"] == pytest.approx(0.401)


@settings(deadline=None, max_examples=8)
@given(st.lists(st.integers(0, 100), min_size=5, max_size=5), st.sampled_from([0, 1, 2]))
def test_managed_is_reduced_and_handled_and_never_less_by_the_older_count(parts, control):
    codes = ("recycled", "composted", "reused", "incinerated", "landfilled")
    rows = [
        row(code, mass * 1000.0, date(2025, 1, 1), "year", following=date(2026, 1, 1))
        for code, mass in zip(codes, parts, strict=True)
    ]

    found = values(year("generated", 500e3), *rows, own=level("TPS-01", control))
    assert found["managed_rate_sipsn"] == pytest.approx(
        found["reduction_rate"] + found["handling_rate"]
    )
    dumped = parts[4] / 500 if control == 0 else 0
    assert found["managed_rate_rpjmn"] == pytest.approx(found["managed_rate_sipsn"] - dumped)


def test_all_of_it_is_no_more_than_there_is():
    rows = [each for code in ("recycled", "composted", "landfilled") for each in month(code, 0.1)]

    found = figures(*rows, *month("generated", 0.3))
    managed = found["waste.managed_rate_sipsn", "2023-04"]
    assert managed.numerator > managed.denominator
    assert (managed.value, managed.state) == (1.0, State.OK)
    beyond = figures(*rows, *month("generated", 0.29999))["waste.managed_rate_sipsn", "2023-04"]
    assert beyond.detail["reason"] == "part_exceeds_generated"
