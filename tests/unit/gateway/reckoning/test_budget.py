"""Money in two currencies."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_gateway.reckoning import budget
from kembar_gateway.wire import State
from tests.unit.gateway.reckoning.made import exchange_rate, line

RATE = exchange_rate("june", 104.5)


def test_gap_and_absorption_are_of_the_lines_that_say_both():
    lines = [
        line("a", "IDR", needed=1000, committed=600, spent=150),
        line("b", "IDR", needed=500),
        line("c", "IDR", committed=100),
        line("d", "JPY", needed=7),
    ]
    sums = budget.own(lines, "IDR")

    assert [sums.columns[name].value for name in budget.COLUMNS] == [1500, 700, None, 150]
    assert sums.columns["disbursed"].state is State.NO_DATA
    assert (sums.gap.value, sums.absorption.value) == (900, 0.25)
    assert sums.lines == 3
    # Of c nobody says what was spent, of b what was committed: sums of some lines only.
    states = [sums.columns[name].state for name in ("needed", "committed", "spent")]
    assert {*states, sums.gap.state, sums.absorption.state} == {State.PROVISIONAL}


def test_absorption_of_too_small_a_part_of_what_was_committed_is_no_number():
    lines = [line("a", "IDR", committed=800, spent=400), line("b", "IDR", committed=5000)]

    assert budget.own(lines[:1], "IDR").absorption.state is State.OK
    small = budget.own(lines, "IDR").absorption
    assert (small.value, small.state, small.reason) == (None, State.INSUFFICIENT, budget.UNSTATED)


def test_two_currencies_are_added_by_the_rate_that_is_named_or_not_at_all():
    with_rate = [line("a", "JPY", rate="june", needed=1000), line("b", "IDR", needed=500)]
    without = [line("a", "JPY", needed=1000), line("b", "IDR", needed=500)]

    added = budget.together(with_rate, {"june": RATE}, "IDR")
    refused = budget.together(without, {"june": RATE}, "IDR")

    assert (added.gap.value, added.rates) == (105_000, ("june",))
    assert {value.state for value in refused.columns.values()} == {State.CANNOT_ASSESS}
    assert (refused.gap.value, refused.gap.reason) == (None, "rate-missing")


def test_of_nothing_needed_there_is_no_gap_and_of_nothing_committed_no_absorption():
    nothing = budget.own([], "JPY")
    zero = budget.own([line("a", "JPY", committed=0, spent=0)], "JPY")

    assert (nothing.gap.value, nothing.gap.state) == (None, State.NO_DATA)
    assert (zero.absorption.value, zero.absorption.state) == (None, State.CANNOT_ASSESS)
    assert zero.gap.state is State.NO_DATA


amounts = st.none() | st.integers(0, 10**12)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(["IDR", "JPY"]), amounts, amounts), max_size=6))
def test_either_currency_tells_the_same(stated):
    lines = [
        line(f"l{i}", currency, rate="june",
             **{name: v for name, v in (("needed", a), ("committed", b)) if v is not None})
        for i, (currency, a, b) in enumerate(stated)
    ]  # fmt: skip
    idr = budget.together(lines, {"june": RATE}, "IDR")
    jpy = budget.together(lines, {"june": RATE}, "JPY")

    assert idr.gap.state == jpy.gap.state
    if idr.gap.value is not None:
        assert jpy.gap.value * RATE.idr_per_jpy == pytest.approx(idr.gap.value, abs=1)
