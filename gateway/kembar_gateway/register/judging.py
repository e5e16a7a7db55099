"""How the cooperation is judged: indicators with baseline and targets, and disruptions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kembar_gateway.register.parts import (
    About,
    Code,
    Entry,
    Fact,
    FocusAreaRef,
    Line,
    Many,
    Part,
    Text,
    When,
)
from kembar_gateway.wire import Figure, Measure, Origin, State

PUBLISHED_METHOD: Final = "published-by-others"
SERVICE: Final = "register"
"""Who the figures come from that the register itself states."""


class YearValue(Fact):
    """A value stated for a calendar year."""

    year: int = Field(ge=1900, le=2200)
    value: float


class PeriodTarget(Fact):
    """What an indicator shall become in a month or in several."""

    period: Annotated[str, Field(pattern=r"^\d{4}-\d{2}(/\d{4}-\d{2})?$")]
    value: float


class Indicator(Part):
    """How one outcome is measured and judged; an absent baseline or target says why."""

    code: Annotated[str, Field(pattern=r"^(waste|water|air)\.[a-z0-9_]{1,57}$")]
    cooperation: Code
    focus_area: FocusAreaRef
    names: Text
    meaning: Text
    unit: Line
    unit_names: Text
    percent: bool = False
    digits: int = Field(ge=0, le=6)
    direction: Literal["up", "down"]
    measure: Annotated[Measure, Field(strict=False)]
    jurisdictions: Annotated[tuple[Code, ...], Field(strict=False, min_length=1, max_length=50)]
    fed_by: Literal["service", "register", "evaluations"] = Field(
        default="service", description="`evaluations`: qualitative, judged by people."
    )
    baseline: YearValue | None = None
    baseline_note: Text | None = None
    targets: Many[YearValue] = ()
    period_targets: Many[PeriodTarget] = ()
    targets_note: Text | None = None
    progress_note: Text | None = None
    note: Text | None = None
    published: Many[YearValue] = ()
    state: Literal["active", "ended"] = "active"

    @model_validator(mode="after")
    def _absence_is_said(self) -> Indicator:
        if (self.baseline is None) == (self.baseline_note is None):
            raise PydanticCustomError("baseline-or-note", "baseline or baseline_note")
        has_targets = bool(self.targets or self.period_targets)
        if has_targets == (self.targets_note is not None):
            raise PydanticCustomError("targets-or-note", "targets or targets_note")
        if bool(self.published) != (self.fed_by == "register"):
            raise PydanticCustomError("published-by-register", "published values")
        return self

    @property
    def service(self) -> str:
        """Who its figures come from."""
        return self.code.partition(".")[0] if self.fed_by == "service" else SERVICE

    def published_figures(self) -> Iterator[Figure]:
        """Yield the values others published as figures of whole years."""
        for stated in self.published:
            yield Figure(
                indicator=self.code,
                jurisdiction=self.jurisdictions[0],
                period=f"{stated.year:04}",
                value=stated.value,
                unit=self.unit,
                state=State.OK,
                numerator=stated.value,
                denominator=1.0,
                n=1,
                expected=1.0,
                origin=Origin.REAL,
                method=PUBLISHED_METHOD,
            )


class DisruptionDate(When):
    """When a disruption began or ended."""

    event: Literal["start", "end"]


class Disruption(Entry):
    """What hindered the cooperation from outside; it never changes a measured value."""

    kind: Literal["pandemic", "flood", "budget_freeze", "other"]
    dates: Many[DisruptionDate] = ()
    dates_note: Text | None = Field(
        default=None, description="Why it has no dates, where it has none."
    )
    affects: Many[About] = Field(default=(), description="Empty: the whole cooperation.")
    text: Text | None = None
    state: Literal["declared", "withdrawn"] = "declared"

    @model_validator(mode="after")
    def _is_dated_or_says_why_not(self) -> Disruption:
        if bool(self.dates) == (self.dates_note is not None):
            raise PydanticCustomError("dates-or-note", "dates or dates_note")
        return self
