"""The shape of a profile file: who cooperates, what was agreed, how it is judged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal, cast
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from kembar_gateway.wire import Figure, Measure, Origin, State

PUBLISHED_METHOD = "published-by-others"
SERVICE = "register"

Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
PartialDate = Annotated[str, Field(pattern=r"^(FY)?\d{4}(-\d{2}(-\d{2})?)?$")]


class Part(BaseModel):
    """A part of the profile: closed, so that a misspelt member is found at start."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Text(Part):
    """The same words in each language."""

    en: str
    id: str
    ja: str

    def say(self, language: str) -> str:
        """Return the words in *language*, `en`, `id` or `ja`."""
        return cast("str", getattr(self, language))


class Source(Part):
    """Where a fact was read."""

    title: str
    where: str | None = None


class Fact(Part):
    """Something somebody stated; `claimed` where the statement came without evidence."""

    sources: tuple[Code, ...] = Field(min_length=1)
    status: Literal["claimed", "published"]


class Entry(Fact):
    """A fact that has a code and a name."""

    code: Code
    names: Text


class Cooperation(Entry):
    """An environmental cooperation between parties; its months are those of `timezone`."""

    parties: tuple[Code, ...]
    timezone: str
    first_contact: PartialDate | None = None
    first_contact_note: Text | None = None

    @field_validator("timezone")
    @classmethod
    def _is_a_timezone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("unknown time zone")
        return name


class Party(Entry):
    """A city, agency or institute that takes part."""

    kind: Literal["city", "agency", "institute", "company", "community", "government"]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class Scope(Entry):
    """One point of an agreement; `named` is false where the source counts but does not name it."""

    named: bool = True
    continues_as: Code | None = None


class Agreement(Entry):
    """What the parties signed."""

    cooperation: Code
    kind: Literal["memorandum"]
    signed_on: date
    ended: PartialDate | None = None
    offered_by: Code | None = None
    replaces: Code | None = None
    note: Text | None = None
    scopes: tuple[Scope, ...]


class FocusArea(Entry):
    """One of the fields an agreement narrows the cooperation to."""

    cooperation: Code
    agreement: Code


class DatedEvent(Fact):
    """A date somebody stated; two sources may state two."""

    event: Literal["adopted", "start", "end"]
    on: PartialDate


class Statement(Fact):
    """What was said about a programme."""

    text: Text
    as_of: PartialDate | None = None


class Ceiling(Part):
    """The most a payer agreed to pay."""

    amount: int
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    paid_by: Code


class Programme(Entry):
    """Work done under a focus area."""

    cooperation: Code
    focus_area: Code
    owner: Code | None = None
    partners: tuple[Code, ...] = ()
    ceiling: Ceiling | None = None
    dates: tuple[DatedEvent, ...] = ()
    statements: tuple[Statement, ...] = ()


class YearValue(Fact):
    """A value stated for a calendar year."""

    year: int = Field(ge=1900, le=2200)
    value: float


class Indicator(Part):
    """How one outcome is measured and judged; an absent baseline or target says why."""

    code: Annotated[str, Field(pattern=r"^(waste|water|air)\.[a-z0-9_]{1,60}$")]
    cooperation: Code
    focus_area: Code
    names: Text
    meaning: Text
    unit: str
    unit_names: Text
    percent: bool = False
    digits: int = Field(ge=0, le=6)
    direction: Literal["up", "down"]
    measure: Measure
    jurisdictions: tuple[str, ...] = Field(min_length=1)
    fed_by: Literal["service", "register"] = "service"
    baseline: YearValue | None = None
    baseline_note: Code | None = None
    targets: tuple[YearValue, ...] = ()
    targets_note: Code | None = None
    progress_note: Code | None = None
    note: Code | None = None
    published: tuple[YearValue, ...] = ()

    @model_validator(mode="after")
    def _absence_is_said(self) -> Indicator:
        if (self.baseline is None) == (self.baseline_note is None):
            raise ValueError(f"{self.code}: either a baseline or the reason why there is none")
        if bool(self.targets) == (self.targets_note is not None):
            raise ValueError(f"{self.code}: either targets or the reason why there are none")
        if bool(self.published) != (self.fed_by == "register"):
            raise ValueError(f"{self.code}: published values belong to what the register feeds")
        return self

    @property
    def service(self) -> str:
        """Who its figures come from."""
        return SERVICE if self.fed_by == "register" else self.code.partition(".")[0]

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


class Profile(Part):
    """A whole profile file."""

    format: Literal[1]
    sources: dict[Code, Source]
    notes: dict[Code, Text] = {}
    cooperations: tuple[Cooperation, ...] = Field(min_length=1)
    parties: tuple[Party, ...]
    agreements: tuple[Agreement, ...]
    focus_areas: tuple[FocusArea, ...]
    programmes: tuple[Programme, ...]
    indicators: tuple[Indicator, ...]
