"""Numbers, periods and states as readers of each language write them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import floor
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, format_timedelta
from babel.numbers import format_decimal, format_percent
from markupsafe import Markup

from kembar_gateway.combining import LEAST_SHARE
from kembar_gateway.wire import Origin, Period, State

if TYPE_CHECKING:
    from kembar_gateway.outcomes import Outcome
    from kembar_gateway.register.judging import Indicator
    from kembar_shared.chassis.messages import Messages


class Speech:
    """One language's way of saying things."""

    def __init__(self, messages: Messages, language: str) -> None:
        self.language = language
        self._messages = messages

    def say(self, key: str, **params: object) -> str:
        """Return the message *key*."""
        return self._messages.say(key, self.language, **params)

    def with_link(self, key: str, *, href: str, text: str) -> Markup:
        """Return the message *key* as HTML, its `{link}` a link to *href*."""
        before, _, after = self.say(key, link="\0").partition("\0")
        return Markup('{}<a href="{}">{}</a>{}').format(before, href, text, after)

    def number(self, value: float, indicator: Indicator) -> str:
        """Write a value with the indicator's decimals, without its unit."""
        decimals = "." + "0" * indicator.digits if indicator.digits else ""
        if indicator.percent:
            return str(format_percent(value, f"#,##0{decimals}%", locale=self.language))
        return str(format_decimal(value, f"#,##0{decimals}", locale=self.language))

    def amount(self, value: float) -> str:
        """Write a number with the decimals it has, three at most."""
        return str(format_decimal(value, "#,##0.###", locale=self.language))

    def day(self, day: date) -> str:
        """Write a day."""
        return str(format_date(day, "medium", locale=self.language))

    def unit(self, indicator: Indicator) -> str:
        """Write the unit that stands behind a number; a percent sign is part of the number."""
        return "" if indicator.percent else indicator.unit_names.say(self.language)

    def quantity(self, value: float, indicator: Indicator) -> str:
        """Write a value with its unit."""
        return f"{self.number(value, indicator)} {self.unit(indicator)}".rstrip()

    def percent(self, share: float) -> str:
        """Write a share without decimals."""
        return str(format_percent(share, "#,##0%", locale=self.language))

    def period(self, period: Period) -> str:
        """Write a period: a year, a month, or from month to month."""
        if period.year is not None:
            return f"{period.year}年" if self.language == "ja" else str(period.year)
        months = [self._month(period.first)]
        if period.count > 1:
            months.append(self._month(period.following - 1))
        return (
            "\N{FULLWIDTH TILDE}".join(months)
            if self.language == "ja"
            else " \N{EN DASH} ".join(months)
        )

    def _month(self, month: int) -> str:
        first_day = date(month // 12, month % 12 + 1, 1)
        return str(format_skeleton("yMMMM", first_day, locale=self.language))

    def ago(self, age_s: float) -> str:
        """Write how long ago something was."""
        age = timedelta(seconds=-max(1.0, age_s))
        return str(format_timedelta(age, add_direction=True, locale=self.language))

    def instant(self, at: datetime, zone: str) -> str:
        """Write an instant to the minute in the clock of *zone*, with its offset."""
        local = at.astimezone(ZoneInfo(zone))
        day = format_date(local.date(), "long", locale=self.language)
        offset = local.strftime("%z")
        return f"{day} {local:%H:%M} (UTC{offset[:3]}:{offset[3:]})"

    def state(self, outcome: Outcome) -> str:
        """Say what an outcome can be relied on for, with n of m where that is the reason."""
        key = outcome.state.value
        n, m = outcome.months, outcome.months_expected
        if outcome.state is State.PROVISIONAL and n < m:
            key = "provisional-months"
        if outcome.state is State.INSUFFICIENT and outcome.indicator.startswith("cooperation."):
            key, n, m = "insufficient-entries", outcome.n, round(outcome.expected)
        elif outcome.state is State.INSUFFICIENT and m == 1:
            n, m = outcome.n, round(outcome.expected)
        elif outcome.state is State.INSUFFICIENT:
            is_months = outcome.coverage is None or 0 < n < LEAST_SHARE * m
            key = "insufficient-months" if is_months else "insufficient-coverage"
        percent = floor((outcome.coverage or 0.0) * 100)
        return self.say(f"state.{key}", n=n, m=m, percent=percent)

    def origin(self, origin: Origin | None) -> str:
        """Warn of an origin that is not real; nothing for one that is."""
        return "" if origin is None or origin is Origin.REAL else self.say(f"origin.{origin.value}")
