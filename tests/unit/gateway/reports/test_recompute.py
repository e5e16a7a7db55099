"""Outcomes out of inputs alone: three programs that share no code agree on every number."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_client import canonical as client
from kembar_client import recomputing
from kembar_gateway import outcomes
from kembar_gateway.register import profile
from kembar_gateway.reports import canonical, recompute
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
    return {
        "period": draw(
            st.sampled_from(["2023", "2023-05", "2022-07/2023-06", "2022-01/2023-12", "2022"])
        ),
        "this_month": draw(st.sampled_from(["2021-03", "2023-05", "2023-12", "2024-01"])),
        "definitions": [
            {
                "indicator": "air.x",
                "rule": recompute.RULE,
                "unit": "1",
                "measure": draw(st.sampled_from(["ratio", "mean", "total"])),
                "jurisdictions": draw(st.sampled_from([["bandung"], ["bandung", "kawasaki"]])),
                "baseline": draw(st.none() | stated),
                "targets": draw(st.lists(stated, max_size=3, unique_by=lambda t: t["year"])),
            }
        ],
        "figures": list(figures.values()),
    }


@given(some_inputs())
@settings(max_examples=80, deadline=None)
def test_three_programs_agree(inputs):
    (ours,) = recompute.outcomes_of(inputs)
    read = client.read(canonical.dumps(inputs))
    (theirs,) = recomputing.outcomes(read)
    months, now = script.months(read["period"]), script.months(read["this_month"])[0]
    third = script.outcome(read["definitions"][0], read["figures"], months, now)

    assert {name: ours[name] for name in theirs} == theirs
    assert {name: ours[name] for name in third} == third


def test_a_report_says_what_the_outcomes_say():
    """Figures of other periods, which a report leaves out, would change nothing."""
    document, inputs = made()
    known = profile.load(None)
    for outcome, indicator in zip(
        document["outcomes"], known.indicators_of(COOPERATION), strict=True
    ):
        whole = outcomes.compute(
            indicator,
            [*FIGURES, *known.published_figures_of(COOPERATION)],
            Period.parse("2023"),
            this_month=known.this_month(COOPERATION, AT),
            sources=(),
            computed_at=AT,
        )
        assert {n: outcome[n] for n in recompute.spelled(whole)} == recompute.spelled(whole)
    assert recompute.differing(document["outcomes"], inputs) == []


def test_a_number_that_differs_is_named():
    document, inputs = made()
    document["outcomes"][0]["value"] += 1e-9

    ((indicator, member, said, found),) = recompute.differing(document["outcomes"], inputs)
    assert (indicator, member, said - found > 0) == ("waste.generated", "value", True)
