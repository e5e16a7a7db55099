"""A client that lost its rights loses its tokens, everywhere and for good."""

from __future__ import annotations

import httpx
import pytest
from joserfc.jwk import OKPKey

from kembar_shared.chassis import revocations
from tests.loopback import PLAIN

GONE = "http://127.0.0.1:9/.well-known/jwks.json"


@pytest.fixture
def overseer(pair):
    """Give id and secret of a client that the gateway and the service both answer."""
    wanted = {"name": "overseer", "role": "overseer"}
    made = pair.admin("POST", "/v1/clients", json=wanted).json()
    return made["client_id"], made["client_secret"]


def test_a_disabled_client_is_refused_everywhere_after_restarts_too(pair, overseer):
    token = pair.token(overseer)
    pair.await_statuses(token, 200, 200)

    pair.change(overseer[0], disabled=True)

    assert pair.statuses(token)[0] == 401
    pair.await_statuses(token, 401, 401)
    pair.restart_gateway()
    assert pair.statuses(token) == (401, 401)
    pair.restart_water(jwks_url=GONE)
    assert pair.statuses(token) == (401, 401)


def test_enabled_again_it_gets_new_tokens_and_the_old_ones_stay_dead(pair, overseer):
    old = pair.token(overseer)
    pair.change(overseer[0], disabled=True)
    pair.change(overseer[0], disabled=False)
    new = pair.token(overseer)

    pair.await_statuses(old, 401, 401)
    pair.await_statuses(new, 200, 200)
    pair.restart_gateway()
    assert (pair.statuses(old), pair.statuses(new)) == ((401, 401), (200, 200))


def test_other_clients_go_on(pair, overseer):
    token = pair.token(pair.first("overseer"))

    pair.change(overseer[0], disabled=True)
    pair.await_statuses(pair.token(pair.first("overseer")), 200, 200)

    assert pair.statuses(token) == (200, 200)


def test_narrower_rights_end_tokens_and_a_new_name_or_wider_ones_do_not(pair):
    wanted = {"name": "x", "role": "overseer", "stations": ["CPM-*", "KWS-*"]}
    made = pair.admin("POST", "/v1/clients", json=wanted).json()
    auth = made["client_id"], made["client_secret"]
    cases = [
        ({"name": "y"}, 200),
        ({"stations": ["CPM-*", "KWS-*", "BDG-*"]}, 200),
        ({"stations": ["CPM-*"]}, 401),
        ({"stations": None}, 200),
        ({"cooperations": ["bandung-*"]}, 401),
        ({"rate_limit": {"burst": 100, "per_s": 50}}, 401),
        ({"rate_limit": {"burst": 200, "per_s": 50}}, 200),
        ({"rate_limit": {"burst": 200, "per_s": 5}}, 401),
    ]
    for members, status in cases:
        token = pair.token(auth)
        pair.await_statuses(token, 200, 200)

        pair.change(auth[0], **members)

        pair.await_statuses(token, status, status)


def test_a_secret_rotated_without_overlap_takes_its_tokens_along(pair, overseer):
    first = pair.token(overseer)
    path = f"/v1/clients/{overseer[0]}/secret"

    kept = pair.admin("POST", path, params={"overlap_s": 60}).json()["client_secret"]
    assert pair.statuses(first) == (200, 200)
    pair.await_statuses(pair.token((overseer[0], kept)), 200, 200)
    last = pair.admin("POST", path).json()["client_secret"]

    pair.await_statuses(first, 401, 401)
    pair.await_statuses(pair.token((overseer[0], last)), 200, 200)


def test_while_the_gateway_is_away_the_last_list_serves(pair, overseer):
    alive, dead = pair.token(pair.first("overseer")), pair.token(overseer)
    pair.change(overseer[0], disabled=True)
    pair.await_statuses(dead, 401, 401)

    pair.restart_water(jwks_url=GONE)

    assert (pair.statuses(dead)[1], pair.statuses(alive)[1]) == (401, 200)


def test_another_gateway_on_the_same_store_learns_of_it(pair, overseer):
    token, first = pair.token(overseer), pair.gateway
    pair.restart_gateway()
    assert pair.statuses(token) == (200, 200)

    changed, pair.gateway = pair.gateway, first
    pair.change(overseer[0], disabled=True)
    pair.gateway = changed

    pair.await_statuses(token, 401, 401)


def test_the_list_names_nobody_and_is_sent_once(pair, overseer):
    empty = pair.gateway.get("/.well-known/kembar-revocations")
    pair.change(overseer[0], disabled=True)

    listed = pair.gateway.get("/.well-known/kembar-revocations")
    tag = {"If-None-Match": listed.headers["ETag"]}
    again = pair.gateway.get("/.well-known/kembar-revocations", headers=tag)

    assert listed.headers["Content-Type"] == "application/jwt"
    assert listed.headers["ETag"] != empty.headers["ETag"]
    assert (again.status_code, again.content) == (304, b"")
    assert overseer[0] not in listed.text
    members = pair.gateway.get("/.well-known/jwks.json").json()["keys"]
    keys = {member["kid"]: OKPKey.import_key(member) for member in members}
    found = revocations.read(listed.content, keys.get)
    assert found == {revocations.digest_of(overseer[0]): 1}
    with httpx.Client(base_url=pair.gateway.base_url, **PLAIN) as client:
        headers = {"Authorization": f"Bearer {listed.text}"}
        assert client.get("/v1/cooperations", headers=headers).status_code == 401
