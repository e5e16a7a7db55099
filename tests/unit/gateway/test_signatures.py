"""Signatures over reports: who signed what, and nothing else passes for one."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from joserfc import jws
from joserfc.jwk import OKPKey

from kembar_gateway import signatures
from kembar_gateway.signatures import NotSigned, Signed

AT = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
REPORT = b'{"a":1}'


@pytest.fixture(scope="module")
def key():
    return OKPKey.generate_key("Ed25519", private=True, auto_kid=True)


@pytest.fixture
def signed(key):
    return signatures.sign(REPORT, key, at=AT)


def check(signed, document=REPORT, **changes):
    signed = signed | changes
    return signatures.check(document, signed["protected"], signed["signature"], signed["jwk"])


def encoded(content):
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def test_a_signature_says_who_and_when(signed, key):
    assert check(signed) == Signed(key.kid, AT)
    assert set(signed["jwk"]) == {"kty", "crv", "x", "kid"}
    assert signatures.thumbprint(signed["jwk"]) == key.kid


def test_it_fits_one_report_and_one_key(signed):
    other = OKPKey.generate_key("Ed25519", private=False).as_dict() | {"kid": signed["kid"]}

    for changed in ({"document": REPORT + b" "}, {"jwk": other}, {"signature": "AAAA"}):
        with pytest.raises(NotSigned):
            check(signed, **changed)


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "at+jwt"}, {"alg": "none"}, {"alg": "EdDSA"}, {"kid": "other"}, {"iat": "now"},
        {"iat": True}, {"iat": 10**30}, {"crit": ["b64"], "b64": False}, {"jwk": {}}, {"typ": None},
    ],
)  # fmt: skip
def test_a_header_of_another_kind_is_refused_though_the_signature_fits(signed, key, header):
    usual = {"alg": "Ed25519", "typ": signatures.TYPE, "kid": key.kid, "iat": 1}
    protected = encoded({n: v for n, v in (usual | header).items() if v is not None})
    raw = key.private_key.sign(f"{protected}.{encoded(REPORT)}".encode())

    with pytest.raises(NotSigned):
        check(signed, protected=protected, signature=encoded(raw))


@pytest.mark.parametrize("text", ["", "!", "a" * 1001, "e30", encoded([]), encoded(b"\xff")])
def test_what_is_no_header_is_refused(signed, text):
    with pytest.raises(NotSigned):
        check(signed, protected=text)


def test_a_token_is_no_signature_over_a_report(signed, key):
    token = jws.serialize_compact({"alg": "Ed25519", "typ": "at+jwt"}, REPORT, key,
                                  algorithms=["Ed25519"])  # fmt: skip
    protected, _, signature = token.split(".")

    with pytest.raises(NotSigned):
        check(signed, protected=protected, signature=signature)


def test_a_private_key_or_another_kind_is_no_public_key(key):
    for wrong in (
        key.as_dict(private=True),
        {"kty": "OKP", "crv": "X25519", "x": "A" * 43},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
        {"kty": "EC"},
        {},
    ):
        with pytest.raises(NotSigned):
            signatures.public_of(wrong)
