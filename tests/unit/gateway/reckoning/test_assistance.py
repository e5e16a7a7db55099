"""What two cities gave each other, seen from either side."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_gateway.reckoning.assistance import assistance
from kembar_gateway.register.dates import Span
from kembar_gateway.register.resources import TRANSFERS
from kembar_gateway.wire import State
from tests.unit.gateway.reckoning.made import contribution, fact

SIDES = ("bandung", "kawasaki")
TOP = {"pdam": "bandung", "waterworks": "kawasaki"}
KINDS = [
    ("technical", "person_days"),
    ("technical", "items"),
    ("non_technical", "person_days"),
    ("material", "kg"),
    ("financial", "JPY"),
    ("facilitation", "person_days"),
]


def side_of(party):
    return TOP.get(party, party)


def swapped(each):
    return each.model_copy(update={"giver": each.receiver, "receiver": each.giver})


contributions = st.lists(
    st.builds(
        lambda code, pair, kind, quantity: contribution(
            code, *pair, quantity, kind=kind[0], unit=kind[1]
        ),
        st.from_regex(r"[a-z]{3}", fullmatch=True),
        st.sampled_from([("bandung", "kawasaki"), ("kawasaki", "bandung"), ("waterworks", "pdam")]),
        st.sampled_from(KINDS),
        st.none() | st.floats(0, 1e6),
    ),
    max_size=8,
)


@settings(max_examples=40)
@given(contributions)
def test_swapping_the_cities_mirrors_every_balance(several):
    here = assistance(several, SIDES, side_of).balances
    there = assistance([swapped(each) for each in several], SIDES, side_of).balances

    assert [(b.kind, b.unit) for b in here] == [(b.kind, b.unit) for b in there]
    for one, other in zip(here, there, strict=True):
        assert one.given == other.given[::-1]
        assert one.balance.state == other.balance.state
        assert one.dominance == other.dominance
        assert {one.dominant, other.dominant} in ({None}, set(SIDES))
        if one.balance.value is not None:
            assert one.balance.value == -other.balance.value


@settings(max_examples=40)
@given(contributions)
def test_kinds_and_units_are_never_added_up_and_facilitation_has_no_balance(several):
    found = assistance(several, SIDES, side_of).balances
    stated = [b for b in found if b.n]

    assert sum(b.n for b in found) == len(several)
    assert {(b.kind, b.unit) for b in stated} == {(c.kind, c.unit) for c in several}
    assert {b.kind for b in found} >= set(TRANSFERS)
    assert all(b.balance.value is None for b in found if b.kind == "facilitation")


def balance_of(*several, **arguments):
    found = assistance(several, SIDES, side_of, **arguments)
    return next(b for b in found.balances if b.kind == "technical")


def test_dominance_is_the_greater_share():
    balance = balance_of(
        contribution("a", "kawasaki", "bandung", 30.0), contribution("b", "bandung", "kawasaki", 10)
    )

    assert (balance.balance.value, balance.dominance.value) == (-0.5, 0.75)
    assert balance.dominant == "kawasaki"
    assert [given.value for given in balance.given] == [10, 30]


@pytest.mark.parametrize(
    ("several", "state", "reason"),
    [
        ([], State.NO_DATA, None),
        ([("kawasaki", "bandung", 30.0)], State.INSUFFICIENT, "one-side-undeclared"),
        ([("kawasaki", "bandung", None)], State.CANNOT_ASSESS, "quantity-unknown"),
        ([("kawasaki", "bandung", 0), ("bandung", "kawasaki", 0)], State.CANNOT_ASSESS,
         "nothing-given"),
    ],
)  # fmt: skip
def test_what_nobody_declared_is_no_zero(several, state, reason):
    balance = balance_of(*(contribution(f"c{i}", *each) for i, each in enumerate(several)))

    assert (balance.balance.value, balance.balance.state) == (None, state)
    assert balance.balance.reason == reason
    assert balance.dominant is None


def test_a_declared_zero_counts():
    balance = balance_of(
        contribution("a", "kawasaki", "bandung", 30.0), contribution("b", "pdam", "waterworks", 0)
    )

    assert (balance.balance.value, balance.dominance.value) == (-1, 1)


def test_only_what_surely_lies_in_the_period_counts():
    dated = {"inside": "2023-05", "uncertain": "FY2023", "before": "2022"}
    several = [
        contribution(name, "kawasaki", "bandung", 1.0, dates=[fact(event="given", on=on)])
        for name, on in dated.items()
    ]
    several.append(contribution("undated", "kawasaki", "bandung", 1.0))
    several.append(contribution("elsewhere", "kawasaki", "jica", 1.0))

    found = assistance(several, SIDES, side_of, period=Span.of("2023"))
    assert found.balances[0].n == 1
    assert (found.uncertain, found.outside) == (("uncertain", "undated"), ("elsewhere",))
