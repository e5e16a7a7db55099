import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kembar_shared.chassis.pages import decode_cursor, encode_cursor, page
from kembar_shared.chassis.problems import BadCursor


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none() | st.booleans()))
def test_a_cursor_comes_back_as_it_was(position):
    cursor = encode_cursor(position)

    assert decode_cursor(cursor) == position
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?# ")


@given(st.text())
def test_whatever_is_no_cursor_is_refused(text):
    try:
        position = decode_cursor(text)
    except BadCursor:
        return
    assert isinstance(position, dict)


@pytest.mark.parametrize(
    "text",
    [
        *("", "!", "a", "é", "A" * 100_000, "WzFd"),
        base64.urlsafe_b64encode(b"[" * 99_999).decode(),
        *(
            base64.urlsafe_b64encode(half).decode()
            for half in (rb'{"c":"\ud800"}', rb'{"\udfff":1}')
        ),
    ],
    ids=range(9),
)
def test_a_forged_cursor_is_refused(text):
    with pytest.raises(BadCursor):
        decode_cursor(text)


def test_the_last_page_has_no_next():
    assert page([1, 2], None) == {"items": [1, 2], "next": None}
    assert page([1], encode_cursor({"after": 1}))["next"] is not None
