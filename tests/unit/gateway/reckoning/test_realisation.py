"""Rates name their denominator, and no plan ever raises one."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from kembar_gateway.reckoning import realisation
from kembar_gateway.register.activities import STEPS
from kembar_gateway.wire import State
from tests.unit.gateway.reckoning.made import agreement, commitment, evidenced, programme, step

TODAY = date(2026, 11, 25)

ENDS = st.sampled_from(["", "suspended", "cancelled"])


@st.composite
def ledgers(draw):
    """Draw commitments of scopes s0 to s2 in any state a ledger allows."""
    drawn = []
    for number in range(draw(st.integers(0, 8))):
        taken = [name for name in STEPS if draw(st.booleans())]
        end = draw(ENDS)
        steps = [*taken, *([end] if end else [])] or ["planned"]
        scopes = [f"a/s{i}" for i in range(3) if draw(st.booleans())]
        drawn.append(commitment(f"c{number}", *steps, scopes=scopes, parties=["p"]))
    return drawn


def rates(commitments):
    rows = realisation.by_scope([agreement("a", "s0", "s1", "s2")], commitments)
    tallies = [realisation.tally(commitments), *(row.tally for row in rows)]
    shares = [*realisation.scopes_realised(rows)]
    shares += [share for tally in tallies for share in (tally.realised, tally.evidenced)]
    return [share.value for share in shares]


@settings(max_examples=40)
@given(ledgers(), st.sampled_from(["planned", "agreed", "funded", "started"]))
def test_adding_a_plan_never_raises_a_rate(commitments, last):
    plan = commitment("plan", last, scopes=["a/s0", "a/s2"])

    for before, after in zip(rates(commitments), rates([*commitments, plan]), strict=True):
        assert after is None or after <= (0 if before is None else before)


@settings(max_examples=40)
@given(ledgers())
def test_evidence_never_exceeds_what_is_realised_and_the_funnel_only_narrows(commitments):
    tally = realisation.tally(commitments)
    counts = list(tally.funnel.values())

    assert tally.evidenced.numerator <= tally.realised.numerator <= tally.total
    assert counts == sorted(counts, reverse=True)
    assert tally.funnel["delivered"] == tally.realised.numerator
    assert tally.total == tally.realised.denominator == len(commitments)


def test_of_nothing_there_is_no_rate():
    tally = realisation.tally([])

    assert (tally.realised.value, tally.realised.state) == (None, State.NO_DATA)


def test_a_claim_is_realised_but_never_evidenced():
    claimed = commitment("a", step("delivered", status="claimed"))
    shown = commitment("b", step("delivered", **evidenced()))

    tally = realisation.tally([claimed, shown])
    assert (tally.realised.value, tally.evidenced.value) == (1.0, 0.5)


def test_who_cancels_does_not_raise_the_rate():
    open_ones = [commitment("a", "planned"), commitment("b", "delivered")]
    cancelled = [commitment("a", "planned", "cancelled"), open_ones[1]]
    undone = [commitment("a", "planned"), commitment("b", "delivered", "cancelled")]

    assert realisation.tally(open_ones).realised.value == 0.5
    assert realisation.tally(cancelled).realised.value == 0.5
    assert realisation.tally(undone).realised.value == 0.0


def test_a_commitment_of_a_part_counts_once_for_the_whole():
    programmes = [programme("citarum"), programme("river", "citarum"), programme("bend", "river")]
    commitments = [
        commitment("a", "delivered", programme="bend"),
        commitment("b", "planned", programme="citarum"),
    ]

    tallies = [
        realisation.tally(
            c for c in commitments if c.programme in realisation.within(programmes, p.code)
        )
        for p in programmes
    ]

    assert [tally.total for tally in tallies] == [2, 1, 1]
    assert tallies[0].realised.value == 0.5


def test_delay_has_bounds_where_dates_are_uncertain():
    late = commitment("a", step("delivered", "2024-07"), due="2024-05-31")
    early = commitment("b", step("delivered", "2024-01-01"), due="2024-01-11")
    unknown = commitment("c", step("delivered", "2024"))

    delay = realisation.tally([late, early, unknown]).delay
    assert (delay.n, delay.least_days, delay.most_days) == (2, -10, 61)
    assert delay.median_days == (31 - 10) / 2


@pytest.mark.parametrize(
    ("on", "listed"), [("2025-11-24", False), ("2025-10-24", True), ("2025", False), ("2024", True)]
)
def test_only_what_surely_is_a_plan_for_too_long_is_listed(on, listed):
    found = list(
        realisation.plan_only([commitment("a", step("planned", on))], today=TODAY, months=12)
    )

    assert bool(found) is listed


def test_what_was_funded_or_cancelled_is_no_mere_plan():
    commitments = [
        commitment("agreed", step("planned", "2019"), step("agreed", "2026")),
        commitment("funded", step("planned", "2019"), step("funded", "2020")),
        commitment("cancelled", step("planned", "2019"), step("cancelled", "2020")),
        commitment("resting", step("planned", "2019"), step("suspended", "2020")),
    ]

    found = realisation.plan_only(commitments, today=TODAY, months=12)
    assert [plan.code for plan, _ in found] == ["agreed", "resting"]


@pytest.mark.parametrize(
    "steps",
    [
        ["agreed", "planned"],
        ["planned", "planned"],
        ["cancelled", "planned"],
        ["delivered", "suspended", "started"],
        [step("planned", "2024"), step("agreed", "2023")],
        [step("evidenced", status="claimed")],
        [step("effect_shown", indicator=None)],
        [],
    ],
)
def test_a_ledger_leads_forward_or_is_refused(steps):
    with pytest.raises(ValidationError):
        commitment("a", *steps)


def test_a_commitment_may_rest_and_go_on():
    resumed = commitment("a", "planned", "suspended", "started", "delivered")

    assert realisation.reached(resumed) == "delivered"
    assert not realisation.is_suspended(resumed)
