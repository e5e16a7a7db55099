"""What people judged: evaluations, their findings, recommendations and counter-statements."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kembar_gateway.register.dates import PartialDate
from kembar_gateway.register.parts import (
    About,
    Code,
    Entry,
    Fact,
    IndicatorRef,
    Many,
    Part,
    PartyRef,
    Text,
)


class Criterion(Part):
    """One of the OECD-DAC criteria, with a score where the evaluator gave one."""

    criterion: Literal[
        "relevance", "coherence", "effectiveness", "efficiency", "impact", "sustainability"
    ]
    score: Annotated[int, Field(ge=1, le=5)] | None = None
    text: Text | None = None


class Finding(Fact):
    """What hinders the cooperation or what it could use."""

    code: Code
    kind: Literal["obstacle", "opportunity"]
    text: Text
    about: Many[About] = ()


class Answer(Part):
    """What became of a recommendation."""

    state: Literal["open", "accepted", "rejected", "under_way", "closed"]
    on: PartialDate
    by: PartyRef | None = None
    text: Text | None = None


class Recommendation(Fact):
    """What should be done; its state is that of the last answer, else `open`."""

    code: Code
    text: Text
    addressed_to: Many[PartyRef] = ()
    due: PartialDate | None = None
    answers: Many[Answer] = ()

    @property
    def state(self) -> str:
        """What the last answer says."""
        return self.answers[-1].state if self.answers else "open"

    @property
    def is_settled(self) -> bool:
        """Say whether nothing more is expected of anybody."""
        return self.state in {"closed", "rejected"}


class CounterStatement(Part):
    """What a party holds against an evaluation."""

    by: PartyRef
    on: PartialDate
    about: Code | None = Field(default=None, description="A finding or recommendation of it.")
    text: Text


class Judgement(Fact):
    """What an evaluation says of a qualitative indicator."""

    indicator: IndicatorRef
    period: PartialDate
    text: Text


class Evaluation(Entry):
    """An evaluation held or to be held; a cooperation, a programme or a partner is evaluated."""

    kind: Literal["periodic", "mid_term", "final", "partner", "concept", "external"]
    evaluator: PartyRef | None = None
    evaluator_name: Text | None = Field(
        default=None, description="Who evaluated, where it is no party."
    )
    subjects: Many[PartyRef] = Field(default=(), description="Parties that are evaluated.")
    about: Many[About] = ()
    planned_on: PartialDate | None = None
    held_on: PartialDate | None = None
    every_months: Annotated[int, Field(ge=1, le=240)] | None = Field(
        default=None, description="It is due again so many months after it was held."
    )
    criteria: Many[Criterion] = ()
    findings: Many[Finding] = ()
    recommendations: Many[Recommendation] = ()
    judgements: Many[Judgement] = ()
    counter_statements: Many[CounterStatement] = ()
    conclusions: Text | None = None
    state: Literal["standing", "cancelled"] = "standing"

    @model_validator(mode="after")
    def _items_are_told_apart(self) -> Evaluation:
        codes = [f.code for f in self.findings] + [r.code for r in self.recommendations]
        if len(set(codes)) != len(codes):
            raise PydanticCustomError("code-twice", "a code is given twice")
        if self.evaluator is not None and self.evaluator_name is not None:
            raise PydanticCustomError("two-evaluators", "evaluator and evaluator_name")
        return self
