"""Outcomes out of inputs alone: three programs that share no code agree on every number."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_client import canonical as client
from kembar_client import recomputing
from kembar_gateway.outcomes import Freshness
from kembar_gateway.register import profile
from kembar_gateway.reports import canonical, recompute
from kembar_gateway.shelves import Shelf
from kembar_gateway.wire import Period
from tests.contract.test_docs import renderer
from tests.reporting import AT, COOPERATION, FIGURES, made

script = renderer("recompute")

NUMBER = st.floats(0.01, 1e6)
COVERAGE = st.sampled_from([None, 0.0, 0.5, 0.74, 0.75, 0.9, 1.0])


@st.composite
def a_figure(draw, period):
    state = draw(st.sampled_from(["ok"] * 6 + ["provisional", "insufficient", "cannot_assess"]))
    value = draw(NUMBER) if state in {"ok", "provisional"} else None
    return {
        "indicator": "air.x",
        "jurisdiction": draw(st.sampled_from(["bandung"] * 4 + ["kawasaki"])),
        "period": period,
        "value": value,
        "unit": draw(st.sampled_from(["1"] * 9 + ["kg"])),
        "state": state,
        "numerator": draw(st.none() | NUMBER) if value is not None else None,
        "denominator": draw(st.sampled_from([None, 0.0, 1.0, 30.0])),
        "n": draw(st.integers(0, 50)),
        "expected": draw(NUMBER),
        "coverage": draw(COVERAGE),
        "origin": draw(st.sampled_from(["real", "stand-in", "synthetic"])),
        "method": draw(st.sampled_from(["m@1"] * 5 + ["m@2"])),
        "digest": "",
    }


@st.composite
def some_inputs(draw):
    periods = ["2022", "2023", *(f"{y}-{m:02}" for y in (2022, 2023) for m in range(1, 13))]
    usual = draw(st.sampled_from([(), tuple(periods[2:]), tuple(periods[14:])]))
    chosen = {*usual, *draw(st.sets(st.sampled_from(periods), max_size=6))}
    figures = {(f["jurisdiction"], p): f for p in sorted(chosen) for f in [draw(a_figure(p))]}
    stated = st.builds(lambda y, v: {"year": y, "value": v}, st.integers(2020, 2026), NUMBER)
    period = draw(
        st.sampled_from(["2023", "2023-05", "2022-07/2023-06", "2022-01/2023-12", "2022"])
    )
    return {
        "period": period,
        "this_month": draw(st.sampled_from(["2021-03", "2023-05", "2023-12", "2024-01"])),
        "definitions": [
            {
                "indicator": "air.x",
                "rule": recompute.COMBINE,
                "unit": "1",
                "measure": draw(st.sampled_from(["ratio", "mean", "total"])),
                "jurisdictions": draw(st.sampled_from([["bandung"], ["bandung", "kawasaki"]])),
                "baseline": draw(st.none() | stated),
                "targets": draw(st.lists(stated, max_size=3, unique_by=lambda t: t["year"])),
                "period_targets": [
                    {"period": stated_for, "value": draw(NUMBER)}
                    for stated_for in draw(st.sets(st.sampled_from([period, "2023-04"])))
                ],
                "disrupted": [
                    {"disruption": "d", "period": within}
                    for within in draw(st.sets(st.sampled_from(parts_of(period)), max_size=2))
                ],
            }
        ],
        "figures": list(figures.values()),
        "terms": [],
    }


def parts_of(text):
    """Return pieces of a period, as a report names disrupted months."""
    period = Period.parse(text)
    middle = (period.first + period.following) // 2
    ends = {(period.first, period.following), (middle, period.following)}
    return sorted({text, *(str(Period(a, b)) for a, b in ends), str(Period(middle, middle + 1))})


NUMERATOR = st.none() | st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0])


@st.composite
def some_terms(draw):
    """Draw what entries of the register add, as tallies and balances have it."""
    has_sides = draw(st.booleans())
    stated = {"indicator": "cooperation.x", "rule": recompute.TALLY, "unit": "1"}
    terms = [
        {
            "indicator": "cooperation.x",
            "entry": f"commitments/c{number}",
            "numerator": draw(NUMERATOR),
            "denominator": draw(st.sampled_from([0.0, 1.0, 1.0, 1.0, 2.5, None])),
            "side": draw(st.sampled_from([1, 2])) if has_sides else None,
            "method": "m@1",
            "digest": "",
        }
        for number in range(draw(st.integers(0, 6)))
    ]
    return {
        "period": draw(st.sampled_from(["2023", "2023-05"])),
        "this_month": draw(st.sampled_from(["2023-01", "2023-05", "2024-01"])),
        "definitions": [
            {
                **stated,
                "measure": draw(st.sampled_from(["ratio", "total"])),
                "jurisdictions": [],
                "baseline": None,
                "targets": [{"year": 2023, "value": draw(NUMBER)}],
                "period_targets": [],
                "disrupted": [],
            }
        ],
        "figures": [],
        "terms": terms,
    }


def agree(inputs):
    (ours,) = recompute.outcomes_of(inputs)
    read = client.read(canonical.dumps(inputs))
    (theirs,) = recomputing.outcomes(read)
    months, now = script.months(read["period"]), script.months(read["this_month"])[0]
    third = script.outcome(read["definitions"][0], read, months, now)

    assert {name: ours[name] for name in theirs} == theirs
    if third["undisrupted"] and ours["undisrupted"]:
        third["undisrupted"] = ours["undisrupted"] | third["undisrupted"]
    assert {name: ours[name] for name in third} == third
    return ours, theirs


@given(some_inputs())
@settings(max_examples=50, deadline=None)
def test_three_programs_agree(inputs):
    ours, theirs = agree(inputs)

    assert set(theirs) | {"period"} == set(ours)


@given(some_terms())
@settings(max_examples=25, deadline=None)
def test_three_programs_agree_on_what_follows_from_the_register(inputs):
    ours, _ = agree(inputs)

    assert (ours["value"] is None) == (ours["state"] not in {"ok", "provisional"})


@given(some_inputs())
@settings(max_examples=15, deadline=None)
def test_reports_of_the_first_rule_are_recomputed_as_before(inputs):
    """It knew neither targets of single periods nor disruptions, and had none of their members."""
    (definition,) = inputs["definitions"]
    plain = {**definition, "period_targets": [], "disrupted": []}
    first = {n: plain[n] for n in plain if n not in {"period_targets", "disrupted"}}
    old = {**inputs, "definitions": [first | {"rule": "combine@1"}]}
    del old["terms"]

    (ours,) = recompute.outcomes_of({**inputs, "definitions": [plain]})
    read = client.read(canonical.dumps(old))
    (theirs,) = recomputing.outcomes(read)
    months, now = script.months(read["period"]), script.months(read["this_month"])[0]
    third = script.outcome(read["definitions"][0], read, months, now)

    later = {"target_period", "findings", "numerator", "denominator", "disruptions", "undisrupted"}
    assert set(ours) - set(theirs) == later | {"period"}
    assert {name: ours[name] for name in theirs} == theirs
    assert {name: ours[name] for name in third} == third


def test_a_report_says_what_the_outcomes_say():
    """Figures of other periods, which a report leaves out, would change nothing."""
    document, inputs = made()
    known = profile.load(None)
    figures: dict[str, list] = {}
    for each in (*FIGURES, *known.published_figures_of(COOPERATION)):
        figures.setdefault(each.indicator, []).append(each)
    found = [indicator.service for indicator in known.indicators_of(COOPERATION)]
    fresh = {service: Freshness(service, None, None, stale=False) for service in found}
    shelf = Shelf(known, COOPERATION, figures, fresh, AT)
    for outcome, indicator in zip(
        document["outcomes"], known.indicators_of(COOPERATION), strict=True
    ):
        whole = recompute.spelled(shelf.outcome(indicator, Period.parse("2023")))
        assert {n: outcome[n] for n in whole} == whole
    assert recompute.differing(document["outcomes"], inputs) == []


def test_a_number_that_differs_is_named():
    document, inputs = made()
    document["outcomes"][0]["value"] += 1e-9

    ((indicator, member, said, found),) = recompute.differing(document["outcomes"], inputs)
    assert (indicator, member, said - found > 0) == ("waste.generated", "value", True)
