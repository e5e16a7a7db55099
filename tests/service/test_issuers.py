"""Issuers besides the gateway, as the operator names them: a real key set over HTTP."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey
from pydantic import SecretStr, ValidationError

import kembar_water.app
from kembar_shared.measurement import service
from kembar_shared.measurement.settings import PACKAGES
from kembar_water.settings import WaterSettings
from tests.loopback import PLAIN
from tests.service.others import STATION

ISSUER = "https://login.example/realms/cities"
KEYS = {
    "RS256": RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"}),
    "Ed25519": OKPKey.generate_key("Ed25519", {"kid": "okp"}),
}
OTHER_KEYS = [
    RSAKey.generate_key(2048, {"kid": "encrypts", "use": "enc"}),
    ECKey.generate_key("P-384", {"kid": "long"}),
]


class Provider(ThreadingHTTPServer):
    """Publishes its keys."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.keys = [*KEYS.values(), *OTHER_KEYS]
        self.jwks_url = f"http://127.0.0.1:{self.server_port}/certs"


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        keys = [key.as_dict(private=False) for key in self.server.keys]
        content = json.dumps({"keys": keys}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        return


@pytest.fixture
def provider():
    with Provider() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def trusted(jwks_url="http://127.0.0.1:9", **changes):
    """Return what an operator writes for a Keycloak realm."""
    usual = {
        "name": "cities",
        "issuer": ISSUER,
        "jwks_url": jwks_url,
        "audience": "kembar",
        "algorithms": ["RS256", "ES256"],
        "token_types": ["JWT"],
        "client_claim": "azp",
        "scope_prefix": "kembar.",
    }
    return {**usual, **changes}


@pytest.fixture
def water(provider, serve, signing, tmp_path, sqlite_templates, monkeypatch):
    """Serve a service that trusts the provider too; return a function: token -> status."""
    clients = []

    def start(**changes):
        named = json.dumps([trusted(**{"jwks_url": provider.jwks_url, **changes})])
        monkeypatch.setenv("KEMBAR_WATER_ISSUERS", named)
        url = sqlite_templates.new(tmp_path / f"{uuid.uuid4()}.sqlite", PACKAGES)
        settings = WaterSettings(database_url=SecretStr(url), jwks_file=tmp_path / "jwks.json")
        domain = kembar_water.app.domain_of(settings)
        base = serve(service.build(settings, domain, keys=signing.keys)).base_url
        clients.append(httpx.Client(base_url=base, **PLAIN))

        def ask(token, path="/v1/measurements", method="GET", key=None, **arguments):
            headers = {"Authorization": f"Bearer {token}", **(key or {})}
            return clients[-1].request(method, path, headers=headers, **arguments)

        return ask

    yield start
    for client in clients:
        client.close()


def token(algorithm="RS256", *, header=None, key=None, **claims):
    """Return a token as the provider signs it; a claim given as None is left out."""
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": ["account", "kembar"], "sub": "9f", "azp": "bandung"}
    usual |= {"iat": now, "exp": now + 300, "scope": "email kembar.measurements:read"}
    claims = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    signer = key or KEYS.get(algorithm, KEYS["RS256"])
    usual_header = {"alg": algorithm, "typ": "JWT", "kid": signer.kid}
    return jwt.encode({**usual_header, **(header or {})}, claims, signer, algorithms=[algorithm])


def confused():
    """Return a token whose secret is the provider's public key."""
    _, claims, _ = token().split(".")
    header = {"alg": "HS256", "typ": "JWT", "kid": "rsa"}
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    public = KEYS["RS256"].as_pem(private=False)
    digest = hmac.digest(public, f"{head}.{claims}".encode(), "sha256")
    return f"{head}.{claims}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def unmarked(key):
    """Return the key as if it might sign."""
    members = key.as_dict(private=True)
    return RSAKey.import_key({name: value for name, value in members.items() if name != "use"})


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "PS256", "Ed25519"])
def test_an_allowed_algorithm_is_let_in_and_no_other(water, algorithm):
    signed = token(algorithm, **({"key": KEYS["RS256"]} if algorithm == "PS256" else {}))

    assert water(algorithms=[algorithm])(signed).status_code == 200
    others = [other for other in ("RS256", "ES256", "PS256", "Ed25519") if other != algorithm]
    assert water(algorithms=others)(signed).status_code == 401


def test_the_gateways_tokens_go_on_by_the_gateways_rules(water, signing):
    ask = water()

    assert ask(signing.token("measurements:read")).status_code == 200
    assert ask(signing.token("kembar.measurements:read")).status_code == 403


def test_only_scopes_with_the_prefix_count(water):
    cases = [
        ("kembar.measurements:read", 200),
        ("measurements:read", 403),
        ("kembar.kembar.measurements:read", 403),
        (None, 403),
        (["kembar.measurements:read"], 200),
        ([1], 401),
        (7, 401),
    ]
    ask = water()
    for scope, status in cases:
        assert ask(token(scope=scope)).status_code == status, scope

    assert water(scope_claim="roles")(token(roles=["kembar.measurements:read"])).status_code == 200


def test_a_guest_is_never_taken_for_a_client_of_the_gateway(water, signing):
    ask = water()
    own = signing.token("stations:write", client_id="bandung")
    guest = token(scope="kembar.stations:write", azp="bandung")
    key = {"Idempotency-Key": "stations-1"}
    for sender, code in ((own, "A"), (guest, "B")):
        answer = ask(sender, "/v1/stations", "POST", json=STATION | {"code": code}, key=key)

        assert answer.status_code == 201, answer.text
    assert (
        ask(guest, "/v1/stations", "POST", json=STATION | {"code": "C"}, key=key).status_code == 409
    )


def test_whatever_is_wrong_is_refused(water):
    ask = water()
    now = int(time.time())
    cases = {
        "another audience": token(aud="account"),
        "expired": token(exp=now - 31),
        "not yet valid": token(nbf=now + 60),
        "no client": token(azp=None),
        "no subject": token(sub=None),
        "no end": token(exp=None),
        "an access token's type": token(header={"typ": "at+jwt"}),
        "an unknown key": token(header={"kid": "nobody"}),
        "another key": token(key=RSAKey.generate_key(2048, {"kid": "rsa"})),
        "a key that encrypts": token(key=unmarked(OTHER_KEYS[0])),
        "a key beside it": token(header={"jwk": KEYS["RS256"].as_dict(private=False)}),
        "the public key as secret": confused(),
        "another issuer": token(iss="https://login.example/realms/other"),
        "the gateway's name": token(iss="http://127.0.0.1:8000"),
        "no issuer": token(iss=None),
        "no text": token(iss=[ISSUER]),
    }
    assert ask(token()).status_code == 200
    for wrong, sent in cases.items():
        assert ask(sent).status_code == 401, wrong


def test_the_gateways_key_signs_for_no_other_issuer_and_the_reverse(water, signing):
    ask = water(algorithms=["Ed25519"], token_types=["at+jwt"], client_claim="client_id")

    assert ask(signing.token("kembar.measurements:read", iss=ISSUER)).status_code == 401
    header = {"typ": "at+jwt"}
    own = token("Ed25519", header=header, iss=signing.issuer, client_id="x", jti="1", aud="kembar")
    assert ask(own).status_code == 401


def test_the_last_keys_serve_while_the_provider_is_away(water, tmp_path):
    assert water()(token()).status_code == 200
    assert (tmp_path / "jwks.cities.json").exists()

    ask = water(jwks_url="http://127.0.0.1:9/certs")

    assert ask(token()).status_code == 200
    assert ask(token(key=RSAKey.generate_key(2048, {"kid": "new"}))).status_code == 401


def test_a_weak_key_is_none(water, provider):
    with pytest.warns(SecurityWarning):
        weak = RSAKey.generate_key(1024, {"kid": "weak"})
    provider.keys = [weak]

    assert water()(token(key=weak)).status_code == 503


@pytest.mark.parametrize(
    "changes",
    [
        {"algorithms": []},
        {"algorithms": ["none"]},
        {"algorithms": ["HS256"]},
        {"issuer": "http://127.0.0.1:8000"},
        {"name": "Cities!"},
        {"jwks_url": "file:///etc/passwd"},
        {"audience": ""},
        {"secret": "x"},
    ],
)
def test_what_cannot_be_trusted_is_no_setting(changes):
    with pytest.raises(ValidationError):
        WaterSettings(issuers=[trusted(**changes)])


def test_two_issuers_of_one_name_are_no_setting():
    with pytest.raises(ValidationError):
        WaterSettings(issuers=[trusted("http://x"), trusted("http://x", issuer="https://y")])
