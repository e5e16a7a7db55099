import base64
import hmac
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OKPKey
from pydantic import ValidationError

from kembar_gateway.settings import GatewaySettings
from kembar_shared.chassis import auth
from kembar_shared.chassis.auth import RouteWithoutAccess
from kembar_shared.chassis.keys import LocalKeys
from kembar_shared.chassis.limits import Rate
from kembar_shared.chassis.problems import Unauthenticated
from kembar_shared.chassis.revocations import digest_of
from kembar_shared.chassis.settings import TrustedIssuer
from kembar_shared.chassis.verifying import MOST_LIFETIME_S, Caller, Verifier


@pytest.fixture
def verifier(signing):
    return Verifier(signing.keys, issuer=signing.issuer, audience=signing.audience)


def test_a_token_becomes_its_caller(verifier, signing):
    token = signing.token(
        ["measurements:read", "measurements:write"], stations=["CPM-*"], cooperations=["bdg-kws"]
    )
    caller = verifier.verify(token)

    assert caller == Caller(
        "tester",
        frozenset({"measurements:read", "measurements:write"}),
        ("CPM-*",),
        ("bdg-kws",),
        Rate(1_000_000, 1_000_000),
    )
    assert caller.may("measurements:read")
    assert not caller.may("measurements")


@pytest.mark.parametrize(
    ("globs", "station", "is_seen"),
    [
        (None, "CPM-01", True),
        (["*"], "CPM-01", True),
        (["CPM-*"], "CPM-01", True),
        (["CPM-*"], "cpm-01", False),
        (["CPM-01"], "CPM-011", False),
        ([], "CPM-01", False),
    ],
)
def test_a_narrowed_caller_sees_its_own_stations(verifier, signing, globs, station, is_seen):
    assert verifier.verify(signing.token(stations=globs)).sees(station) is is_seen


NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("claims", "is_valid"),
    [
        ({"exp": NOW - 29}, True),
        ({"exp": NOW - 30}, False),
        ({"iat": NOW + 30}, True),
        ({"iat": NOW + 31}, False),
        ({"nbf": NOW + 30}, True),
        ({"nbf": NOW + 31}, False),
        ({"aud": ["other", "kembar"]}, True),
        ({"aud": ["other"]}, False),
        ({"aud": "kembar2"}, False),
        ({"iss": "http://127.0.0.1:8000/"}, False),
        ({"exp": "never"}, False),
        ({"exp": True}, False),
        ({"exp": None}, False),
        ({"iat": None}, False),
        ({"aud": None}, False),
        ({"iss": None}, False),
        ({"sub": None}, False),
        ({"jti": None}, False),
        ({"jti": ""}, False),
        ({"client_id": None}, False),
        ({"client_id": 7}, False),
        ({"scope": ["measurements:read"]}, False),
        ({"stations": "CPM-*"}, False),
        ({"stations": [1]}, False),
    ],
)
def test_claims_decide(signing, claims, is_valid):
    verifier = Verifier(
        signing.keys, issuer=signing.issuer, audience=signing.audience, clock=lambda: NOW
    )
    token = signing.token(**{"iat": int(NOW), "exp": int(NOW) + 60, **claims})
    if is_valid:
        assert verifier.verify(token).client == "tester"
    else:
        with pytest.raises(Unauthenticated):
            verifier.verify(token)


def encoded(content):
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


HOSTILE_HEADERS = {
    "none": {"alg": "none"},
    "None": {"alg": "None"},
    "eddsa": {"alg": "EdDSA"},
    "hs256": {"alg": "HS256"},
    "no alg": {"alg": None},
    "list alg": {"alg": ["Ed25519"]},
    "jwt": {"typ": "JWT"},
    "no typ": {"typ": None},
    "path": {"kid": "../../../dev/null"},
    "sql": {"kid": "' OR 1=1 --"},
    "no kid": {"kid": None},
    "list kid": {"kid": ["test-key"]},
    "jku": {"jku": "http://127.0.0.1:9/keys"},
    "jwk": {"jwk": {"kty": "OKP"}},
    "x5u": {"x5u": "http://127.0.0.1:9/certificate"},
    "x5c": {"x5c": ["…"]},
    "crit": {"crit": ["exp"]},
    "b64": {"b64": False},
}


@pytest.mark.parametrize("name", HOSTILE_HEADERS)
def test_a_hostile_header_is_refused_though_the_signature_is_right(verifier, signing, name):
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": "test-key"} | HOSTILE_HEADERS[name]
    header = {member: value for member, value in header.items() if value is not None}
    signed = f"{encoded(header)}.{encoded(signing.claims(scope='clients:manage'))}"
    signature = signing.key.private_key.sign(signed.encode())
    token = f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"

    with pytest.raises(Unauthenticated):
        verifier.verify(token)


def test_the_same_construction_without_malice_is_accepted(verifier, signing):
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": "test-key"}
    signed = f"{encoded(header)}.{encoded(signing.claims())}"
    signature = signing.key.private_key.sign(signed.encode())

    verifier.verify(f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}")


def test_the_public_key_is_no_shared_secret(verifier, signing):
    header = {"alg": "HS256", "typ": "at+jwt", "kid": "test-key"}
    signed = f"{encoded(header)}.{encoded(signing.claims())}"
    mac = hmac.digest(signing.key.as_pem(private=False), signed.encode(), "sha256")

    with pytest.raises(Unauthenticated):
        verifier.verify(f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}")


def test_another_issuers_key_of_the_same_name_is_refused(verifier, signing):
    with pytest.raises(Unauthenticated):
        verifier.verify(signing.token(key=OKPKey.generate_key("Ed25519")))


def test_a_changed_token_is_refused(verifier, signing):
    header, payload, signature = signing.token("outcomes:read").split(".")
    forged = encoded(signing.claims(scope="clients:manage"))
    for token in (
        f"{header}.{forged}.{signature}",
        f"{header}.{payload}.",
        f"{header}.{payload}.{signature[:-4]}AAAA",
        f"{header}.{payload}",
        f"{header}.{payload}.{signature}.{signature}",
        f"{header}.{encoded([1])}.{signature}",
        f" {header}.{payload}.{signature}x",
    ):
        with pytest.raises(Unauthenticated):
            verifier.verify(token)


def test_a_payload_that_is_no_object_is_refused(verifier, signing):
    for payload in (b"[]", b"7", b"", b"\xff", b"[" * 6000):
        token = jws.serialize_compact(
            {"alg": "Ed25519", "typ": "at+jwt", "kid": "test-key"},
            payload,
            signing.key,
            algorithms=["Ed25519"],
        )
        with pytest.raises(Unauthenticated):
            verifier.verify(token)


def test_a_huge_token_is_refused_unread(verifier, signing):
    began = time.perf_counter()
    with pytest.raises(Unauthenticated):
        verifier.verify(signing.token(stations=["S" * 10_000]))
    assert time.perf_counter() - began < 0.5


@given(st.text() | st.from_regex(r"[\w-]{0,40}\.[\w-]{0,40}\.[\w-]{0,40}"))
def test_no_text_breaks_the_verifier(signing, text):
    verifier = Verifier(signing.keys, issuer=signing.issuer, audience=signing.audience)
    with pytest.raises(Unauthenticated):
        verifier.verify(text)


def test_a_route_without_a_mark_is_found():
    @auth.needs("measurements:read", "measurements:review")
    def marked():
        return None

    assert auth.access_of(marked).scopes == ("measurements:read", "measurements:review")
    with pytest.raises(RouteWithoutAccess, match="lambda"):
        auth.access_of(lambda unmarked: unmarked)


class Revoking(LocalKeys):
    """Keys of an issuer that has revoked some generations of one client's tokens."""

    least = 0

    def least_generation(self, subject):
        return self.least if subject == digest_of("tester") else 0


def test_a_generation_that_was_revoked_does_not_count(signing):
    keys = Revoking([signing.key])
    verifier = Verifier(keys, issuer=signing.issuer, audience=signing.audience)
    first, second = signing.token(), signing.token(generation=1)
    other = signing.token(client_id="other")
    for token in (first, second, other):
        verifier.verify(token)

    keys.least = 1

    assert verifier.recall(first) is None
    with pytest.raises(Unauthenticated):
        verifier.verify(first)
    assert verifier.recall(second).client == "tester"
    assert verifier.recall(other).client == "other"


@pytest.mark.parametrize("generation", [True, "1", 1.5, [1]])
def test_a_generation_is_a_whole_number(verifier, signing, generation):
    with pytest.raises(Unauthenticated):
        verifier.verify(signing.token(generation=generation))


def test_no_token_of_the_gateways_lives_longer_than_its_settings_allow(signing):
    own = Verifier(
        signing.keys, issuer=signing.issuer, audience=signing.audience, clock=lambda: NOW
    )
    began = int(NOW)
    assert GatewaySettings(token_lifetime_s=MOST_LIFETIME_S)
    with pytest.raises(ValidationError):
        GatewaySettings(token_lifetime_s=MOST_LIFETIME_S + 1)

    own.verify(signing.token(iat=began, exp=began + 3600 + 30))
    for life in ({"iat": began, "exp": began + 3600 + 31}, {"iat": 0, "exp": began + 60}):
        with pytest.raises(Unauthenticated):
            own.verify(signing.token(**life))


def test_another_issuers_tokens_live_as_long_as_it_says(signing):
    foreign = TrustedIssuer(
        name="campus",
        issuer=signing.issuer,
        audience=signing.audience,
        jwks_url="http://127.0.0.1:9/keys",
        algorithms=["Ed25519"],
        token_types=["at+jwt"],
    )
    verifier = Verifier(
        signing.keys, issuer=signing.issuer, audience=signing.audience, foreign=foreign
    )

    now = int(time.time())
    assert verifier.verify(signing.token(iat=now, exp=now + 86_400)).client == "campus:tester"


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 10**400},
        {"iat": -(10**400)},
        {"nbf": 10**400},
        {"rate_limit": {"burst": 10**400, "per_s": 1}},
        {"rate_limit": {"burst": 1, "per_s": 10**400}},
    ],
    ids=["exp", "iat", "nbf", "burst", "per_s"],
)
def test_a_number_beyond_all_measure_is_refused(verifier, signing, claims):
    with pytest.raises(Unauthenticated):
        verifier.verify(signing.token(**claims))
