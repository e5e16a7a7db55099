"""Who cooperates: cooperations, and parties of any level and type."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from zoneinfo import available_timezones

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from kembar_gateway.register.dates import PartialDate
from kembar_gateway.register.parts import Code, Fact, Many, Part, PartyRef, Text

_ZONES: Final = frozenset(available_timezones())


class Cooperation(Fact):
    """An environmental cooperation between parties; its months are those of `timezone`.

    Of the parties, the first two are its sides: what one gives the other is compared.
    """

    code: Code
    names: Text
    parties: Many[PartyRef] = ()
    timezone: Annotated[str, Field(max_length=64)]
    first_contact: PartialDate | None = None
    first_contact_note: Text | None = None
    state: Literal["active", "ended"] = "active"

    @property
    def cooperation(self) -> str:
        """The cooperation it belongs to: itself."""
        return self.code

    @field_validator("timezone")
    @classmethod
    def _is_a_timezone(cls, name: str) -> str:
        if name not in _ZONES:
            raise PydanticCustomError("no-timezone", "unknown time zone")
        return name


class Role(Part):
    """A group of people within a party, such as civil servants, and what it does here."""

    group: Code
    duty: Text | None = None


class Party(Fact):
    """Whoever takes part: a city, an agency, a company, a community, a ministry."""

    code: Code
    cooperation: Code
    names: Text
    kind: Literal[
        "city",
        "regency",
        "province",
        "agency",
        "institute",
        "company",
        "community",
        "government",
        "ministry",
        "utility",
        "university",
        "other",
    ]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    part_of: PartyRef | None = Field(
        default=None, description="The party it answers to: a city's agency to its city."
    )
    groups: Many[Role] = ()
    is_observer: bool = False
