"""Canonical JSON as RFC 8785 has it, in all three places where it is spelled."""

from __future__ import annotations

import json
import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kembar_client import canonical as client
from kembar_gateway.reports import canonical
from kembar_gateway.reports.canonical import Uncanonical
from tests.contract.test_docs import renderer

recompute = renderer("recompute")

# RFC 8785, appendix B.
NUMBERS = {
    "00000000 00000000": "0",
    "80000000 00000000": "0",
    "00000000 00000001": "5e-324",
    "80000000 00000001": "-5e-324",
    "7fefffff ffffffff": "1.7976931348623157e+308",
    "ffefffff ffffffff": "-1.7976931348623157e+308",
    "43400000 00000000": "9007199254740992",
    "c3400000 00000000": "-9007199254740992",
    "44300000 00000000": "295147905179352830000",
    "44b52d02 c7e14af5": "9.999999999999997e+22",
    "44b52d02 c7e14af6": "1e+23",
    "44b52d02 c7e14af7": "1.0000000000000001e+23",
    "444b1ae4 d6e2ef4e": "999999999999999700000",
    "444b1ae4 d6e2ef4f": "999999999999999900000",
    "444b1ae4 d6e2ef50": "1e+21",
    "3eb0c6f7 a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7 a0b5ed8d": "0.000001",
    "41b3de43 55555553": "333333333.3333332",
    "41b3de43 55555554": "333333333.33333325",
    "41b3de43 55555555": "333333333.3333333",
    "41b3de43 55555556": "333333333.3333334",
    "41b3de43 55555557": "333333333.33333343",
    "becbf647 612f3696": "-0.0000033333333333333333",
    "43143ff3 c1cb0959": "1424953923781206.2",
}
# RFC 8785, sections 3.2.2 and 3.2.3.
OBJECT = (
    '{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],'
    '"string": "\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/",'
    '"literals": [null, true, false]}'
)
SPELLED = (
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
    '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
)
NAMES = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
ORDERED = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


def spellings(value):
    return (
        canonical.dumps(value).decode(),
        client.dumps(value).decode(),
        recompute.spelled(value),
    )


@pytest.mark.parametrize(("bits", "spelled"), NUMBERS.items())
def test_the_numbers_of_the_standard(bits, spelled):
    (value,) = struct.unpack(">d", bytes.fromhex(bits))

    assert spellings(value) == (spelled,) * 3


def test_the_object_of_the_standard():
    assert spellings(json.loads(OBJECT)) == (SPELLED,) * 3


def test_names_are_ordered_by_utf_16():
    value = dict.fromkeys(NAMES, 1.0)

    assert list(json.loads(canonical.dumps(value))) == ORDERED
    assert len(set(spellings(value))) == 1


@given(JSON)
@settings(max_examples=50)
def test_all_three_spell_alike_and_lose_nothing(value):
    first, *others = spellings(value)

    assert others == [first, first]
    assert client.read(first.encode()) == value


def test_whole_numbers_have_no_point_whether_integer_or_float():
    assert canonical.dumps([5, 5.0, -0.0, 2**53 - 1]) == b"[5,5,0,9007199254740991]"


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, 2**53, -(2**53), "\ud800", {1: 2}, {"a": b""}, {"\udc00": 1}]
)
def test_what_json_cannot_carry_is_refused(value):
    with pytest.raises(Uncanonical):
        canonical.dumps(value)


@pytest.mark.parametrize(
    "text", ['{"a":1,"a":2}', "NaN", "[1", "[" * 100_000, '{"a":Infinity}', "\ufeff{}"]
)
def test_the_reader_is_strict(text):
    with pytest.raises(client.NotCanonical):
        client.read(text.encode())


def test_what_is_nested_too_deep_has_no_spelling():
    value = []
    for _ in range(100):
        value = [value]

    with pytest.raises(client.NotCanonical):
        client.dumps(value)
