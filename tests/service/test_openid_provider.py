"""An OpenID provider that knows nothing of Kembar: found by discovery, asked by its own flow.

Its access tokens are random text that only it can read, so what is sent here is the ID token: a JWT
for the client that asked, with the user's roles.
"""

from __future__ import annotations

import json
import warnings
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pytest
from pydantic import SecretStr

import kembar_water.app
from kembar_shared.chassis import keys
from kembar_shared.measurement import service
from kembar_shared.measurement.settings import PACKAGES
from kembar_water.settings import WaterSettings
from tests.loopback import PLAIN
from tests.service.others import STATION

with warnings.catch_warnings():
    # It still uses what its library will drop.
    warnings.simplefilter("ignore", DeprecationWarning)
    import oidc_provider_mock

BACK = "http://127.0.0.1:9/back"
ROLES = {
    "reader": ["kembar.measurements:read", "printers:use"],
    "writer": ["kembar.measurements:read", "kembar.stations:write"],
    "unprefixed": ["measurements:read", "orders.measurements:read"],
    "nobody": [],
}


@dataclass(frozen=True)
class Tokens:
    """What the provider's token endpoint gave."""

    id_token: str
    access_token: str


class Provider:
    """The provider on a port of its own; each start has a key of its own and forgets all else."""

    def __init__(self):
        self._port = 0
        self._running = ExitStack()

    def start(self):
        users = [oidc_provider_mock.User(sub=sub, claims={"roles": ROLES[sub]}) for sub in ROLES]
        server = oidc_provider_mock.run_server_in_thread(self._port, user_claims=users)
        self._port = self._running.enter_context(server).server_port
        client = httpx.Client(base_url=f"http://127.0.0.1:{self._port}", **PLAIN)
        self._client = self._running.enter_context(client)
        self.metadata = self._client.get("/.well-known/openid-configuration").json()

    def stop(self):
        self._running.close()

    def register(self):
        """Return the id and the secret of a new client."""
        url = self.metadata["registration_endpoint"]
        answer = self._client.post(url, json={"redirect_uris": [BACK]})
        assert answer.status_code == 201, answer.text
        return answer.json()["client_id"], answer.json()["client_secret"]

    def log_in(self, user, client):
        """Return the tokens that a client gets for a user, by the authorization code flow."""
        asked = {"response_type": "code", "client_id": client[0], "redirect_uri": BACK}
        asked |= {"scope": "openid", "state": "s"}
        url = self.metadata["authorization_endpoint"]
        sent_back = self._client.post(url, params=asked, data={"sub": user})
        assert sent_back.status_code == 302, sent_back.text
        found = httpx.URL(sent_back.headers["Location"]).params
        assert found["state"] == "s"

        code = {"grant_type": "authorization_code", "code": found["code"], "redirect_uri": BACK}
        answer = self._client.post(self.metadata["token_endpoint"], data=code, auth=client)
        assert answer.status_code == 200, answer.text
        return Tokens(answer.json()["id_token"], answer.json()["access_token"])


@pytest.fixture
def provider(monkeypatch):
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    provider = Provider()
    provider.start()
    yield provider
    provider.stop()


@pytest.fixture
def client(provider):
    return provider.register()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    if request.param == "sqlite":
        templates = request.getfixturevalue("sqlite_templates")
        return templates.new(tmp_path / "water.sqlite", PACKAGES)
    return request.getfixturevalue("postgres_templates").new(PACKAGES)


@pytest.fixture
def water(provider, client, serve, signing, database_url, tmp_path, monkeypatch):
    """Serve a service that trusts the provider; return a function: token -> answer."""

    def start(**changes):
        trusted = {
            "name": "city",
            "issuer": provider.metadata["issuer"],
            "jwks_url": provider.metadata["jwks_uri"],
            "audience": client[0],
            "algorithms": provider.metadata["id_token_signing_alg_values_supported"],
            "token_types": ["JWT"],
            "client_claim": "sub",
            "scope_claim": "roles",
            "scope_prefix": "kembar.",
            **changes,
        }
        monkeypatch.setenv("KEMBAR_WATER_ISSUERS", json.dumps([trusted]))
        settings = WaterSettings(
            database_url=SecretStr(database_url), jwks_file=tmp_path / "jwks.json"
        )
        domain = kembar_water.app.domain_of(settings)
        http = serve(service.build(settings, domain, keys=signing.keys))

        def ask(token, path="/v1/measurements", method="GET", **arguments):
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "stations-1"}
            return http.request(method, path, headers=headers, **arguments)

        return ask

    return start


def test_its_roles_are_scopes_and_no_others_count(provider, client, water):
    ask = water()
    tokens = {user: provider.log_in(user, client).id_token for user in ROLES}
    reads = {user: ask(token).status_code for user, token in tokens.items()}
    writes = {
        user: ask(token, "/v1/stations", "POST", json=STATION | {"code": "A"}).status_code
        for user, token in tokens.items()
    }

    assert reads == {"reader": 200, "writer": 200, "unprefixed": 403, "nobody": 403}
    assert writes == {"reader": 403, "writer": 201, "unprefixed": 403, "nobody": 403}


def test_what_it_gave_for_something_else_is_refused(provider, client, water):
    ask = water()
    tokens = provider.log_in("reader", client)
    head, claims, signature = tokens.id_token.split(".")
    _, others, _ = provider.log_in("writer", client).id_token.split(".")
    refused = {
        "another client's": provider.log_in("reader", provider.register()).id_token,
        "no JWT": tokens.access_token,
        "another user's claims": f"{head}.{others}.{signature}",
        "no signature": f"{head}.{claims}.",
    }

    assert ask(tokens.id_token).status_code == 200
    for wrong, token in refused.items():
        assert ask(token).status_code == 401, wrong


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "changes",
    [
        {"audience": "kembar"},
        {"algorithms": ["PS256"]},
        {"token_types": ["at+jwt"]},
        {"client_claim": "client_id"},
        {"issuer": "http://127.0.0.1:9"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_the_same_token_is_refused_by_other_settings(provider, client, water, changes):
    token = provider.log_in("reader", client).id_token

    assert water(**changes)(token).status_code == 401


def test_a_token_whose_key_is_gone_is_refused(provider, client, water, monkeypatch):
    monkeypatch.setattr(keys, "LEAST_PAUSE_S", 0)
    ask = water()
    old = provider.log_in("reader", client).id_token
    assert ask(old).status_code == 200

    provider.stop()
    provider.start()
    new = provider.log_in("reader", client).id_token

    assert ask(new).status_code == 200
    assert ask(old).status_code == 401
