"""Half-open UTC periods and the local calendar of a station."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from kembar_shared.measurement.vocabulary import Grain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MIN: Final = 1440
MICROSECOND: Final = timedelta(microseconds=1)

_DURATION = re.compile(r"P(?:(\d{1,3})Y|(\d{1,3})M|(\d{1,4})D|T(\d{1,4})H|T(\d{1,5})M)", re.ASCII)
_PERIOD = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """What one value stands for: up to a day, a month or a year (`PT10M`, `PT1H`, `P1M`, `P1Y`).

    Months and minutes are kept apart because a month has no fixed length.
    """

    months: int
    minutes: int

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read *text*.

        Raises:
            ValueError: It is no ISO 8601 duration of a single unit, or another length: what
                stands for a week or a quarter lies in no one day, month or year.
        """
        match = _DURATION.fullmatch(text)
        if match is None:
            raise ValueError(text)
        years, months, days, hours, minutes = (int(part or 0) for part in match.groups())
        duration = cls(years * 12 + months, days * 1440 + hours * 60 + minutes)
        if duration.months not in {0, 1, 12} or not 0 <= duration.minutes <= DAY_MIN:
            raise ValueError(text)
        if duration == cls(0, 0):
            raise ValueError(text)
        return duration

    @property
    def span(self) -> int:
        """The duration as one number: minutes, or, negative, months."""
        return self.minutes or -self.months


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A local calendar day, month or year."""

    first: date
    grain: Grain

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read `2023`, `2023-04` or `2023-04-04`.

        Raises:
            ValueError: It is none of them, or no such day exists.
        """
        match = _PERIOD.fullmatch(text)
        if match is None:
            raise ValueError(text)
        year, month, day = match.groups()
        if day is not None:
            return cls(date(int(year), int(month), int(day)), Grain.DAY)
        if month is not None:
            return cls(date(int(year), int(month), 1), Grain.MONTH)
        return cls(date(int(year), 1, 1), Grain.YEAR)

    @classmethod
    def of(cls, day: date, grain: Grain) -> Period:
        """Return the period of length *grain* in which *day* lies."""
        if grain is Grain.YEAR:
            return cls(date(day.year, 1, 1), grain)
        return cls(day.replace(day=1) if grain is Grain.MONTH else day, grain)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.following - self.first).days

    @property
    def following(self) -> date:
        """The first day after the period."""
        if self.grain is Grain.YEAR:
            return date(self.first.year + 1, 1, 1)
        if self.grain is Grain.MONTH:
            return self.first + timedelta(days=monthrange(self.first.year, self.first.month)[1])
        return self.first + timedelta(days=1)

    def months(self) -> Iterator[Period]:
        """Yield the months of the period."""
        day = self.first.replace(day=1)
        while day < self.following:
            month = Period(day, Grain.MONTH)
            yield month
            day = month.following

    def __str__(self) -> str:
        return self.first.isoformat()[: {Grain.YEAR: 4, Grain.MONTH: 7, Grain.DAY: 10}[self.grain]]


def local_midnight_us(day: date, zone: ZoneInfo) -> int:
    """Return the instant at which *day* begins in *zone*, in microseconds since 1970-01-01 UTC."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return (midnight.astimezone(UTC) - EPOCH) // MICROSECOND


def instant_of_us(time_us: int) -> datetime:
    """Return the aware UTC instant *time_us* microseconds after 1970-01-01."""
    return EPOCH + timedelta(microseconds=time_us)


def us_of_instant(instant: datetime) -> int:
    """Return how many microseconds after 1970-01-01 UTC the aware *instant* lies."""
    return (instant - EPOCH) // MICROSECOND
