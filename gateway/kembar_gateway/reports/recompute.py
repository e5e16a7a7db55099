"""Outcomes from a report's inputs alone: `combine@2` and `tally@1`, as anybody can repeat them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from kembar_gateway import outcomes
from kembar_gateway.combining import Disrupted
from kembar_gateway.tallies import Term
from kembar_gateway.wire import Figure, Measure, Origin, Period, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kembar_gateway.outcomes import Outcome
    from kembar_gateway.reports.canonical import Json

COMBINE: Final = "combine@2"
"""How months and years become one outcome; it gets a new number when a result would change.

The first knew neither targets of single periods nor disruptions.
"""

TALLY: Final = "tally@1"
"""How entries of the register become one outcome."""

FIGURE_MEMBERS: Final = (
    "indicator", "jurisdiction", "period", "value", "unit", "state", "numerator", "denominator",
    "n", "expected", "coverage", "origin", "method", "digest",
)  # fmt: skip

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stated:
    """What somebody stated for one year."""

    year: int
    value: float


@dataclass(frozen=True, slots=True)
class StatedForPeriod:
    """A target that somebody stated for one period."""

    period: str
    value: float


@dataclass(frozen=True, slots=True)
class Definition:
    """What an outcome is computed by, read from a report's inputs."""

    code: str
    unit: str
    measure: Measure
    jurisdictions: tuple[str, ...]
    baseline: Stated | None
    targets: tuple[Stated, ...]
    period_targets: tuple[StatedForPeriod, ...]
    rule: str
    disrupted: tuple[Disrupted, ...]

    @classmethod
    def read(cls, members: Json) -> Definition:
        """Return a definition as the inputs spell it."""
        baseline = members["baseline"]
        return cls(
            code=members["indicator"],
            unit=members["unit"],
            measure=Measure(members["measure"]),
            jurisdictions=tuple(members["jurisdictions"]),
            baseline=None if baseline is None else Stated(**baseline),
            targets=tuple(Stated(**target) for target in members["targets"]),
            period_targets=tuple(StatedForPeriod(**t) for t in members["period_targets"]),
            rule=members["rule"],
            disrupted=tuple(
                Disrupted(each["disruption"], Period.parse(each["period"]))
                for each in members["disrupted"]
            ),
        )


def outcomes_of(inputs: Json) -> list[Json]:
    """Return the numbers and state of every outcome, in the order of the definitions."""
    figures = [_figure(members) for members in inputs["figures"]]
    period, this_month = Period.parse(inputs["period"]), Period.parse(inputs["this_month"])
    found = []
    for members in inputs["definitions"]:
        definition = Definition.read(members)
        outcome = (
            outcomes.tallied(
                definition,
                [_term(each) for each in inputs["terms"] if each["indicator"] == definition.code],
                period,
                this_month=this_month,
                sources=(),
                computed_at=_NEVER,
            )
            if definition.rule == TALLY
            else outcomes.compute(
                definition,
                figures,
                period,
                this_month=this_month,
                sources=(),
                computed_at=_NEVER,
                disrupted=definition.disrupted,
            )
        )
        found.append(spelled(outcome))
    return found


def differing(outcomes_said: Iterable[Json], inputs: Json) -> list[tuple[str, str, Any, Any]]:
    """Return indicator, member, what is said and what comes out, wherever they differ."""
    said = {outcome["indicator"]: outcome for outcome in outcomes_said}
    return [
        (outcome["indicator"], name, said.get(outcome["indicator"], {}).get(name), value)
        for outcome in outcomes_of(inputs)
        for name, value in outcome.items()
        if said.get(outcome["indicator"], {}).get(name) != value
    ]


def spelled(outcome: Outcome) -> Json:
    """Return what is computed of an outcome as JSON: no clock and no source is part of it."""
    baseline, target, rest = outcome.baseline, outcome.target, outcome.undisrupted
    return {
        "indicator": outcome.indicator,
        "period": str(outcome.period),
        "value": outcome.value,
        "unit": outcome.unit,
        "state": outcome.state.value,
        "n": outcome.n,
        "expected": outcome.expected,
        "coverage": outcome.coverage,
        "months": outcome.months,
        "months_expected": outcome.months_expected,
        "origin": None if outcome.origin is None else outcome.origin.value,
        "methods": list(outcome.methods),
        "baseline": None if baseline is None else baseline.value,
        "baseline_year": None if baseline is None else baseline.year,
        "target": None if target is None else target.value,
        "target_year": None if target is None else target.year,
        "target_period": None if target is None else target.period,
        "progress": outcome.progress,
        "achievement": outcome.achievement,
        "numerator": outcome.numerator,
        "denominator": outcome.denominator,
        "disruptions": list(outcome.disruptions),
        "undisrupted": None if rest is None else {**asdict(rest), "state": rest.state.value},
        "findings": outcomes.findings(outcome),
    }


def _term(members: Json) -> Term:
    return Term(**{name: value for name, value in members.items() if name != "indicator"})


def _figure(members: Json) -> Figure:
    chosen = {name: members[name] for name in FIGURE_MEMBERS}
    chosen |= {"state": State(chosen["state"]), "origin": Origin(chosen["origin"])}
    return Figure(**chosen)
