"""Dates as certain as their sources: a day, a month, a year, a fiscal year, or one of several."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2200

_PARTIAL: Final = r"^(FY)?\d{4}(-\d{2}(-\d{2})?)?$"
_FORM = re.compile(r"(FY)?(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """The days, both included, between which something happened."""

    first: date
    last: date

    @classmethod
    def of(cls, *texts: str) -> Span:
        """Return the days that any of these partial dates may mean.

        A fiscal year (`FY2016`) is Japan's: April to March.

        Raises:
            ValueError: One of them is no date.
        """
        spans = [_read(text) for text in texts]
        return cls(min(span.first for span in spans), max(span.last for span in spans))

    def lies_in(self, other: Span) -> bool:
        """Say whether it surely falls between the days of *other*."""
        return other.first <= self.first and self.last <= other.last

    def meets(self, other: Span) -> bool:
        """Say whether it may fall between the days of *other*."""
        return self.first <= other.last and other.first <= self.last


def months_between(earlier: date, later: date) -> int:
    """Return how many whole months lie between two days; negative where they are the other way."""
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    return months - (later.day < earlier.day)


def add_months(day: date, months: int) -> date:
    """Return the day so many months later, or the last one of a shorter month."""
    month = day.year * 12 + day.month - 1 + months
    year, month = month // 12, month % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _read(text: str) -> Span:
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(text)
    fiscal, year_text, month_text, day_text = match.groups()
    year = int(year_text)
    if not FIRST_YEAR <= year < LAST_YEAR or (fiscal and month_text):
        raise ValueError(text)
    if fiscal:
        return Span(date(year, 4, 1), date(year + 1, 3, 31))
    if month_text is None:
        return Span(date(year, 1, 1), date(year, 12, 31))
    month = int(month_text)
    first = date(year, month, 1)
    if day_text is None:
        return Span(first, date(year, month, monthrange(year, month)[1]))
    day = date(year, month, int(day_text))
    return Span(day, day)


def _is_date(text: str) -> str:
    try:
        _read(text)
    except ValueError as error:
        raise PydanticCustomError("no-date", "no date") from error
    return text


def _is_day(text: str) -> str:
    if len(text) != len("2019-04-12"):
        raise PydanticCustomError("no-day", "no day")
    return _is_date(text)


PartialDate = Annotated[
    str,
    Field(
        json_schema_extra={"pattern": _PARTIAL},
        description="`2019-04-12`, `2019-04`, `2019` or a Japanese fiscal year, `FY2019`.",
    ),
    AfterValidator(_is_date),
]
Day = Annotated[
    str, Field(json_schema_extra={"pattern": r"^\d{4}-\d{2}-\d{2}$"}), AfterValidator(_is_day)
]
