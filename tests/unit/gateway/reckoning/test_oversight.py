"""Deadlines, silence, composition, samples and revisions."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_gateway.reckoning import sampling
from kembar_gateway.reckoning.composition import composition
from kembar_gateway.reckoning.deadlines import overdue
from kembar_gateway.register.book import Entered
from kembar_gateway.wire import State
from tests.unit.gateway.reckoning.made import (
    WORDS,
    activity,
    commitment,
    evaluation,
    evidenced,
    fact,
    step,
)

TODAY = date(2026, 11, 25)
AT = datetime(2026, 11, 25, tzinfo=UTC)


def late(evaluations=(), commitments=(), activities=()):
    found = overdue(
        evaluations, commitments, activities, today=TODAY, plan_months=12, silent_months=12
    )
    return [(each.code, each.reason, each.days) for each in found]


def test_evaluations_are_due_once_and_again():
    evaluations = [
        evaluation("planned", planned_on="2026-10"),
        evaluation("coming", planned_on="2026-11-25"),
        evaluation("yearly", held_on="2025-11-24", every_months=12),
        evaluation("yearly-in-time", held_on="2025-11-25", every_months=12),
        evaluation("held", planned_on="2020", held_on="2021"),
        evaluation("cancelled", planned_on="2020", state="cancelled"),
    ]

    assert late(evaluations) == [("planned", "not-held", 25), ("yearly", "due-again", 1)]


def test_a_recommendation_is_open_until_it_is_settled():
    def recommendation(code, *states):
        answers = [{"state": state, "on": "2025"} for state in states]
        return fact(code=code, text=WORDS, due="2025", answers=answers)

    one = evaluation(
        "e",
        recommendations=[
            recommendation("new"),
            recommendation("accepted", "accepted"),
            recommendation("closed", "accepted", "closed"),
            recommendation("reopened", "closed", "open"),
            recommendation("rejected", "rejected"),
        ],
    )
    days = (TODAY - date(2025, 12, 31)).days
    names = ["e/accepted", "e/new", "e/reopened"]
    assert late([one]) == [(name, "open", days) for name in names]


def test_promises_are_late_after_the_last_day_they_may_mean():
    commitments = [
        commitment("late", "started", due="2026-10-31"),
        commitment("this-year", "started", due="2026"),
        commitment("done", "delivered", due="2020"),
        commitment("paper", step("planned", "2024")),
    ]

    assert late(commitments=commitments) == [
        ("paper", "only-a-plan", 329),
        ("late", "not-delivered", 25),
    ]


def test_a_continuing_activity_that_is_silent_shows_no_continuation():
    activities = [
        activity("silent", "mentoring", ("actual_start", "2019"), is_continuing=True),
        activity("alive", "mentoring", ("actual_start", "2019"), ("sign_of_life", "2026-02"),
                 is_continuing=True),
        activity("ended", "mentoring", ("actual_start", "2019"), ("actual_end", "2020"),
                 is_continuing=True),
        activity("single", "training", ("actual_start", "2019")),
    ]  # fmt: skip

    ((code, reason, _),) = late(activities=activities)
    assert (code, reason) == ("silent", "silent")


def test_composition_counts_what_took_place():
    vendor = {"declared": "vendor"}
    people = [{"group": "civil-servants", "persons": 20, "person_days": 60}]
    found = composition(
        [
            activity("a", "training", ("actual_start", "2019"), participants=people),
            activity("b", "construction", ("actual_end", "2020"), vendor_interest=vendor),
            activity("c", "mentoring", ("actual_start", "2020"),
                     vendor_interest={"declared": "none"}),
            activity("d", "training", ("planned_start", "2027")),
            activity("e", "training", ("actual_start", "2020"),
                     halt=fact(state="cancelled", on="2020")),
        ]
    )  # fmt: skip

    assert (found.total, found.planned) == (3, 1)
    assert (found.soft.numerator, found.implementation.numerator) == (2, 1)
    assert (found.vendor_linked.numerator, found.vendor_linked.denominator) == (1, 2)
    assert found.person_days.value == 60
    assert composition([]).soft.state is State.NO_DATA


def test_trainings_of_unknown_size_have_no_sum():
    unsized = activity("a", "training", ("actual_start", "2019"))

    assert composition([unsized]).person_days.state is State.CANNOT_ASSESS


def entered(code):
    digest = {"title": "t", "sha256": f"{int(code[1:]):064x}"}
    part = commitment(code, step("evidenced", **evidenced(evidence=[digest])))
    return Entered("commitments", "c", code, part)


@settings(max_examples=30)
@given(st.text(min_size=1, max_size=20), st.integers(1, 8), st.integers(0, 12))
def test_a_seed_alone_decides_what_is_drawn(seed, size, count):
    entries = [entered(f"c{number}") for number in range(count)]
    chains = list(sampling.chains(entries))
    drawn = sampling.draw(chains, seed=seed, size=size)

    assert len(chains) == count
    assert drawn == sampling.draw(reversed(chains), seed=seed, size=size)
    assert len(drawn) == min(size, count)
    fewer = [chain for chain in chains if chain.code != "c0"]
    assert [c for c in drawn if c.code != "c0"] == sampling.draw(fewer, seed=seed, size=size)[
        : len([c for c in drawn if c.code != "c0"])
    ]


def test_every_evidence_of_an_entry_is_found_at_its_place():
    (chain,) = sampling.chains([entered("c7")])

    assert (chain.code, chain.place, chain.fact.status) == ("c7", "steps.0", "evidenced")


@pytest.mark.parametrize("seed", ["a", "b"])
def test_another_seed_draws_in_another_order(seed):
    chains = list(sampling.chains([entered(f"c{number}") for number in range(30)]))
    codes = [chain.code for chain in sampling.draw(chains, seed=seed, size=30)]

    assert codes != sorted(codes, key=lambda code: int(code[1:]))
    other = sampling.draw(chains, seed=seed + "x", size=30)
    assert codes != [chain.code for chain in other]
