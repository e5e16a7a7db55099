"""The shapes of the register: what they take, what they refuse, what they point at."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from kembar_gateway import register
from kembar_gateway.entries import spelled
from kembar_gateway.register.agreements import Agreement
from kembar_gateway.register.checks import faults_of
from kembar_gateway.register.dates import Span, add_months, months_between
from kembar_gateway.register.kinds import KINDS
from kembar_gateway.register.parts import Text, When
from kembar_gateway.register.programmes import Pilot
from kembar_gateway.register.references import references
from tests.unit.gateway.reckoning.made import WORDS, entry, evidenced, fact


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2019", date(2019, 1, 1), date(2019, 12, 31)),
        ("2020-02", date(2020, 2, 1), date(2020, 2, 29)),
        ("2016-02-18", date(2016, 2, 18), date(2016, 2, 18)),
        ("FY2016", date(2016, 4, 1), date(2017, 3, 31)),
    ],
)
def test_a_partial_date_means_the_days_it_may_be(text, first, last):
    assert Span.of(text) == Span(first, last)


@pytest.mark.parametrize("text", ["2019-13", "2019-02-29", "FY2019-04", "19", "", "1800", "2019-1"])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(ValidationError):
        When.model_validate(fact(on=text))


@settings(max_examples=40)
@given(st.dates(date(1950, 1, 1), date(2100, 1, 1)), st.integers(0, 240))
def test_months_are_counted_as_they_are_added(day, months):
    later = add_months(day, months)
    counted = months_between(day, later)

    # The last day of a longer month has no like in a shorter one.
    assert counted == months or (counted == months - 1 and later.day < day.day)


def test_doubt_about_a_date_must_be_said():
    doubt = fact(on="2019", alternatives=["2020"])
    said = When.model_validate(doubt | {"note": {"en": "2019 or 2020, source unclear"}})

    assert said.span == Span.of("2019", "2020")
    with pytest.raises(ValidationError):
        When.model_validate(doubt)


def test_words_are_said_in_the_language_asked_for_or_in_another():
    assert Text(id="ya").say("ja") == "ya"
    assert Text(id="ya", ja="はい").say("ja") == "はい"
    with pytest.raises(ValidationError):
        Text()


def pilot(*stages, **members):
    shaped = [fact(stage=stage, on="2024") for stage in stages]
    return Pilot.model_validate(entry("p", hypothesis=WORDS, stages=shaped) | members)


MEASURED = {"indicator": "waste.sorted_share", "period": "2024", "value": 0.3, "unit": "1"}


def test_a_pilot_is_successful_with_a_measured_result_alone():
    measured = pilot("trial", "result", outcome=fact(verdict="successful", measured=MEASURED))
    shown = pilot("result", outcome=evidenced(verdict="successful"))
    failed = pilot("stop", outcome=fact(verdict="unsuccessful"))

    assert [p.is_successful for p in (measured, shown, failed)] == [True, True, False]
    for stages, outcome in (
        (("trial", "result"), fact(verdict="successful")),
        (("trial", "result"), fact(verdict="successful", status="claimed")),
        (("planned", "trial"), fact(verdict="successful", measured=MEASURED)),
        (("result", "trial"), None),
        (("stop", "trial"), None),
    ):
        with pytest.raises(ValidationError):
            pilot(*stages, outcome=outcome)


def change(kind, before=(), after=None):
    note = {"note": WORDS} if kind == "unclear" else {}
    return fact(change=kind, before=list(before), after=after, **note)


def renewed(*changes, scopes=("waste", "air")):
    shaped = [fact(code=scope, names=WORDS) for scope in scopes]
    members = {"kind": "memorandum", "replaces": "old", "renewal": list(changes)}
    return Agreement.model_validate(entry("new", scopes=shaped) | members)


def test_a_renewal_tells_of_every_scope_once():
    old = [fact(code=scope, names=WORDS) for scope in ("solid", "energy")]
    book = register.Register(
        [
            register.Entered(
                "agreements", "c", "old",
                Agreement.model_validate(entry("old", kind="memorandum", scopes=old)),
            )
        ]
    )  # fmt: skip
    kept, dropped, new = (
        change("kept", ["solid"], "waste"),
        change("dropped", ["energy"]),
        change("new", after="air"),
    )

    def codes(*changes):
        entered = register.Entered("agreements", "c", "new", renewed(*changes))
        return {(f.code, f.params.get("scope")) for f in faults_of(entered, book)}

    assert codes(kept, dropped, new) == set()
    assert codes() == set()
    assert codes(kept, new) == {("scope-not-told-once", "energy")}
    assert codes(kept, dropped) == {("scope-not-told-once", "air")}
    assert codes(kept, dropped, dropped, new) == {("scope-not-told-once", "energy")}
    assert ("unknown-reference", None) in codes(kept, change("dropped", ["x", "energy"]), new)


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("kept", ["a", "b"], "c"),
        ("kept", [], "c"),
        ("merged", ["a"], None),
        ("dropped", ["a"], "c"),
        ("new", ["a"], "c"),
        ("unclear", [], None),
    ],
)
def test_a_change_of_scopes_has_the_sides_it_needs(kind, before, after):
    with pytest.raises(ValidationError):
        renewed(change(kind, before, after))


def test_every_entry_of_the_profile_is_read_back_as_it_is_stored():
    for entered in register.load(None).entries:
        stored = spelled(entered.part)
        again = KINDS[entered.kind].model.model_validate_json(stored)

        assert again == entered.part
        assert spelled(again) == stored


def test_references_are_found_at_every_depth():
    entries = register.load(None).entries
    found = {
        (e.kind, kind) for e in entries for _, kind, _ in references(e.part)
    }  # fmt: skip

    assert found >= {
        ("cooperations", "parties"),
        ("agreements", "focus-areas"),
        ("commitments", "scopes"),
        ("programmes", "indicators"),
        ("activities", "parties"),
        ("decisions", "findings"),
        ("evaluations", "agreements"),
    }
