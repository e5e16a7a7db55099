"""What was done: activities with their participants, and commitments with their steps."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kembar_gateway.register.dates import PartialDate
from kembar_gateway.register.parts import (
    ActivityRef,
    Code,
    Entry,
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

Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Days = Annotated[float, Field(ge=0, le=1e12)]

SOFT: Final = frozenset(
    {"training", "knowledge_sharing", "mentoring", "action_plan", "facilitation", "evaluation"}
)
"""Activities that share knowledge or make plans."""

IMPLEMENTATION: Final = frozenset({"pilot", "construction", "equipment", "monitoring"})
"""Activities that change something in the field or measure it."""


class ActivityDate(When):
    """A date of an activity; `sign_of_life` shows that one without an end still went on."""

    event: Literal["planned_start", "actual_start", "planned_end", "actual_end", "sign_of_life"]


class Participants(Part):
    """How many people of one group took part, and for how long."""

    group: Code = Field(description="`civil-servants`, `community`, …: an open list.")
    party: PartyRef | None = None
    persons: Count | None = None
    person_days: Days | None = None


class VendorInterest(Part):
    """Whether someone who sells what is promoted takes part."""

    declared: Literal["none", "vendor"]
    parties: Many[PartyRef] = ()
    text: Text | None = None


class FollowUp(When):
    """What a test some time after a training showed."""

    tested: Count
    passed: Count

    @model_validator(mode="after")
    def _no_more_pass_than_were_tested(self) -> FollowUp:
        if self.passed > self.tested:
            raise PydanticCustomError("more-passed-than-tested", "more passed than were tested")
        return self


class Series(Part):
    """The place of an activity in a series: the 4th joint training."""

    name: Line
    number: Annotated[int, Field(ge=1, le=10_000)]


class Activity(Entry):
    """A training, a construction, a facilitation: what was done or shall be."""

    kind: Literal[
        "training",
        "knowledge_sharing",
        "mentoring",
        "action_plan",
        "facilitation",
        "pilot",
        "construction",
        "equipment",
        "monitoring",
        "evaluation",
    ]
    programme: ProgrammeRef | None = None
    focus_area: FocusAreaRef | None = None
    scopes: Many[ScopeRef] = ()
    organiser: PartyRef | None = None
    parties: Many[PartyRef] = ()
    topic: Text | None = None
    series: Series | None = None
    place: Text | None = None
    is_continuing: bool = Field(
        default=False, description="It goes on without a planned end, and must show that it does."
    )
    dates: Many[ActivityDate] = ()
    participants: Many[Participants] = ()
    follow_up: FollowUp | None = None
    vendor_interest: VendorInterest | None = Field(
        default=None, description="Null where nobody has declared anything."
    )
    halt: Halt | None = None


STEPS: Final = (
    "planned",
    "agreed",
    "funded",
    "started",
    "delivered",
    "evidenced",
    "effect_shown",
)
"""What a commitment goes through, in this order."""


class Step(When):
    """A step that a commitment has taken, or why it ended or rests."""

    step: Literal[
        "planned",
        "agreed",
        "funded",
        "started",
        "delivered",
        "evidenced",
        "effect_shown",
        "suspended",
        "cancelled",
    ]
    indicator: IndicatorRef | None = Field(
        default=None, description="What shows the effect; needed for `effect_shown`."
    )

    @model_validator(mode="after")
    def _is_shown(self) -> Step:
        if self.step in {"evidenced", "effect_shown"} and self.status != "evidenced":
            raise PydanticCustomError("no-evidence", "evidenced without evidence")
        if self.step == "effect_shown" and self.indicator is None:
            raise PydanticCustomError("effect-unmeasured", "no indicator")
        return self


class Commitment(Entry):
    """What parties said they would do, and how far it has come: its step is never typed in."""

    kind: Literal["delivery", "support", "plan_item"] = "delivery"
    parties: Many[PartyRef] = Field(default=(), description="Who promised it.")
    scopes: Many[ScopeRef] = ()
    programme: ProgrammeRef | None = None
    activities: Many[ActivityRef] = ()
    due: PartialDate | None = Field(default=None, description="When it shall be delivered.")
    indicators: Many[IndicatorRef] = Field(default=(), description="What will tell whether it is.")
    statement: Text | None = None
    steps: Annotated[tuple[Step, ...], Field(strict=False, min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _steps_lead_forward(self) -> Commitment:
        reached, earliest = -1, None
        for place, step in enumerate(self.steps):
            is_last = place == len(self.steps) - 1
            if step.step == "cancelled" and not is_last:
                raise PydanticCustomError("after-the-end", "a step after the end")
            if step.step in STEPS:
                if STEPS.index(step.step) <= reached:
                    raise PydanticCustomError("step-backwards", "a step before one taken")
                reached = STEPS.index(step.step)
            if earliest is not None and step.span.last < earliest:
                raise PydanticCustomError("date-backwards", "an earlier date than the step before")
            earliest = step.span.first
        return self
