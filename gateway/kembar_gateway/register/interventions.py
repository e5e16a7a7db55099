"""Measures whose effect shall be told from figures: reach, start, and a control beside it."""

from __future__ import annotations

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kembar_gateway.register.parts import (
    ActivityRef,
    Code,
    Entry,
    Halt,
    IndicatorRef,
    Many,
    PartyRef,
    ProgrammeRef,
    Text,
    When,
)
from kembar_gateway.register.programmes import StationGlob


class Intervention(Entry):
    """A measure at one place, judged by an indicator there and, alike, where it was not taken.

    An effect is attributed only beside a control that was entered here before the measure began:
    when it was entered is what the register says, not who enters it.
    """

    indicator: IndicatorRef
    reach: Code = Field(description="The area whose figures it should move.")
    control: Code | None = Field(
        default=None, description="An area alike in all but the measure; null where there is none."
    )
    control_note: Text | None = Field(
        default=None, description="Why this area, or why there is none."
    )
    started: When
    programme: ProgrammeRef | None = None
    activities: Many[ActivityRef] = ()
    parties: Many[PartyRef] = ()
    stations: Many[StationGlob] = Field(default=(), description="Globs of those in its reach.")
    halt: Halt | None = None

    @model_validator(mode="after")
    def _control_lies_elsewhere(self) -> Intervention:
        if self.control == self.reach:
            raise PydanticCustomError("control-is-reach", "control and reach are one")
        return self

    @property
    def design(self) -> tuple[object, ...]:
        """What must have been said before it began: none of this may be chosen afterwards."""
        started = self.started
        return self.indicator, self.reach, self.control, started.on, started.alternatives
