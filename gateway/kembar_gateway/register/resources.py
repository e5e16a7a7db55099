"""What was given and paid: contributions, budget lines, exchange rates."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kembar_gateway.register.dates import Day
from kembar_gateway.register.parts import (
    ActivityRef,
    Amount,
    CommitmentRef,
    Currency,
    Entry,
    Item,
    Many,
    PartyRef,
    ProgrammeRef,
    RateRef,
    ScopeRef,
    Text,
    When,
)

KINDS_OF_HELP: Final = ("technical", "non_technical", "material", "financial", "facilitation")
TRANSFERS: Final = KINDS_OF_HELP[:-1]
"""Help by which something passes from one side to the other; who facilitates gives a frame."""


class ContributionDate(When):
    """When something was given, or began or ended being given."""

    event: Literal["given", "start", "end"] = "given"


class Contribution(Entry):
    """What one party gave another, in its natural unit; a quantity of 0 is a declared zero."""

    kind: Literal["technical", "non_technical", "material", "financial", "facilitation"]
    giver: PartyRef
    receiver: PartyRef
    quantity: Annotated[float, Field(ge=0, le=1e15)] | None = Field(
        default=None, description="Null where the source does not say how much."
    )
    unit: Annotated[str, Field(pattern=r"^[A-Za-z0-9_%/ .-]{1,40}$")] = Field(
        description="`person_days`, `items`, `kg`, …; `IDR` or `JPY` for money."
    )
    dates: Annotated[tuple[ContributionDate, ...], Field(strict=False, max_length=20)] = ()
    activity: ActivityRef | None = None
    commitment: CommitmentRef | None = None
    programme: ProgrammeRef | None = None
    scopes: Many[ScopeRef] = ()
    technology: Text | None = None
    site: Text | None = None
    text: Text | None = None
    state: Literal["standing", "cancelled"] = "standing"

    @model_validator(mode="after")
    def _money_has_a_currency(self) -> Contribution:
        if (self.kind == "financial") != (self.unit in {"IDR", "JPY"}):
            raise PydanticCustomError("unit-of-money", "unit and kind differ")
        if self.giver == self.receiver:
            raise PydanticCustomError("given-to-itself", "giver and receiver are one")
        return self


class ExchangeRate(Item):
    """How many rupiah one yen was worth on a day, by its source."""

    on: Day
    idr_per_jpy: Annotated[float, Field(gt=0, le=1e6)]


class BudgetLine(Entry):
    """What something needs and what was committed, disbursed and spent, in one currency."""

    currency: Currency
    scopes: Many[ScopeRef] = ()
    programme: ProgrammeRef | None = None
    commitment: CommitmentRef | None = None
    needed: Many[Amount] = Field(default=(), description="Empty where nobody said how much.")
    committed: Many[Amount] = ()
    disbursed: Many[Amount] = ()
    spent: Many[Amount] = ()
    rate: RateRef | None = Field(
        default=None, description="The exchange rate by which it is shown in the other currency."
    )
    note: Text | None = None
    state: Literal["open", "closed", "cancelled"] = "open"
