"""Figures of months and years become outcomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kembar_gateway import outcomes
from kembar_gateway.combining import Disrupted
from kembar_gateway.marks import Aim
from kembar_gateway.wire import Figure, Measure, Origin, Period, State

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
THIS_MONTH = Period.parse("2026-11")


@dataclass(frozen=True)
class Mark:
    year: int
    value: float


@dataclass(frozen=True)
class PeriodMark:
    period: str
    value: float


@dataclass(frozen=True)
class Definition:
    code: str = "air.ispu_good_share"
    unit: str = "1"
    measure: Measure = Measure.RATIO
    jurisdictions: tuple[str, ...] = ("bandung",)
    baseline: Mark | None = None
    targets: tuple[Mark, ...] = field(default=())
    period_targets: tuple[PeriodMark, ...] = field(default=())


SHARE = Definition()
MEAN = Definition(code="air.pm25_mean", unit="µg/m³", measure=Measure.MEAN)
TOTAL = Definition(code="waste.generated", unit="t", measure=Measure.TOTAL)


def figure(definition: Definition, period: str, total: float, over: float = 1, **members):
    value = total if definition.measure is Measure.TOTAL else total / over
    usual = {
        "indicator": definition.code,
        "jurisdiction": "bandung",
        "period": period,
        "value": value,
        "unit": definition.unit,
        "state": State.OK,
        "numerator": total,
        "denominator": None if definition.measure is Measure.TOTAL else over,
        "n": int(over),
        "expected": float(over),
        "coverage": 1.0,
        "origin": Origin.REAL,
        "method": "m@1",
    }
    return Figure(**{**usual, **members})


def without_number(definition: Definition, period: str, state: State, **members):
    silent = {"value": None, "numerator": None, "denominator": None, "state": state}
    return figure(definition, period, 1, **{**silent, **members})


def months(definition: Definition, count: int, *, year: int = 2023, **members):
    return [figure(definition, f"{year}-{m:02}", 20, 30, **members) for m in range(1, count + 1)]


def compute(definition: Definition, figures: list[Figure], period: str, **arguments):
    usual = {"this_month": THIS_MONTH, "sources": (), "computed_at": NOW}
    return outcomes.compute(definition, figures, Period.parse(period), **{**usual, **arguments})


def test_a_share_of_months_is_the_share_of_their_sums_not_the_mean_of_shares():
    figures = [figure(SHARE, "2023-01", 1, 10), figure(SHARE, "2023-02", 30, 30)]

    outcome = compute(SHARE, figures, "2023-01/2023-02")

    assert outcome.value == pytest.approx(31 / 40)
    assert (outcome.state, outcome.n, outcome.months) == (State.OK, 40, 2)


@given(st.lists(st.tuples(st.integers(0, 31), st.integers(1, 31)), min_size=12, max_size=12))
def test_a_year_of_means_equals_the_mean_of_all_days(rows):
    figures = [figure(MEAN, f"2023-{m:02}", s, n) for m, (s, n) in enumerate(rows, start=1)]

    outcome = compute(MEAN, figures, "2023")

    expected = sum(s for s, _ in rows) / sum(n for _, n in rows)
    assert outcome.value == pytest.approx(expected)
    assert outcome.n == sum(n for _, n in rows)


@given(st.integers(0, 12), st.sampled_from([SHARE, MEAN, TOTAL]))
def test_under_three_quarters_of_the_months_there_is_no_number(count, definition):
    outcome = compute(definition, months(definition, count), "2023")

    assert (outcome.value is None) == (count < 9)
    assert (outcome.value is not None) == outcome.state.has_number
    assert (outcome.months, outcome.months_expected) == (count, 12)


def test_a_sum_with_a_month_missing_is_provisional_and_a_mean_is_not():
    assert compute(TOTAL, months(TOTAL, 11), "2023").state is State.PROVISIONAL
    assert compute(TOTAL, months(TOTAL, 12), "2023").state is State.OK
    assert compute(MEAN, months(MEAN, 11), "2023").state is State.OK


def test_a_provisional_month_makes_the_year_provisional():
    figures = [*months(SHARE, 11), figure(SHARE, "2023-12", 1, 2, state=State.PROVISIONAL)]

    assert compute(SHARE, figures, "2023").state is State.PROVISIONAL


def test_months_of_two_methods_are_provisional_and_name_both():
    figures = [*months(SHARE, 11), figure(SHARE, "2023-12", 1, 2, method="m@2")]

    outcome = compute(SHARE, figures, "2023")

    assert (outcome.state, outcome.methods) == (State.PROVISIONAL, ("m@1", "m@2"))


def test_a_yearly_figure_answers_its_year_where_there_are_no_months():
    outcome = compute(TOTAL, [figure(TOTAL, "2021", 558_099.6)], "2021")

    assert (outcome.value, outcome.state, outcome.months) == (558_099.6, State.OK, 12)


def test_a_yearly_figure_is_never_added_to_the_months_of_its_year():
    figures = [figure(TOTAL, "2023", 1000.0), *months(TOTAL, 12)]
    few = [figure(TOTAL, "2023", 1000.0), *months(TOTAL, 3)]

    assert compute(TOTAL, figures, "2023").value == 240
    assert compute(TOTAL, few, "2023").value == 1000.0
    assert compute(TOTAL, few, "2023-01/2023-03").value == 60


def test_a_span_of_years_takes_each_year_as_it_is_known():
    figures = [figure(TOTAL, "2021", 500.0), *months(TOTAL, 12, year=2022)]

    outcome = compute(TOTAL, figures, "2021-01/2022-12")

    assert (outcome.value, outcome.months) == (740, 24)


@pytest.mark.parametrize("definition", [SHARE, MEAN])
@pytest.mark.parametrize("count", [3, 9, 12])
def test_a_years_own_share_or_mean_is_the_answer_also_where_it_is_no_number(definition, count):
    own = without_number(definition, "2023", State.INSUFFICIENT, coverage=0.58)

    outcome = compute(definition, [own, *months(definition, count)], "2023")

    assert (outcome.value, outcome.state) == (None, State.INSUFFICIENT)
    assert outcome.coverage == pytest.approx(0.58)
    assert (outcome.months, outcome.months_expected) == (count, 12)


@pytest.mark.parametrize("definition", [SHARE, MEAN])
def test_a_years_own_share_or_mean_is_the_answer_beside_all_its_months(definition):
    figures = [figure(definition, "2023", 1, 4, coverage=0.8), *months(definition, 12)]

    outcome = compute(definition, figures, "2023")

    assert (outcome.value, outcome.state) == (0.25, State.OK)
    assert outcome.coverage == pytest.approx(0.8)


def test_a_years_own_share_says_nothing_of_a_part_of_the_year():
    own = without_number(SHARE, "2023", State.INSUFFICIENT)

    assert compute(SHARE, [own, *months(SHARE, 9)], "2023-01/2023-09").state is State.OK


def test_a_year_that_is_not_over_is_not_due_where_its_own_share_is_insufficient():
    own = without_number(SHARE, "2026", State.INSUFFICIENT)

    assert compute(SHARE, [own, *months(SHARE, 4, year=2026)], "2026").state is State.NOT_YET_DUE


@pytest.mark.parametrize("state", [State.INSUFFICIENT, State.CANNOT_ASSESS])
def test_a_total_without_number_does_not_hide_the_months(state):
    figures = [without_number(TOTAL, "2023", state), *months(TOTAL, 3)]

    assert compute(TOTAL, figures, "2023").state is State.INSUFFICIENT
    assert compute(TOTAL, [*figures, *months(TOTAL, 12)[3:]], "2023").value == 240


@given(st.lists(st.floats(0.75, 1), min_size=9, max_size=12), st.sampled_from([SHARE, MEAN, TOTAL]))
def test_months_with_gaps_of_their_own_do_not_make_a_year_under_three_quarters(parts, definition):
    state = State.PROVISIONAL if definition is TOTAL else State.OK
    figures = [
        figure(definition, f"2023-{m:02}", 20, 30, coverage=part, state=state)
        for m, part in enumerate(parts, start=1)
    ]

    outcome = compute(definition, figures, "2023")

    assert (outcome.value is not None) == (outcome.coverage >= 0.75)
    assert outcome.coverage == pytest.approx(sum(parts) / 12)


@pytest.mark.parametrize("state", [s for s in State if not s.has_number])
def test_a_state_is_handed_on_and_never_becomes_a_number(state):
    outcome = compute(SHARE, [without_number(SHARE, "2023-04", state)], "2023-04")

    assert (outcome.value, outcome.state, outcome.progress) == (None, state, None)


def test_months_without_numbers_of_several_kinds_are_insufficient():
    kinds = [State.SUSPENDED, State.INSUFFICIENT, State.CANNOT_ASSESS]
    figures = [without_number(SHARE, f"2023-0{m}", s) for m, s in enumerate(kinds, start=1)]

    assert compute(SHARE, figures, "2023-01/2023-03").state is State.INSUFFICIENT


@pytest.mark.parametrize(
    ("period", "state"),
    [
        ("2027", State.NOT_YET_DUE),
        ("2026-12", State.NOT_YET_DUE),
        ("2026-11", State.NOT_YET_DUE),
        ("2026", State.NOT_YET_DUE),
        ("2026-10", State.NO_DATA),
        ("2015", State.NO_DATA),
    ],
)
def test_without_figures_the_calendar_says_why(period, state):
    assert compute(SHARE, [], period).state is state


def test_a_year_that_is_not_over_is_provisional_at_best_and_not_due_with_few_months():
    assert compute(SHARE, months(SHARE, 10, year=2026), "2026").state is State.PROVISIONAL
    assert compute(SHARE, months(SHARE, 4, year=2026), "2026").state is State.NOT_YET_DUE


def test_a_figure_of_the_future_is_not_believed():
    assert compute(SHARE, [figure(SHARE, "2027-01", 1, 1)], "2027-01").value is None


def test_another_unit_cannot_be_assessed():
    outcome = compute(TOTAL, [figure(TOTAL, "2021", 5.0, unit="kg")], "2021")

    assert (outcome.value, outcome.state) == (None, State.CANNOT_ASSESS)


def test_other_indicators_and_areas_are_passed_over():
    figures = [
        figure(SHARE, "2023-01", 1, 2),
        figure(SHARE, "2023-01", 0, 9, jurisdiction="kawasaki"),
        figure(MEAN, "2023-01", 99, 1),
    ]

    assert compute(SHARE, figures, "2023-01").value == 0.5


def test_two_areas_are_both_needed():
    both = Definition(jurisdictions=("bandung", "cimahi"))
    figures = [figure(both, "2023-01", 1, 2), figure(both, "2023-01", 3, 4, jurisdiction="cimahi")]

    assert compute(both, figures, "2023-01").value == pytest.approx(4 / 6)
    assert compute(both, figures[:1], "2023-01").state is State.INSUFFICIENT


def test_the_least_real_input_names_the_origin():
    figures = [*months(SHARE, 11), figure(SHARE, "2023-12", 1, 1, origin=Origin.SYNTHETIC)]

    assert compute(SHARE, figures, "2023").origin is Origin.SYNTHETIC
    assert compute(SHARE, [], "2023").origin is None


def test_coverage_counts_missing_months_and_is_unknown_where_a_part_is():
    assert compute(SHARE, months(SHARE, 9), "2023").coverage == pytest.approx(0.75)
    assert compute(SHARE, months(SHARE, 12, coverage=0.8), "2023").coverage == pytest.approx(0.8)
    assert compute(SHARE, months(SHARE, 12, coverage=None), "2023").coverage is None


CITARUM = Definition(
    code="water.citarum_ika",
    measure=Measure.MEAN,
    baseline=Mark(2018, 33.43),
    targets=(Mark(2020, 55), Mark(2022, 57), Mark(2023, 58)),
)


def test_progress_is_the_way_from_baseline_to_target():
    outcome = compute(CITARUM, [figure(CITARUM, "2023", 50.78)], "2023")

    assert outcome.target == Aim("2023", 2023, 58)
    assert outcome.progress == pytest.approx((50.78 - 33.43) / (58 - 33.43))
    assert outcome.achievement == pytest.approx(50.78 / 58)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_progress_is_one_at_the_target_and_nought_at_the_baseline(baseline, target, value):
    definition = Definition(baseline=Mark(2018, baseline), targets=(Mark(2023, target),))

    outcome = compute(definition, [figure(definition, "2023", value)], "2023")

    if baseline == target:
        assert outcome.progress is None
    elif value in (baseline, target):
        assert outcome.progress == float(value == target)


def test_the_target_is_the_next_one_ahead_and_none_behind_the_last():
    assert compute(CITARUM, [], "2019").target == Aim("2020", 2020, 55)
    assert compute(CITARUM, [], "2021").target == Aim("2022", 2022, 57)
    assert compute(CITARUM, [], "2024").target is None


def test_a_yearly_sum_is_never_held_against_a_month():
    definition = Definition(measure=Measure.TOTAL, targets=(Mark(2023, 100),))

    assert compute(definition, [], "2023-04").target is None
    assert compute(definition, [], "2023").target == Aim("2023", 2023, 100)


def test_without_baseline_or_target_there_is_no_progress():
    outcome = compute(SHARE, months(SHARE, 12), "2023")

    assert (outcome.progress, outcome.achievement) == (None, None)


def test_freshness_grows_with_time_and_never_fetched_is_stale():
    at = NOW - timedelta(seconds=301)

    old = outcomes.freshness("water", at, now=NOW, stale_after_s=300)
    new = outcomes.freshness("water", at, now=NOW, stale_after_s=302)
    none = outcomes.freshness("water", None, now=NOW, stale_after_s=300)

    assert (old.age_s, old.stale, new.stale) == (301, True, False)
    assert (none.age_s, none.stale) == (None, True)


def test_the_target_of_the_period_itself_comes_before_a_years():
    half = (PeriodMark("2023-01/2023-06", 40), PeriodMark("2023-13", 1), PeriodMark("2023-04", 9))
    definition = Definition(measure=Measure.TOTAL, targets=(Mark(2023, 100),), period_targets=half)

    assert compute(definition, [], "2023-01/2023-06").target == Aim("2023-01/2023-06", 2023, 40)
    assert compute(definition, [], "2023-04").target == Aim("2023-04", 2023, 9)
    assert compute(definition, [], "2023-05").target is None
    assert compute(definition, [], "2023").target == Aim("2023", 2023, 100)


def test_what_an_outcome_lacks_to_be_judged_is_a_finding():
    whole = Definition(baseline=Mark(2020, 5), targets=(Mark(2023, 5),))

    assert outcomes.findings(compute(SHARE, [], "2023")) == ["no-target", "no-baseline"]
    assert outcomes.findings(compute(whole, [], "2023")) == ["baseline-is-target"]


def test_a_disruption_changes_nothing_but_what_is_told_beside():
    figures = [figure(SHARE, f"2023-{m:02}", 30 if m < 7 else 15, 30) for m in range(1, 13)]
    flood = [Disrupted("flood", Period.parse("2023-07/2024-02"))]

    plain, beside = (
        compute(SHARE, figures, "2023"),
        compute(SHARE, figures, "2023", disrupted=flood),
    )
    assert (plain.value, plain.undisrupted, plain.disruptions) == (0.75, None, ())
    assert (beside.value, beside.state, beside.disruptions) == (0.75, State.OK, ("flood",))
    rest = beside.undisrupted
    assert (rest.value, rest.state, rest.months, rest.months_expected) == (1.0, State.OK, 6, 6)
    assert compute(SHARE, figures, "2022", disrupted=flood).undisrupted is None


def test_what_is_left_beside_a_disruption_has_its_own_state():
    flood = [Disrupted("flood", Period.parse("2023-03/2023-08"))]
    whole = [Disrupted("pandemic", Period.parse("2020-03/2023-12")), *flood]
    few = [figure(SHARE, f"2023-{m:02}", 15, 30) for m in (1, 2, 3, 4, 5, 6, 7, 8, 9)]
    year = [figure(SHARE, "2023", 180, 365)]

    def left(figures, disrupted):
        rest = compute(SHARE, figures, "2023", disrupted=disrupted).undisrupted
        return rest.value, rest.state

    assert left(few, whole) == (None, State.SUSPENDED)
    assert left(few, flood) == (None, State.INSUFFICIENT), "3 of 6 months"
    assert left(year, flood) == (None, State.CANNOT_ASSESS), "a year says nothing of its months"
    assert left([], flood) == (None, State.NO_DATA)
