import pytest
from fastapi import Request, Response
from hypothesis import given
from hypothesis import strategies as st

from kembar_shared.chassis.caching import conditional, etag_of, json_response, require_match
from kembar_shared.chassis.problems import PreconditionFailed, PreconditionRequired

TAG = etag_of("content")


def request(**headers):
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": raw})


@given(st.lists(st.binary(), max_size=4), st.lists(st.binary(), max_size=4))
def test_tags_are_equal_only_for_equal_parts(one, other):
    assert (etag_of(*one) == etag_of(*other)) == (one == other)


@pytest.mark.parametrize(
    "sent", [TAG, f"W/{TAG}", f'"other", {TAG}', f'"a","b",W/{TAG}', "*", " * "]
)
def test_what_the_caller_has_is_not_sent_again(sent):
    def make():
        raise AssertionError("made for nothing")

    response = conditional(request(if_none_match=sent), TAG, make)

    assert response.status_code == 304
    assert response.body == b""
    assert response.headers["ETag"] == TAG
    assert response.headers["Vary"] == "Accept, Accept-Language, Authorization"


@pytest.mark.parametrize("sent", [None, '"other"', TAG.strip('"'), ""])
def test_what_the_caller_lacks_is_sent(sent):
    headers = {} if sent is None else {"if_none_match": sent}
    response = conditional(request(**headers), TAG, lambda: Response(b"content"))

    assert response.status_code == 200
    assert response.body == b"content"
    assert response.headers["ETag"] == TAG
    assert response.headers["Cache-Control"] == "private, no-cache"


def test_a_json_bodys_tag_follows_its_content():
    one, same, other = (json_response(request(), body) for body in ([1], [1], [2]))

    assert one.headers["ETag"] == same.headers["ETag"] != other.headers["ETag"]
    assert one.body == b"[1]"
    assert json_response(request(if_none_match=one.headers["ETag"]), [1]).status_code == 304


def test_a_number_that_is_none_never_leaves():
    with pytest.raises(ValueError, match="JSON compliant"):
        json_response(request(), {"value": float("nan")})


def test_a_change_names_the_version_it_changes():
    require_match(request(if_match=TAG), TAG)
    require_match(request(if_match="*"), TAG)
    with pytest.raises(PreconditionRequired):
        require_match(request(), TAG)
    for sent in ('"other"', f"W/{TAG}"):
        with pytest.raises(PreconditionFailed):
            require_match(request(if_match=sent), TAG)
