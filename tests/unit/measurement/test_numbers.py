"""Cells of number: what was sent is what is kept, or it is refused."""

# ruff: noqa: RUF001  fixtures by name, cells to the letter

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_shared.measurement import uploads

ROOMY = settings(max_examples=150, deadline=None)
DECIMALS = st.builds(
    lambda sign, digits, exponent: Decimal((sign, digits, exponent)),
    st.integers(0, 1),
    st.lists(st.integers(0, 9), min_size=1, max_size=15).map(tuple),
    st.integers(-60, 60),
).filter(lambda d: d not in {Decimal(-999), Decimal(-9999), Decimal(-99999)})

POINTED = (
    st.lists(st.integers(0, 9), min_size=1, max_size=15)
    .flatmap(lambda digits: st.tuples(st.just(tuple(digits)), st.integers(-len(digits) - 5, -1)))
    .map(lambda drawn: Decimal((0, *drawn)))
    .filter(lambda d: "E" not in str(d))
)


@ROOMY
@given(DECIMALS)
def test_fifteen_digits_survive(check_cells, decimal):
    text = str(decimal)
    (kept,) = check_cells(value=text).good["value"]

    assert Decimal(repr(kept)) == decimal


@ROOMY
@given(POINTED)
def test_a_comma_declared_is_a_point(check_cells, decimal):
    text = str(decimal).replace(".", ",")
    (kept,) = check_cells(value=text, _decimal="comma").good["value"]

    assert Decimal(repr(kept)) == decimal


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "value-missing"),
        ("-", "value-missing"),
        ("N/A", "value-missing"),
        ("＿", "not-a-number"),
        ("tidak ada data", "value-missing"),
        ("-999", "missing-value-code"),
        ("-9999.0", "missing-value-code"),
        ("nan", "not-finite"),
        ("-Infinity", "not-finite"),
        ("1e400", "number-out-of-range"),
        ("-1e400", "number-out-of-range"),
        ("1e-400", "number-out-of-range"),
        ("1e999999999999", "number-out-of-range"),
        ("4.9e-324", "number-out-of-range"),
        ("1e101", "number-out-of-range"),
        ("0." + "0" * 400 + "1", "number-out-of-range"),
        ("0x1F", "not-a-number"),
        ("1_000", "not-a-number"),
        ("1 000", "not-a-number"),
        ("1.2.3", "not-a-number"),
        ("１２", "not-a-number"),
        ("١٢", "not-a-number"),
        ("6,5", "decimal-sign-undeclared"),
        ("1,234.5", "not-a-number"),
        ("=1+1", "not-a-number"),
        ("1.2345678901234567", "too-many-digits"),
        ("12345678901234567", "too-many-digits"),
    ],
)
def test_what_is_no_value_is_refused(codes_of, value, code):
    assert codes_of(value=value) == [code]


@pytest.mark.parametrize(
    "value", ["0", "-0", "0e999", "0.000", "+6.5", ".5", "5.", "1E+2", "1e-99"]
)
def test_other_spellings_of_numbers_are_read(check_cells, value):
    assert check_cells(value=value).good["value"].to_list() == [float(value)]


def test_a_point_is_refused_where_a_comma_is_declared(codes_of):
    assert codes_of(value="1.234", _decimal="comma") == ["decimal-sign-undeclared"]


@pytest.mark.parametrize(
    ("cells", "sign", "limit"),
    [
        ({"value": "<0.01"}, "<", 0.01),
        ({"value": "< 0.01"}, "<", 0.01),
        ({"value": ">2400"}, ">", 2400.0),
        ({"value": "0.01", "qualifier": "<"}, "<", 0.01),
        ({"value": "", "qualifier": "<", "limit": "0.01"}, "<", 0.01),
        ({"value": "<0.01", "qualifier": "<", "limit": "0.010"}, "<", 0.01),
        ({"value": "<0,01", "_decimal": "comma"}, "<", 0.01),
    ],
)
def test_a_value_below_a_limit_is_a_sign_and_a_limit(check_cells, cells, sign, limit):
    (row,) = check_cells(**cells).good.select("value", "qualifier", "limit_value").rows()

    assert row == (None, sign, limit)


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"value": "<0.01", "qualifier": ">"}, "qualifier-conflict"),
        ({"value": "<0.01", "limit": "0.02"}, "limit-conflict"),
        ({"value": "5", "qualifier": "~"}, "unknown-qualifier"),
        ({"value": "5", "limit": "few"}, "not-a-number"),
        ({"value": "", "qualifier": "<", "limit": "-999"}, "limit-negative"),
        ({"value": "5", "limit": "-0.1"}, "limit-negative"),
        ({"value": "<-1"}, "limit-negative"),
        ({"value": "<=3"}, "not-a-number"),
        ({"value": "5", "limit": "0.12345678901234567"}, "too-many-digits"),
        ({"value": "<"}, "value-missing"),
        ({"value": "", "qualifier": "<"}, "value-missing"),
        ({"value": "5", "depth_m": "deep"}, "not-a-number"),
        ({"value": "5", "depth_m": "0.12345678901234567"}, "too-many-digits"),
    ],
)
def test_a_contradiction_is_refused(codes_of, cells, code):
    assert codes_of(**cells) == [code]


def test_a_limit_beside_a_measured_value_stays_beside_it(check_cells):
    (row,) = check_cells(value="5", limit="0.01").good.select("value", "limit_value").rows()

    assert row == (5.0, 0.01)


def test_a_depth_has_the_declared_decimal_sign(check_cells):
    for checked in (
        check_cells(depth_m="0,5", value="1", _decimal="comma"),
        check_cells(depth_m="0.5"),
    ):
        (extra,) = checked.good["extra"]
        assert json.loads(extra)["depth_m"] == 0.5


def test_a_converted_value_is_the_nearest_one(check_cells):
    good = check_cells(value="0.3", unit="µg/L").good

    assert good.select("value", "sent").rows() == [(0.0003, f"0.3{uploads.SENT_MARK}µg/L")]
