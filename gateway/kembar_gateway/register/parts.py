"""What every kind of entry is made of: words, sources, facts, evidence, references."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from kembar_gateway.register.dates import PartialDate, Span

MOST_ITEMS: Final = 200
MOST_AMOUNT: Final = 9_007_199_254_740_991
"""The greatest whole number that every reader of JSON takes exactly."""

_NO_CONTROLS: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"

Member = TypeVar("Member")

Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
ItemCode = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}/[a-z0-9][a-z0-9._-]{0,63}$"),
]
"""An item of an entry: `mou-2016/solid-waste`."""

Line = Annotated[str, Field(min_length=1, max_length=300, pattern=_NO_CONTROLS)]
Paragraph = Annotated[str, Field(min_length=1, max_length=4000, pattern=_NO_CONTROLS)]
Many = Annotated[tuple[Member, ...], Field(strict=False, max_length=MOST_ITEMS)]
Currency = Literal["IDR", "JPY"]


@dataclass(frozen=True, slots=True)
class Ref:
    """Marks a member that names another entry of the same cooperation, by kind."""

    kind: str


PartyRef = Annotated[Code, Ref("parties")]
AgreementRef = Annotated[Code, Ref("agreements")]
ScopeRef = Annotated[ItemCode, Ref("scopes")]
FocusAreaRef = Annotated[Code, Ref("focus-areas")]
ProgrammeRef = Annotated[Code, Ref("programmes")]
ActivityRef = Annotated[Code, Ref("activities")]
CommitmentRef = Annotated[Code, Ref("commitments")]
IndicatorRef = Annotated[Code, Ref("indicators")]
RateRef = Annotated[Code, Ref("exchange-rates")]
FindingRef = Annotated[ItemCode, Ref("findings")]


class Part(BaseModel):
    """A part of the register: closed, so that a misspelt member is found when it is sent."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Text(Part):
    """The same words in up to three languages; whoever reads another is given one of these."""

    en: Paragraph | None = None
    id: Paragraph | None = None
    ja: Paragraph | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Text:
        if self.en is None and self.id is None and self.ja is None:
            raise PydanticCustomError("no-words", "no words")
        return self

    def say(self, language: str) -> str:
        """Return the words in *language*, `en`, `id` or `ja`, else in one that there is."""
        words = {"en": self.en, "id": self.id, "ja": self.ja}
        return words.get(language) or self.id or self.en or self.ja or ""


class Source(Part):
    """Where a fact was read."""

    title: Line
    where: Line | None = None
    code: Code | None = None


class Evidence(Part):
    """A file that shows a fact; whoever holds it can compare its digest."""

    title: Line
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    where: Line | None = None


Status = Annotated[
    Literal["claimed", "published", "evidenced"],
    Field(
        description="`claimed` without evidence seen, `published` by an authority or a party as "
        "its own act or figure, `evidenced` with the evidence attached."
    ),
]


class Fact(Part):
    """Something somebody stated; only what comes with evidence is `evidenced`."""

    sources: Annotated[tuple[Source, ...], Field(strict=False, min_length=1, max_length=20)]
    status: Status
    evidence: Many[Evidence] = ()

    @model_validator(mode="after")
    def _evidence_is_attached(self) -> Fact:
        if self.status == "evidenced" and not self.evidence:
            raise PydanticCustomError("no-evidence", "evidenced without evidence")
        return self


class When(Fact):
    """A date somebody stated; where several are possible, all of them, and a note that says so."""

    on: PartialDate
    alternatives: Annotated[tuple[PartialDate, ...], Field(strict=False, max_length=10)] = ()
    note: Text | None = None

    @model_validator(mode="after")
    def _doubt_is_said(self) -> When:
        if self.alternatives and self.note is None:
            raise PydanticCustomError("doubt-unsaid", "alternatives without a note")
        return self

    @property
    def span(self) -> Span:
        """The days it may mean."""
        return Span.of(self.on, *self.alternatives)


class Item(Fact):
    """A fact that has a code, unique among its kind in its cooperation."""

    code: Code
    cooperation: Code

    def is_evidenced(self) -> bool:
        """Say whether evidence is attached."""
        return self.status == "evidenced"


class Entry(Item):
    """An item that has a name."""

    names: Text


class Amount(When):
    """A sum of money in whole units of its entry's currency, at a date."""

    amount: Annotated[int, Field(ge=0, le=MOST_AMOUNT)]
    payer: PartyRef | None = None


class About(Part):
    """Any entry of the register, by its kind."""

    kind: Literal[
        "agreements",
        "scopes",
        "focus-areas",
        "programmes",
        "activities",
        "commitments",
        "contributions",
        "budget-lines",
        "pilots",
        "indicators",
        "interventions",
        "parties",
    ]
    code: Annotated[
        str,
        Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}(/[a-z0-9][a-z0-9._-]{0,63})?$"),
    ]


class Halt(When):
    """Why and when something ended before its end, or rests."""

    state: Literal["cancelled", "suspended"]
