"""Reading periods and the answers of services."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kembar_gateway.wire import Disbelieved, Period, State, read_page

FIGURE = {
    "indicator": "water.pollution_index",
    "jurisdiction": "bandung",
    "period": "2023-06",
    "value": 1.58,
    "unit": "1",
    "state": "ok",
    "numerator": 1.58,
    "denominator": 1,
    "n": 1,
    "expected": 1.0,
    "coverage": 1.0,
    "origin": "stand-in",
    "method": "kepmen-lh-115-2003/pollution-index@1",
    "stations": ["CPM-01"],
    "detail": {"parameters": ["ph", "tp"]},
    "digest": "abc",
}


def page(**members: object) -> bytes:
    return json.dumps({"items": [{**FIGURE, **members}], "next": None}).encode()


@given(st.integers(1, 9998), st.integers(1, 12), st.integers(1, 1200))
def test_a_period_reads_back_as_it_is_written(year, month, count):
    first = year * 12 + month - 1
    period = Period(first, min(first + count, 9999 * 12))

    assert Period.parse(str(period)) == period


@pytest.mark.parametrize("text", ["9999", "9999-12", "9998-12/9999-12", "0000", "0000-01"])
def test_a_period_whose_end_no_calendar_has_is_none(text):
    with pytest.raises(ValueError, match=text):
        Period.parse(text)


@pytest.mark.parametrize(
    ("text", "written", "count"),
    [
        ("2023", "2023", 12),
        ("2023-04", "2023-04", 1),
        ("2023-01/2023-12", "2023", 12),
        ("2023-04/2023-04", "2023-04", 1),
        ("2022-11/2023-10", "2022-11/2023-10", 12),
    ],
)
def test_one_span_of_months_has_one_spelling(text, written, count):
    period = Period.parse(text)

    assert (str(period), period.count) == (written, count)


@pytest.mark.parametrize(
    "text",
    ["", "23", "2023-13", "2023-00", "0000", "2023-4", "2023/2024", "2023-05/2023-04", "2023-04-01",
     "٢٠٢٣", "2023-01/2123-02", "2023 ", "2023\n"],
)  # fmt: skip
def test_what_is_no_period_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011  its text is the input
        Period.parse(text)


def test_the_last_twelve_months_end_before_the_current_one():
    this_month = Period.of_month(date(2026, 3, 31))

    assert str(Period.last_months(12, before=this_month)) == "2025-03/2026-02"


def test_only_whole_years_inside_a_period_count():
    assert [str(year) for year in Period.parse("2019-02/2022-01").whole_years()] == ["2020", "2021"]


def test_a_page_is_read_and_new_members_are_ignored():
    read = read_page(page(invented="later"), service="water")

    assert read.items[0].state is State.OK
    assert read.items[0].stations == ("CPM-01",)


@pytest.mark.parametrize(
    "members",
    [
        {"value": "1.58"},
        {"value": True},
        {"value": None},
        {"state": "no_data"},
        {"state": "splendid"},
        {"period": "2023-06-01"},
        {"period": "0001"},
        {"indicator": "air.pm25_mean"},
        {"indicator": "waterfall.height"},
        {"n": -1},
        {"n": 2**63},
        {"coverage": -0.1},
        {"unit": "a\x00b"},
        {"origin": "rumour"},
        {"numerator": "many"},
    ],
)
def test_one_wrong_member_makes_the_whole_answer_disbelieved(members):
    with pytest.raises(Disbelieved):
        read_page(page(**members), service="water")


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'{"items": []}', b'{"items": [], "next": 3}',
     page().replace(b"1.58", b"NaN"), page().replace(b"1.58", b"1e999"), page()[:-9]],
)  # fmt: skip
def test_what_is_no_page_is_disbelieved(body):
    with pytest.raises(Disbelieved):
        read_page(body, service="water")
