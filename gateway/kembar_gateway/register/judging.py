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

EmissionGroup = Literal["waste", "transport", "other"]
EMISSION_GROUPS: Final[tuple[EmissionGroup, ...]] = ("waste", "transport", "other")

BALANCE: Final = "assistance_balance"
RECKONED: Final = {
    "realisation_rate": (Measure.RATIO, "1"),
    "evidenced_rate": (Measure.RATIO, "1"),
    "budget_absorption": (Measure.RATIO, "1"),
    "trained_person_days": (Measure.TOTAL, "person_days"),
    BALANCE: (Measure.RATIO, "1"),
}
"""What can be reckoned from the register, with its measure and unit; of balances, one for each
kind and unit of help, whose codes begin alike."""


class YearValue(Fact):
    """A value stated for a calendar year."""

    year: int = Field(ge=1900, le=2200)
    value: float
    method: Code | None = Field(
        default=None, description="By which others computed it; years of several are no trend."
    )


class PeriodTarget(Fact):
    """What an indicator shall become in a month or in several."""

    period: Annotated[str, Field(pattern=r"^\d{4}-\d{2}(/\d{4}-\d{2})?$")]
    value: float


class HelpMeasured(Part):
    """Of which kind of help, in which unit, a balance is drawn: kinds are never added up."""

    kind: Literal["technical", "non_technical", "material", "financial"]
    unit: Annotated[str, Field(pattern=r"^[A-Za-z0-9_%/ .-]{1,40}$")]


class Indicator(Part):
    """How one outcome is measured and judged; an absent baseline or target says why."""

    code: Annotated[str, Field(pattern=r"^(waste|water|air|cooperation)\.[a-z0-9_]{1,57}$")]
    cooperation: Code
    focus_area: FocusAreaRef | None = Field(
        default=None, description="Null for what is reckoned from the register, and only there."
    )
    names: Text
    meaning: Text
    unit: Line
    unit_names: Text
    percent: bool = False
    digits: int = Field(ge=0, le=6)
    direction: Literal["up", "down", "none"] = Field(
        description="Which way it should go; `none` for a balance, and only there."
    )
    measure: Annotated[Measure, Field(strict=False)]
    jurisdictions: Annotated[tuple[Code, ...], Field(strict=False, max_length=50)] = Field(
        default=(), description="At least one, but none where it is reckoned."
    )
    fed_by: Literal["service", "register", "evaluations", "reckoning"] = Field(
        default="service",
        description="`evaluations`: qualitative, judged by people; `reckoning`: follows from the "
        "register's own entries, as all of `cooperation.*` do.",
    )
    help: HelpMeasured | None = Field(
        default=None, description="For `cooperation.assistance_balance…`, and only there."
    )
    emission_group: EmissionGroup | None = Field(
        default=None, description="Which sources an emission is of; of waste its code says so."
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

    @model_validator(mode="after")
    def _is_reckoned_or_measured_somewhere(self) -> Indicator:
        is_of_the_register = self.code.startswith("cooperation.")
        if is_of_the_register != self.is_reckoned:
            raise PydanticCustomError("reckoned-or-not", "code and feed differ")
        if is_of_the_register == bool(self.jurisdictions):
            raise PydanticCustomError("area-or-reckoned", "areas")
        if is_of_the_register == (self.focus_area is not None):
            raise PydanticCustomError("area-or-reckoned", "focus area")
        known = RECKONED.get(self.reckoned_as)
        if is_of_the_register and known != (self.measure, self.unit):
            raise PydanticCustomError("reckoned-unknown", "measure or unit")
        is_balance = self.reckoned_as == BALANCE
        if {is_balance} != {self.help is not None, self.direction == "none"}:
            raise PydanticCustomError("help-or-not", "kind of help")
        return self

    @property
    def emits(self) -> EmissionGroup | None:
        """Which sources its emissions are of; None where it is none, or nobody said."""
        if self.emission_group is None and self.is_emission and self.code.startswith("waste."):
            return "waste"
        return self.emission_group

    @property
    def is_emission(self) -> bool:
        """Say whether it is an amount of greenhouse gas."""
        return "CO2e" in self.unit

    @property
    def is_reckoned(self) -> bool:
        """Say whether its figures follow from the register's own entries."""
        return self.fed_by == "reckoning"

    @property
    def reckoned_as(self) -> str:
        """What of `RECKONED` it is; empty for what is measured."""
        area, _, name = self.code.partition(".")
        if area != "cooperation":
            return ""
        return BALANCE if name.startswith(BALANCE) else name

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
                method=";".join(filter(None, (PUBLISHED_METHOD, stated.method))),
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
