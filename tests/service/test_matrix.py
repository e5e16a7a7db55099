"""The matrix: each role, and each token that is none, at every operation the documents name."""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
from typing import NamedTuple

import httpx
import pytest
from joserfc.jwk import OKPKey

from kembar_gateway import identity
from tests.loopback import PLAIN
from tests.service.access import ANY_TOKEN, PUBLIC, ROLES, TABLES

LONG_AGO_S = 3600
FILE = {"measurements": [{"station": "A", "parameter": "bod", "time": "2026-01-05T10:00:00+07:00",
                          "value": "1", "unit": "mg/L"}]}  # fmt: skip
UNIQUE = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")


class Operation(NamedTuple):
    """One line of the matrix."""

    method: str
    path: str
    scopes: frozenset[str] | None
    """Any of these suffices; none: any token does; None: no token is needed."""

    def send(self, client, **arguments):
        # A document that is plain takes the short way, past the routes.
        body = {"json": FILE} if self.method in {"POST", "PATCH"} else {}
        path = self.path.replace("{kind}", "pilots").replace("{", "").replace("}", "")
        return client.request(self.method, path, **body, **arguments)


KNOWN = {}
"""The operations of each process: to write its document takes longer than most tests here."""


def operations(app):
    """Read the operations, and what each asks for, from the app's own document."""
    if app.title not in KNOWN:
        KNOWN[app.title] = list(read_operations(app))
    return KNOWN[app.title]


def read_operations(app):
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            ways = operation.get("security")
            scopes = None if ways is None else frozenset(s for way in ways for s in way["bearer"])
            yield Operation(method.upper(), path, scopes)


@pytest.fixture
def client(app, serve):
    return serve(app)


def test_the_document_names_what_the_table_names(app, name):
    """The door's paths and pages for people are no operations of the document."""
    spelled = {None: PUBLIC, frozenset(): ANY_TOKEN}
    found = {(o.method, o.path): spelled.get(o.scopes, o.scopes) for o in operations(app)}

    table = TABLES[name]
    assert found == {line: table.get(line) for line in found}
    silent = {path for line, path in set(table) - set(found)}
    assert {path for path in silent if path.startswith(("/v1", "/metrics", "/oauth"))} == set()


def test_the_roles_are_those_of_the_table():
    assert {role: set(scopes) for role, scopes in identity.ROLES.items()} == ROLES


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_call_what_its_scopes_allow_and_nothing_else(app, client, signing, role):
    headers = {"Authorization": f"Bearer {signing.token(list(ROLES[role]))}"}
    for operation in operations(app):
        answer = operation.send(client, headers=headers)

        may = not operation.scopes or bool(operation.scopes & ROLES[role])
        told = (role, operation, answer.text)
        if operation.path != "/oauth/token":  # which asks for a secret, not for a token
            assert answer.status_code != 401, told
        assert (answer.status_code == 403) is not may, told
        assert answer.status_code < 500, told


def encoded(content):
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def signed(signing, header, **claims):
    """Sign whatever the header says, rightly, with the issuer's own key."""
    usual = {"alg": "Ed25519", "typ": "at+jwt", "kid": signing.key.kid}
    header = {name: value for name, value in (usual | header).items() if value is not None}
    scope = " ".join(sorted(set().union(*ROLES.values())))
    text = f"{encoded(header)}.{encoded(signing.claims(**{'scope': scope} | claims))}"
    signature = signing.key.private_key.sign(text.encode())
    return f"{text}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def unsigned(signing, alg):
    return f"{signed(signing, {'alg': alg}).rpartition('.')[0]}."


def by_the_public_key(signing):
    text = signed(signing, {"alg": "HS256"}).rpartition(".")[0]
    mac = hmac.digest(signing.key.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def tampered(signing):
    header, _, signature = signed(signing, {}, scope="outcomes:read").split(".")
    return f"{header}.{encoded(signing.claims(scope='clients:manage'))}.{signature}"


def forged(signing):
    return signing.token("clients:manage", key=OKPKey.generate_key("Ed25519"))


NOW = time.time()
HOSTILE = {
    "expired": lambda s: signed(s, {}, iat=int(NOW - LONG_AGO_S), exp=int(NOW - 60)),
    "not yet valid": lambda s: signed(s, {}, nbf=int(NOW + LONG_AGO_S)),
    "issued in the future": lambda s: signed(s, {}, iat=int(NOW + LONG_AGO_S)),
    "forged": forged,
    "tampered": tampered,
    "none": lambda s: unsigned(s, "none"),
    "None": lambda s: unsigned(s, "None"),
    "NONE": lambda s: unsigned(s, "NONE"),
    "nOnE": lambda s: unsigned(s, "nOnE"),
    "none, signed": lambda s: signed(s, {"alg": "none"}),
    "HS256": by_the_public_key,
    "EdDSA": lambda s: signed(s, {"alg": "EdDSA"}),
    "typ JWT": lambda s: signed(s, {"typ": "JWT"}),
    "no typ": lambda s: signed(s, {"typ": None}),
    "aud": lambda s: signed(s, {}, aud="other"),
    "iss": lambda s: signed(s, {}, iss="http://127.0.0.1:9"),
    "kid path": lambda s: signed(s, {"kid": "../../../dev/null"}),
    "kid SQL": lambda s: signed(s, {"kid": "' OR 1=1 --"}),
    "no kid": lambda s: signed(s, {"kid": None}),
    "jku": lambda s: signed(s, {"jku": "http://127.0.0.1:9/keys"}),
    "jwk": lambda s: signed(s, {"jwk": s.key.as_dict(private=False)}),
    "x5u": lambda s: signed(s, {"x5u": "http://127.0.0.1:9/certificate"}),
    "crit": lambda s: signed(s, {"crit": ["exp"]}),
}
"""Each made with every scope there is, most with a signature that is right."""


def ways_to_send(signing):
    """Yield the name and the request's arguments of each attempt to get in without a token."""
    for name, make in HOSTILE.items():
        yield name, {"headers": {"Authorization": f"Bearer {make(signing)}"}}
    good = signed(signing, {})
    yield "no token", {}
    yield "in the query", {"params": {"access_token": good}}
    yield "twice", {"headers": [("Authorization", f"Bearer {good}")] * 2}
    yield "other scheme", {"headers": {"Authorization": f"Basic {good}"}}
    yield "empty", {"headers": {"Authorization": "Bearer"}}
    yield "cookie", {"headers": {"Cookie": f"access_token={good}"}}


def test_without_malice_the_same_construction_is_let_in(app, client, signing):
    headers = {"Authorization": f"Bearer {signed(signing, {})}"}
    for operation in operations(app):
        if operation.scopes is not None:
            assert operation.send(client, headers=headers).status_code not in {401, 403}


def test_nothing_but_a_valid_token_is_let_in_and_each_is_told_the_same(app, client, signing):
    attempts = dict(ways_to_send(signing))
    # One without cookies of its own, so that each attempt is as it says.
    with httpx.Client(base_url=client.base_url, **PLAIN) as plain:
        for operation in operations(app):
            answers = {}
            for way, arguments in attempts.items():
                answer = operation.send(plain, **arguments)
                told = UNIQUE.sub("…", answer.text)
                challenge = answer.headers.get("WWW-Authenticate")
                answers[way] = (answer.status_code, challenge, told)
            if operation.scopes is None:
                assert {status for status, _, _ in answers.values()} == {answers["no token"][0]}
            else:
                assert set(answers.values()) == {answers["no token"]}, operation
                assert answers["no token"][0] == 401, operation
