from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_shared.measurement.standards import StandardsUnfit
from kembar_shared.measurement.vocabulary import Origin, State
from kembar_waste import standards
from kembar_waste.indicators.assumptions import Assumptions
from kembar_waste.indicators.figures import WasteFigures
from kembar_waste.indices import pillars
from tests.unit.waste.days import APRIL, WEIGHED, frame, month, row, year

PERSONS = 2_500_000.0


def baseline(value=0.70, since="2018-10-17", subject="bandung"):
    return f"""
        [[factor]]
        standard = "kang-pisman"
        subject = "{subject}"
        quantity = "baseline_kg_per_person_day"
        value = {value}
        unit = "kg/person/day"
        valid_from = {since}
        source = "survey of 2018"
        verified = true
    """


def people(persons=PERSONS, of=2023, **changes):
    return year("population", persons, of, **({"station": "DISDUK"} | changes))


def figures(*rows, own=""):
    made = WasteFigures(standards.build().overridden(own), Assumptions()).figures(frame(*rows))
    return {(figure.indicator.removeprefix("waste."), figure.period): figure for figure in made}


def both(*rows, own="", period="2023-04"):
    found = figures(*rows, own=own)
    return found["generation_per_person", period], found["kurangi_t", period]


def test_a_month_by_person_and_less_than_the_baseline():
    rate, less = both(*month(kg=1_600_000.0), people(), own=baseline())

    assert (rate.value, rate.unit, rate.state) == (0.64, "kg/person/day", State.OK)
    assert (rate.numerator, rate.denominator) == (48_000_000.0, 75_000_000.0)
    assert rate.stations == ("DISDUK", "TPS-01")
    assert (less.value, less.unit, less.state) == (pytest.approx(4500.0), "t", State.OK)
    assert (less.numerator, less.denominator) == (less.value, None)
    assert less.detail["baselines_kg_per_person_day"] == [0.70]
    assert less.method.startswith("kembar/kang-pisman-kurangi@3+")


def test_more_than_the_baseline_is_a_negative_reduction():
    assert both(*month(kg=2_000_000.0), people(), own=baseline())[1].value == pytest.approx(-7500)


def test_a_year_is_by_its_own_days():
    for of, days in ((2023, 365), (2024, 366)):
        generated = year("generated", 0.6 * PERSONS * days, of)
        rate, less = both(generated, people(of=of), own=baseline(), period=str(of))

        assert rate.value == pytest.approx(0.6)
        assert less.value == pytest.approx(0.1 * PERSONS * days / 1000)


def test_without_a_baseline_nothing_was_reduced_by_anything():
    for own in ("", baseline(subject="kawasaki"), baseline(since="2023-04-02")):
        rate, less = both(*month(), people(), own=own)

        assert rate.state is State.OK
        assert (less.state, less.value) == (State.CANNOT_ASSESS, None)
        assert less.detail["reason"] == "no_baseline"


def test_each_day_has_the_baseline_of_its_time():
    own = baseline(0.70) + baseline(0.60, since="2023-04-16")

    less = both(*month(kg=0.5 * PERSONS), people(), own=own)[1]
    assert less.value == pytest.approx((15 * 0.2 + 15 * 0.1) * PERSONS / 1000)
    assert less.detail["baselines_kg_per_person_day"] == [0.60, 0.70]


@pytest.mark.parametrize(
    ("count", "state"),
    [(22, State.INSUFFICIENT), (23, State.PROVISIONAL), (29, State.PROVISIONAL), (30, State.OK)],
)
def test_a_missing_day_is_no_reduction(count, state):
    rate, less = both(*month(kg=0.6 * PERSONS, days=APRIL[:count]), people(), own=baseline())

    assert (rate.state, less.state) == (state, state)
    if state is not State.INSUFFICIENT:
        assert rate.value == pytest.approx(0.6)
        assert less.value == pytest.approx(0.1 * PERSONS * count / 1000)
        assert rate.coverage == pytest.approx(count / 30)


def test_only_days_that_every_place_knows_count():
    rows = [
        *month(kg=0.4 * PERSONS),
        *month(kg=0.2 * PERSONS, station="TPS-02", days=APRIL[:24]),
    ]

    rate, less = both(*rows, people(), own=baseline())
    assert (rate.value, rate.state) == (pytest.approx(0.6), State.PROVISIONAL)
    assert rate.coverage == pytest.approx(24 / 30)
    assert less.value == pytest.approx(0.1 * PERSONS * 24 / 1000)


def test_a_day_half_covered_is_not_known():
    rows = month(kg=0.6 * PERSONS, days=APRIL[:29])

    rate = both(*rows, row(kg=0.1 * PERSONS, period=APRIL[29], covered=0.5), people())[0]
    assert (rate.value, rate.detail["days"]) == (pytest.approx(0.6), 29.0)


def test_persons_are_those_of_the_year_alone():
    found = figures(*month(), people(of=2022))

    assert not [key for key in found if key[0] in {"generation_per_person", "kurangi_t"}]
    assert not [key for key in figures(people()) if key[0] == "generation_per_person"]


def test_districts_are_added_and_a_silent_one_is_missed():
    here, there = people(1_000_000.0), people(500_000.0, station="CIMAHI")

    assert both(*month(), here, there)[0].detail["population"] == 1_500_000.0
    earlier = people(500_000.0, of=2022, station="CIMAHI")
    for figure in both(*month(), here, earlier, own=baseline()):
        assert (figure.state, figure.value) == (State.CANNOT_ASSESS, None)
        assert figure.detail["reason"] == "population_incomplete"


def test_two_counts_of_a_year_are_not_added():
    twice = people(2_000_000.0 + 3_000_000.0, n=2)
    by_month = [
        row("population", 2_400_000.0 + 200_000.0 * half, date(2023, m, 1), "month",
            following=date(2023, m + 1, 1), station="DISDUK")
        for half, m in enumerate((3, 9))
    ]  # fmt: skip

    assert both(*month(), twice)[0].detail["population"] == 2_500_000.0
    assert both(*month(), *by_month)[0].detail["population"] == 2_500_000.0


@pytest.mark.parametrize("part", [{"source": "household"}, {"material": "organic"}])
def test_a_part_counted_by_the_month_is_in_the_total_counted_by_the_year(part):
    by_month = row("population", 2000.0, date(2023, 5, 1), "month", station="DISDUK", **part)

    rate = both(*month(), people(2500.0), by_month)[0]
    assert (rate.detail["population"], rate.state) == (2500.0, State.OK)
    assert rate.method == "kembar/generation-per-person@3"
    elsewhere = both(*month(), people(2500.0, station="CIMAHI"), by_month)[0]
    assert elsewhere.detail["population"] == 4500.0


def test_parts_of_persons_are_added_and_a_total_of_another_year_is_not_of_this():
    parts = [people(kg, source=name) for name, kg in (("household", 2000.0), ("market", 500.0))]

    rate = both(*month(), *parts, people(2400.0, of=2022))[0]
    assert (rate.detail["population"], rate.state) == (2500.0, State.OK)


def test_nobody_generates_nothing():
    for figure in both(*month(), people(0.0), own=baseline()):
        assert (figure.state, figure.detail["reason"]) == (State.CANNOT_ASSESS, "nobody_counted")


def test_the_least_real_of_waste_and_persons_counts():
    assert both(*month(), people(origin="synthetic"))[0].origin is Origin.SYNTHETIC
    assert both(*month(origin="stand-in"), people())[0].origin is Origin.STAND_IN


@pytest.mark.parametrize("value", [-0.1, 10.5])
def test_a_baseline_that_is_nobodys_waste_is_refused(value):
    with pytest.raises(StandardsUnfit, match="baseline_kg_per_person_day"):
        figures(*month(), own=baseline(value))


def test_a_baseline_in_grams_is_refused():
    grams = baseline(8).replace("kg/person/day", "g/person/day")

    with pytest.raises(StandardsUnfit, match="write the value in 'kg/person/day'"):
        figures(*month(), own=grams)


@pytest.mark.parametrize(("persons", "state"), [(100.0, State.OK), (99.9, State.CANNOT_ASSESS)])
def test_more_waste_than_anybody_has_is_a_wrong_count_of_persons(persons, state):
    for figure in both(*month(kg=1000.0), people(persons), own=baseline()):
        assert figure.state is state
        reason = "impossible_per_person" if state is State.CANNOT_ASSESS else None
        assert figure.detail["reason"] == reason
        assert (figure.value is None) is (reason is not None)


def test_what_was_put_to_use_is_added_by_route():
    rows = [*month("recycled"), *month("composted", 500.0), *month("reused", 100.0)]

    used = figures(*rows)["manfaatkan_t", "2023-04"]
    assert (used.value, used.unit, used.state) == (pytest.approx(48.0), "t", State.OK)
    assert (used.n, used.expected, used.denominator) == (90, 90.0, None)
    named = {"grain": "day", "parameters": ["composted", "recycled", "reused"]}
    assert used.detail == named | WEIGHED


@pytest.mark.parametrize(
    ("count", "state", "value"),
    [(14, State.INSUFFICIENT, None), (15, State.PROVISIONAL, 45.0), (30, State.OK, 60.0)],
)
def test_gaps_of_one_route_make_what_was_used_a_lower_bound(count, state, value):
    rows = [*month("recycled"), *month("composted", days=APRIL[:count])]

    used = figures(*rows)["manfaatkan_t", "2023-04"]
    assert (used.state, used.value) == (state, value)


def test_a_total_put_to_use_beats_its_materials():
    rows = [*month("recycled"), *month("recycled", 900.0, material="paper")]

    assert figures(*rows)["manfaatkan_t", "2023-04"].value == 30.0


def test_nobody_and_no_day_have_no_rate():
    rates = pillars.per_person(np.array([1.0, 1.0, np.nan, 1.0]), np.array([0.0, 4.0, 4.0, np.nan]),
                               np.array([1.0, 0.0, 1.0, 1.0]))  # fmt: skip

    assert np.isnan(rates).all()


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.integers(0, 10_000), min_size=30, max_size=30),
    st.integers(1000, 5000),
    st.integers(1, 300),
)
def test_what_was_generated_and_what_was_less_make_the_baseline(masses, persons, hundredths):
    rows = [row(kg=float(kg), period=day) for day, kg in zip(APRIL, masses, strict=True)]
    own = baseline(hundredths / 100)

    found = figures(*rows, people(float(persons)), own=own)
    generated, less = (found[name, "2023-04"].value for name in ("generated", "kurangi_t"))
    assert generated + less == pytest.approx(hundredths / 100 * persons * 30 / 1000)
    rate = found["generation_per_person", "2023-04"].value
    assert rate == pytest.approx(generated * 1000 / persons / 30)


def test_months_of_a_year_add_up_to_it():
    days = [date(2023, 1, 1) + timedelta(days=n) for n in range(365)]
    rows = [row(kg=0.6 * PERSONS + 1000.0 * n, period=day) for n, day in enumerate(days)]

    found = figures(*rows, people(), own=baseline())
    months = [found["kurangi_t", f"2023-{m:02}"].value for m in range(1, 13)]
    assert sum(months) == pytest.approx(found["kurangi_t", "2023"].value)


def test_a_figure_computed_again_is_the_same_to_the_last_digit():
    rng = np.random.default_rng(11)
    days = [date(2023, 1, 1) + timedelta(days=day) for day in range(365)]
    generated = [row(kg=round(float(kg), 3), period=day)
                 for day, kg in zip(days, rng.uniform(8e5, 2e6, 365), strict=True)]  # fmt: skip
    made = WasteFigures(standards.build().overridden(baseline()), Assumptions())
    told = frame(*generated, people())

    values = [[figure.value for figure in made.figures(told)] for _ in range(8)]

    assert all(again == values[0] for again in values)
