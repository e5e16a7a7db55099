"""Keys, secrets and grants."""

from __future__ import annotations

import json
import re
import stat
import threading
from datetime import UTC, datetime

import pytest

from kembar_gateway import identity, keyring
from kembar_gateway.identity import Grant, Issuer, ScopeRefused
from kembar_gateway.keyring import KeysUnreadable
from kembar_gateway.settings import GatewaySettings
from kembar_gateway.store import KnownClient
from kembar_shared.chassis.verifying import Verifier

NOW = datetime.now(UTC)


@pytest.fixture
def issuer(tmp_path):
    return Issuer(GatewaySettings(keys_file=tmp_path / "deep" / "keys.json"))


def client(role: str = "partner", **members) -> KnownClient:
    usual = {"stations": None, "cooperations": None, "created_at": NOW, "created_by": "test"}
    return KnownClient(id="c", name="n", role=role, secret_hmac="", **{**usual, **members})


def test_keys_are_made_once_and_only_the_owner_may_read_them(issuer, tmp_path):
    file = tmp_path / "deep" / "keys.json"

    issuer.open()
    first = file.read_bytes()
    Issuer(GatewaySettings(keys_file=file)).open()

    assert file.read_bytes() == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [p.name for p in file.parent.iterdir()] == ["keys.json"]


def test_gateways_that_start_at_once_share_one_key(tmp_path):
    found: list[str] = []

    def start() -> None:
        ring = keyring.open_ring(tmp_path / "keys.json")
        found.append(ring.keys[0].key.kid)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"keys": []}', '{"keys": [{"kty": "oct"}]}'])
def test_a_file_that_holds_no_keys_is_refused_and_left(tmp_path, text):
    file = tmp_path / "keys.json"
    file.write_text(text)

    with pytest.raises(KeysUnreadable):
        keyring.open_ring(file)

    assert file.read_text() == text


def test_the_public_set_holds_no_secret(issuer):
    public = json.dumps(issuer.public_set())
    private = json.loads((issuer._settings.keys_file).read_text())

    assert [key["kty"] for key in issuer.public_set()["keys"]] == ["OKP"]
    for key in private["keys"]:
        assert key.get("d", "absent") not in public
        assert key.get("k", "absent") not in public


def test_a_token_says_who_may_what_and_where(issuer):
    grant = Grant("field-1", ("measurements:write",), ("CPM-*",), ("bandung-kawasaki",))
    verifier = Verifier(issuer, issuer="http://127.0.0.1:8000", audience="kembar")

    caller = verifier.verify(issuer.mint(grant, now=NOW))

    assert (caller.client, caller.scopes) == ("field-1", {"measurements:write"})
    assert (caller.stations, caller.cooperations) == (("CPM-*",), ("bandung-kawasaki",))


def test_a_grant_that_is_not_narrowed_stays_so(issuer):
    verifier = Verifier(issuer, issuer="http://127.0.0.1:8000", audience="kembar")

    caller = verifier.verify(issuer.own_token(now=NOW))

    assert (caller.client, caller.scopes) == ("gateway", {"indicators:read"})
    assert (caller.stations, caller.cooperations) == (None, None)


def test_a_secret_is_recognisable_random_and_kept_as_keyed_hash_alone(issuer):
    arguments = {
        "name": "Kawasaki",
        "role": "partner",
        "stations": None,
        "cooperations": None,
        "created_by": "admin",
        "now": NOW,
    }

    made, secret = identity.new_client(issuer, **arguments)
    other, other_secret = identity.new_client(issuer, **arguments)

    assert re.fullmatch(r"kembar_[A-Za-z0-9_-]{43}", secret)
    assert secret != other_secret
    assert made.id != other.id
    assert secret not in repr(made)
    assert made.secret_hmac == issuer.hash_secret(secret)


def test_another_pepper_gives_another_hash(issuer, tmp_path):
    other = Issuer(GatewaySettings(keys_file=tmp_path / "other.json"))

    assert issuer.hash_secret("kembar_x") != other.hash_secret("kembar_x")


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        (None, ("outcomes:read", "measurements:read", "audit:read")),
        ("outcomes:read", ("outcomes:read",)),
        ("audit:read outcomes:read audit:read", ("audit:read", "outcomes:read")),
    ],
)
def test_a_client_gets_what_it_asks_for_within_its_role(scope, granted):
    assert identity.grant_of(client("overseer"), scope).scopes == granted


@pytest.mark.parametrize("scope", ["", " ", "clients:manage", "outcomes:read clients:manage", "*"])
def test_a_client_gets_nothing_beyond_its_role(scope):
    with pytest.raises(ScopeRefused):
        identity.grant_of(client("partner"), scope)


def test_narrowings_go_into_every_grant():
    grant = identity.grant_of(client("field-agent", stations=("CPM-*",)), "measurements:read")

    assert grant.stations == ("CPM-*",)
