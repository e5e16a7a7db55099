from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

# ruff: noqa: RUF001  fixtures by name, cells to the letter
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kembar_shared.measurement import periods
from kembar_shared.measurement.periods import Duration, Period
from kembar_shared.measurement.vocabulary import Grain

DAYS = st.dates(date(1950, 1, 1), date(2200, 1, 1))


@pytest.mark.parametrize(
    ("text", "months", "minutes", "span"),
    [
        ("PT10M", 0, 10, 10),
        ("PT1H", 0, 60, 60),
        ("P1D", 0, 1440, 1440),
        ("PT24H", 0, 1440, 1440),
        ("P1M", 1, 0, -1),
        ("P12M", 12, 0, -12),
        ("P1Y", 12, 0, -12),
    ],
)
def test_a_duration_has_one_unit(text, months, minutes, span):
    assert Duration.parse(text) == Duration(months, minutes)
    assert Duration.parse(text).span == span


@pytest.mark.parametrize(
    "text",
    ["", "P", "P0D", "PT0H", "P1Y2M", "1D", "p1d", "P-1D", "P1.5D", "P１D",
     "P7D", "P2D", "PT25H", "P3M", "P6M", "P2Y", "P13M"],
)  # fmt: skip
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match=text or "^$"):
        Duration.parse(text)


@given(DAYS, st.sampled_from(Grain))
def test_a_period_survives_its_text(day, grain):
    period = Period.of(day, grain)

    assert Period.parse(str(period)) == period
    assert period.first <= day < period.following


@pytest.mark.parametrize(
    "text", ["2023-02-29", "2023-13", "23-01", "2023-1-1", "0000", "2023-01-01T00", "２０２３"]
)
def test_what_is_no_period_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011  the calendar's own words
        Period.parse(text)


def test_a_leap_year_has_its_day():
    assert Period.parse("2024-02").following == date(2024, 3, 1)
    assert Period.parse("2024-02").days == 29
    assert [str(month) for month in Period.parse("2024").months()][1] == "2024-02"


@given(st.datetimes(datetime(1950, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_an_instant_survives_its_microseconds(instant):
    assert periods.instant_of_us(periods.us_of_instant(instant)) == instant


@given(DAYS, st.sampled_from(["Asia/Jakarta", "Asia/Tokyo", "Pacific/Kiritimati", "UTC"]))
def test_midnight_is_the_stations(day, zone):
    midnight = periods.instant_of_us(periods.local_midnight_us(day, ZoneInfo(zone)))

    local = midnight.astimezone(ZoneInfo(zone))
    assert (local.date(), local.hour, local.minute) == (day, 0, 0)
