"""Programmes, one below another, and the pilots in which a technology is tried."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kembar_gateway.register.dates import PartialDate
from kembar_gateway.register.parts import (
    MOST_AMOUNT,
    Entry,
    Fact,
    FocusAreaRef,
    Halt,
    IndicatorRef,
    Line,
    Many,
    Part,
    PartyRef,
    ProgrammeRef,
    ScopeRef,
    Text,
    When,
)

StationGlob = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x20\x7f]+$")]


class DatedEvent(When):
    """A date somebody stated; two sources may state two."""

    event: Literal["adopted", "start", "end"]


class Statement(Fact):
    """What was said about a programme; promotion is kept apart from results."""

    text: Text
    as_of: PartialDate | None = None
    about: Literal["content", "promotion", "result", "plan"] = "content"


class Ceiling(Part):
    """The most a payer agreed to pay."""

    amount: Annotated[int, Field(ge=0, le=MOST_AMOUNT)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    paid_by: PartyRef


class Programme(Entry):
    """Work done under a focus area; one may be part of a greater one."""

    focus_area: FocusAreaRef | None = None
    parent: ProgrammeRef | None = Field(default=None, description="The programme it is part of.")
    level: Literal["national", "provincial", "city", "project"] | None = None
    owner: PartyRef | None = None
    partners: Many[PartyRef] = ()
    ceiling: Ceiling | None = None
    stations: Many[StationGlob] = Field(
        default=(), description="Globs of the stations whose measurements tell of it."
    )
    indicators: Many[IndicatorRef] = ()
    dates: Many[DatedEvent] = ()
    statements: Many[Statement] = ()
    halt: Halt | None = None


class PilotStage(When):
    """A stage that a pilot has reached."""

    stage: Literal["planned", "trial", "result", "scale", "stop"]


class Measured(Part):
    """The figure that a result rests on."""

    indicator: IndicatorRef
    period: Annotated[str, Field(pattern=r"^\d{4}(-\d{2})?(/\d{4}-\d{2})?$")]
    value: float
    unit: Line


class Verdict(Fact):
    """What came of a pilot; success needs a measured result or evidence of it."""

    verdict: Literal["successful", "unsuccessful", "inconclusive"]
    measured: Measured | None = None
    text: Text | None = None

    @model_validator(mode="after")
    def _success_is_measured(self) -> Verdict:
        is_shown = self.measured is not None or bool(self.evidence)
        if self.verdict == "successful" and not is_shown:
            raise PydanticCustomError("success-unmeasured", "no measured result")
        return self


_STAGES = ("planned", "trial", "result", "scale")


class Pilot(Entry):
    """Something tried in one place before it is done everywhere."""

    hypothesis: Text | None = None
    hypothesis_note: Text | None = Field(
        default=None, description="Why there is no hypothesis, where there is none."
    )
    technology: Text | None = None
    site: Text | None = None
    giver: PartyRef | None = None
    receiver: PartyRef | None = None
    programme: ProgrammeRef | None = None
    scopes: Many[ScopeRef] = ()
    stages: Annotated[tuple[PilotStage, ...], Field(strict=False, min_length=1, max_length=50)]
    outcome: Verdict | None = None

    @model_validator(mode="after")
    def _hypothesis_or_why_not(self) -> Pilot:
        if (self.hypothesis is None) == (self.hypothesis_note is None):
            raise PydanticCustomError("hypothesis-or-note", "hypothesis or note")
        return self

    @model_validator(mode="after")
    def _stages_follow_each_other(self) -> Pilot:
        reached = [stage.stage for stage in self.stages]
        if "stop" in reached[:-1]:
            raise PydanticCustomError("after-the-end", "a stage after the end")
        places = [_STAGES.index(stage) for stage in reached if stage != "stop"]
        if places != sorted(set(places)):
            raise PydanticCustomError("step-backwards", "a stage before one reached")
        if self.outcome is not None and not {"result", "scale", "stop"} & set(reached):
            raise PydanticCustomError("outcome-too-early", "no result yet")
        return self

    @property
    def is_successful(self) -> bool:
        """Say whether a measured result shows that it worked."""
        return self.outcome is not None and self.outcome.verdict == "successful"
