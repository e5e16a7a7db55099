"""Cells of time: an instant, exactly, or a refusal."""

# ruff: noqa: RUF001  fixtures by name, cells to the letter

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_shared.measurement.periods import instant_of_us

ROOMY = settings(max_examples=150, deadline=None)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def instant(checked):
    (time_us,) = checked.good["time_us"]
    return instant_of_us(time_us)


@ROOMY
@given(st.datetimes(datetime(1950, 1, 2), datetime(2026, 5, 30), timezones=OFFSETS))  # noqa: DTZ001
def test_a_time_with_offset_survives(check_cells, at):
    assert instant(check_cells(time=at.isoformat())) == at


@ROOMY
@given(st.datetimes(datetime(1970, 1, 1), datetime(2026, 5, 30)))  # noqa: DTZ001
def test_a_clock_time_is_the_declared_zones(check_cells, wall):
    zone = ZoneInfo("Asia/Tokyo")
    checked = check_cells(time=wall.isoformat(sep=" "), _timezone=zone)

    assert instant(checked) == wall.replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-01-05T10:00:00+07:00", "2026-01-05T03:00:00Z"),
        ("2026-01-05T10:00+0700", "2026-01-05T03:00:00Z"),
        ("2026-01-05 10:00:00 +07:00", "2026-01-05T03:00:00Z"),
        ("2026-01-05T10:00:00-03:30", "2026-01-05T13:30:00Z"),
        ("2026-01-05T00:00:00-00:30", "2026-01-05T00:30:00Z"),
        ("2026-01-05T10:00:00z", "2026-01-05T10:00:00Z"),
        ("2026-01-05T10:00:00.5Z", "2026-01-05T10:00:00.500000Z"),
        ("2026-01-05+07:00", "2026-01-04T17:00:00Z"),
        ("2024-02-29T23:59:59+09:00", "2024-02-29T14:59:59Z"),
    ],
)
def test_forms_of_instants(check_cells, text, utc):
    assert instant(check_cells(time=text)) == datetime.fromisoformat(utc)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "time-missing"),
        ("yesterday", "time-unreadable"),
        ("2026-02-30T10:00:00Z", "time-unreadable"),
        ("2025-02-29T10:00:00Z", "time-unreadable"),
        ("2026-01-05T24:00:00Z", "time-unreadable"),
        ("2016-12-31T23:59:60Z", "time-unreadable"),
        ("2026-01-05T10:60:00Z", "time-unreadable"),
        ("2026-01-05T10:00:00+15:00", "time-unreadable"),
        ("2026-01-05T10:00:00+07:99", "time-unreadable"),
        ("2026-01-05T10:00:00+７:00", "time-unreadable"),
        ("2026-01-05T10:00:00+０7:00", "time-unreadable"),
        ("2026-01-05T10:３0:00Z", "time-unreadable"),
        ("２026-01-05T10:00:00Z", "time-unreadable"),
        ("2026-1-5T10:00:00Z", "time-unreadable"),
        ("26-01-05T10:00:00Z", "time-unreadable"),
        ("45321.5", "time-unreadable"),
        ("1767582000", "time-unreadable"),
        ("2026-01-05T10:00:00.1234567Z", "time-unreadable"),
        ("05/01/2026 10:00", "date-order-undeclared"),
        ("2026-01-05T10:00:00", "time-without-offset"),
        ("2026-01-05", "time-without-offset"),
        ("2026-06-02T00:00:01Z", "time-in-future"),
        ("9999-12-31T23:59:59-14:00", "time-in-future"),
        ("1949-12-31T23:59:59Z", "time-too-old"),
        ("0000-01-01T00:00:00Z", "time-too-old"),
    ],
)
def test_what_is_no_instant_is_refused(codes_of, text, code):
    assert codes_of(time=text) == [code]


def test_a_day_ahead_is_borne(codes_of):
    assert codes_of(time="2026-06-02T00:00:00Z") == []


@pytest.mark.parametrize(
    "text", ["31/12/2025 10:00 +07:00", "31.12.2025 10:00+0700", "31-12-2025T10:00Z"]
)
def test_the_day_first_where_declared(check_cells, text):
    assert instant(check_cells(time=text, _dates="dmy")).astimezone(UTC).day == 31


@pytest.mark.parametrize("text", ["12/31/2025 10:00Z", "2025-12-31T10:00Z", "31/12/25 10:00Z"])
def test_another_order_than_declared_is_refused(codes_of, text):
    assert codes_of(time=text, _dates="dmy") == ["time-unreadable"]


@pytest.mark.parametrize("text", ["2025-11-02T01:30:00", "2025-03-09T02:30:00"])
def test_a_clock_time_that_was_twice_or_never_is_refused(codes_of, text):
    assert codes_of(time=text, _timezone=ZoneInfo("America/Los_Angeles")) == ["time-ambiguous"]


def test_an_offset_counts_more_than_the_declared_zone(check_cells):
    checked = check_cells(time="2026-01-05T10:00:00Z", _timezone=ZoneInfo("Asia/Tokyo"))

    assert instant(checked) == datetime(2026, 1, 5, 10, tzinfo=UTC)
