"""Numbers, periods and states in three languages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from kembar_gateway import register
from kembar_gateway.speech import Speech
from kembar_gateway.wire import Origin, Period, State
from kembar_shared.chassis.messages import Messages


@dataclass(frozen=True)
class Known:
    state: State
    indicator: str = "waste.generated"
    n: int = 5
    expected: float = 30.0
    months: int = 3
    months_expected: int = 12
    coverage: float | None = 0.25


@pytest.fixture(scope="module")
def indicators():
    return register.load(None).indicators


def speech(language: str) -> Speech:
    return Speech(Messages.of("kembar_gateway"), language)


@pytest.mark.parametrize(
    ("language", "waste", "share", "index"),
    [
        ("en", "893,750 tonnes", "93.4%", "1.58 index"),
        ("id", "893.750 ton", "93,4%", "1,58 indeks"),
        ("ja", "893,750 トン", "93.4%", "1.58 指数"),
    ],
)
def test_numbers_are_written_as_readers_write_them(indicators, language, waste, share, index):
    said = speech(language)

    assert said.quantity(893_750.4, indicators["waste.generated"]) == waste
    assert said.quantity(0.934, indicators["air.ispu_good_share"]) == share
    assert said.quantity(1.584, indicators["water.pollution_index"]) == index


@pytest.mark.parametrize(
    ("language", "year", "month", "span"),
    [
        ("en", "2023", "April 2023", "November 2025 \u2013 October 2026"),
        ("id", "2023", "April 2023", "November 2025 \u2013 Oktober 2026"),
        ("ja", "2023年", "2023年4月", "2025年11月\uff5e2026年10月"),
    ],
)
def test_periods_are_written_out(language, year, month, span):
    said = speech(language)

    assert said.period(Period.parse("2023")) == year
    assert said.period(Period.parse("2023-04")) == month
    assert said.period(Period.parse("2025-11/2026-10")) == span


@pytest.mark.parametrize("language", ["en", "id", "ja"])
@pytest.mark.parametrize("state", list(State))
def test_every_state_has_words(language, state):
    assert len(speech(language).state(Known(state))) > 1


def test_too_little_says_n_of_m_of_what_is_counted():
    said = speech("en")

    assert said.state(Known(State.INSUFFICIENT)) == "Not enough data: 3 of 12 months"
    one_month = Known(State.INSUFFICIENT, months=0, months_expected=1)
    assert said.state(one_month) == "Not enough measurements: 5 of 30"
    no_month = Known(State.INSUFFICIENT, months=0, coverage=0.589)
    assert said.state(no_month) == "Not enough data: 58 % of the period was measured"
    nine_with_gaps = Known(State.INSUFFICIENT, months=9, coverage=0.7499)
    assert said.state(nine_with_gaps) == "Not enough data: 74 % of the period was measured"
    assert said.state(Known(State.PROVISIONAL, months=11)) == "Provisional: 11 of 12 months known"


@pytest.mark.parametrize("language", ["en", "id", "ja"])
def test_an_origin_that_is_not_real_is_warned_of(language):
    said = speech(language)

    assert said.origin(Origin.REAL) == said.origin(None) == ""
    assert said.origin(Origin.STAND_IN)
    assert said.origin(Origin.SYNTHETIC)


def test_an_instant_is_written_in_the_clock_of_the_cooperation():
    at = datetime(2026, 11, 24, 17, 30, 5, tzinfo=UTC)

    assert speech("en").instant(at, "Asia/Jakarta") == "November 25, 2026 00:30 (UTC+07:00)"
    assert speech("id").instant(at, "Asia/Jakarta") == "25 November 2026 00:30 (UTC+07:00)"
    assert speech("ja").instant(at, "Asia/Tokyo") == "2026年11月25日 02:30 (UTC+09:00)"


def test_ages_are_written_in_words():
    assert speech("en").ago(180) == "3 minutes ago"
    assert speech("id").ago(180) == "3 menit yang lalu"
    assert speech("ja").ago(7200) == "2 時間前"
