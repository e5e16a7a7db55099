"""The JSON a service answers, as the gateway reads it.

New members are ignored; known ones must have their type, or the whole answer is disbelieved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import MAXYEAR
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

LONGEST_MONTHS: Final = 1200
FIRST_YEAR: Final = 1950
LAST_YEAR: Final = 2200

_PERIOD = re.compile(r"(\d{4})(?:-(\d{2}))?(?:/(\d{4})-(\d{2}))?", re.ASCII)


class State(StrEnum):
    """What a figure's value can be relied on for; only OK and PROVISIONAL carry a number."""

    OK = "ok"
    PROVISIONAL = "provisional"
    BELOW_LIMIT = "below_limit"
    ABOVE_LIMIT = "above_limit"
    INSUFFICIENT = "insufficient"
    NO_DATA = "no_data"
    NOT_YET_DUE = "not_yet_due"
    SUSPENDED = "suspended"
    CANNOT_ASSESS = "cannot_assess"

    @property
    def has_number(self) -> bool:
        """Say whether a figure in this state carries a value."""
        return self in (State.OK, State.PROVISIONAL)


class Origin(StrEnum):
    """Where measurements come from, the most real first."""

    REAL = "real"
    STAND_IN = "stand-in"
    SYNTHETIC = "synthetic"


class Measure(StrEnum):
    """How the figures of several months become one."""

    RATIO = "ratio"
    MEAN = "mean"
    TOTAL = "total"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Whole calendar months, half-open, each counted from year 0 (2023-04 is 2023 * 12 + 3)."""

    first: int
    following: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read `2023`, `2023-04` or `2023-01/2023-06` (both months included).

        Raises:
            ValueError: It is none of them, it ends before it begins, it is longer than a century,
                or no calendar has the day after it.
        """
        match = _PERIOD.fullmatch(text)
        if match is None:
            raise ValueError(text)
        year, month, last_year, last_month = match.groups()
        if month is None:
            if last_year is not None:
                raise ValueError(text)
            first, last = int(year) * 12, int(year) * 12 + 11
        else:
            first = _month(year, month)
            last = first if last_year is None else _month(last_year, last_month)
        if first < 12 or last + 1 > MAXYEAR * 12:
            raise ValueError(text)
        if not 0 <= last - first < LONGEST_MONTHS:
            raise ValueError(text)
        return cls(first, last + 1)

    @classmethod
    def of_year(cls, year: int) -> Period:
        """Return the calendar year *year*."""
        if year < 1:
            raise ValueError(year)
        return cls(year * 12, year * 12 + 12)

    @classmethod
    def of_month(cls, day: date) -> Period:
        """Return the month in which *day* lies."""
        return cls(day.year * 12 + day.month - 1, day.year * 12 + day.month)

    @classmethod
    def last_months(cls, count: int, *, before: Period) -> Period:
        """Return the *count* whole months that end where *before* begins."""
        return cls(before.first - count, before.first)

    @property
    def year(self) -> int | None:
        """The calendar year this is exactly; None for any other span."""
        return self.first // 12 if self.count == 12 and self.first % 12 == 0 else None

    @property
    def count(self) -> int:
        """How many months it has."""
        return self.following - self.first

    def within(self, other: Period) -> Period | None:
        """Return the months that both have; None where there is none."""
        first, following = max(self.first, other.first), min(self.following, other.following)
        return Period(first, following) if first < following else None

    def months(self) -> Iterator[Period]:
        """Yield each month of the period."""
        return (Period(month, month + 1) for month in range(self.first, self.following))

    def whole_years(self) -> Iterator[Period]:
        """Yield each calendar year that lies wholly inside the period."""
        for year in range(-(-self.first // 12), self.following // 12):
            yield Period.of_year(year)

    def __str__(self) -> str:
        if self.year is not None:
            return f"{self.year:04}"
        first, last = (f"{m // 12:04}-{m % 12 + 1:02}" for m in (self.first, self.following - 1))
        return first if self.count == 1 else f"{first}/{last}"


def _month(year: str, month: str) -> int:
    if int(year) < 1 or not 1 <= int(month) <= 12:
        raise ValueError(f"{year}-{month}")
    return int(year) * 12 + int(month) - 1


Code = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._/@+-]+$")]
Word = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
Count = Annotated[float, Field(ge=0)]


class Figure(BaseModel):
    """One figure of one indicator, jurisdiction and calendar month or year."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)

    indicator: Code
    jurisdiction: Word
    period: Annotated[str, Field(pattern=r"^\d{4}(-(0[1-9]|1[0-2]))?$")]
    value: float | None
    unit: Word
    state: State
    numerator: float | None = None
    denominator: float | None = None
    n: Annotated[int, Field(ge=0, lt=2**63)]
    expected: Count
    coverage: Count | None = None
    origin: Origin
    method: Word
    stations: tuple[str, ...] = ()
    detail: dict[str, Any] = {}  # Any: free JSON of the service, shown and never computed with
    digest: Word = ""

    @field_validator("period")
    @classmethod
    def _is_a_period(cls, text: str) -> str:
        if not FIRST_YEAR <= int(text[:4]) <= LAST_YEAR:
            raise ValueError("no year that anything was measured in")
        return text

    @model_validator(mode="after")
    def _number_where_the_state_has_one(self) -> Figure:
        if (self.value is not None) != self.state.has_number:
            raise ValueError("value and state disagree")
        return self


class FigurePage(BaseModel):
    """One page of a service's `GET /v1/indicators`."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)

    items: tuple[Figure, ...]
    next: Annotated[str, Field(max_length=4096)] | None


class Disbelieved(ValueError):
    """An answer is not what a service of this name answers."""


def read_page(body: bytes, *, service: str) -> FigurePage:
    """Read one page of figures.

    Raises:
        Disbelieved: It is no such page, or holds a figure that is not this service's own.
    """
    try:
        page = FigurePage.model_validate_json(body)
    except ValidationError as error:
        raise Disbelieved("schema") from error
    if any(not figure.indicator.startswith(f"{service}.") for figure in page.items):
        raise Disbelieved("foreign-indicator")
    return page
