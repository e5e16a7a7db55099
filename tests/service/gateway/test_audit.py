"""What the gateway's trail tells: its keys, its clients, and tokens that were refused."""

from __future__ import annotations

import json
import time

import pytest

from kembar_gateway.app import renew

PERIOD_S = 15.0
FORM = {"grant_type": "client_credentials"}


@pytest.fixture
def gateway(start_gateway, tmp_path):
    return start_gateway(credentials_file=tmp_path / "credentials.json")


@pytest.fixture
def trail(gateway):
    """Return a function: query -> entries of the trail."""

    def ask(**query):
        answer = gateway.get("/v1/audit", "audit:read", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    return ask


def test_the_first_start_tells_of_its_key_and_of_each_client(gateway, trail):
    made = json.loads(gateway.settings.credentials_file.read_text())["clients"]
    kid = gateway.client.get("/.well-known/jwks.json").json()["keys"][0]["kid"]

    entries = trail()
    assert [(e["action"], e["client"], e["subject"]) for e in entries] == [
        ("key", "gateway", kid),
        *(("client", "gateway", each["client_id"]) for each in made.values()),
        ("register", "gateway", "profile"),
    ]
    assert [e["detail"]["role"] for e in entries[1:-1]] == list(made)


def test_a_second_start_adds_nothing(gateway, start_gateway, trail):
    before = trail()

    start_gateway(credentials_file=gateway.settings.credentials_file)

    assert trail() == before


def test_who_makes_a_client_is_told_and_a_retry_is_not(gateway, trail):
    headers = {
        "Authorization": f"Bearer {gateway.token('clients:manage')}",
        "Idempotency-Key": "just-this-once",
    }
    wanted = {"name": "Logger", "role": "field-agent", "stations": ["CPM-*"]}
    made = gateway.client.post("/v1/clients", json=wanted, headers=headers).json()
    gateway.client.post("/v1/clients", json=wanted, headers=headers)

    told = trail(client="tester")
    assert [(e["action"], e["subject"], e["result"]) for e in told] == [
        ("client", made["client_id"], "done")
    ]
    assert told[0]["detail"] == {
        "role": "field-agent", "stations": ["CPM-*"], "cooperations": None
    }  # fmt: skip
    assert made["client_secret"] not in json.dumps(trail())


def test_new_secrets_are_told_and_not_what_they_are(gateway, trail):
    file = gateway.settings.credentials_file
    made = json.loads(file.read_text())["clients"]
    file.unlink()
    renew(gateway.settings)

    renewed = json.loads(file.read_text())["clients"]
    told = trail(action="secret")
    assert [e["subject"] for e in told] == [each["client_id"] for each in made.values()]
    assert not any(each["client_secret"] in json.dumps(trail()) for each in renewed.values())


def test_changes_of_a_client_are_told_with_who_made_them(gateway, trail):
    admin = {"Authorization": f"Bearer {gateway.token('clients:manage')}"}
    wanted = {"name": "Logger", "role": "field-agent", "stations": ["CPM-*"]}
    made = gateway.client.post("/v1/clients", json=wanted, headers=admin).json()
    path = f"/v1/clients/{made['client_id']}"
    tag = {"If-Match": gateway.client.get(path, headers=admin).headers["ETag"]}
    narrowed = {"stations": ["CPM-01"], "disabled": True}

    changed = gateway.client.patch(path, json=narrowed, headers=admin | tag)
    again = gateway.client.patch(
        path, json=narrowed, headers=admin | {"If-Match": changed.headers["ETag"]}
    )
    new = gateway.client.post(f"{path}/secret", params={"overlap_s": 60}, headers=admin)

    assert (changed.status_code, again.status_code, new.status_code) == (200, 200, 201)
    told = [(e["action"], e["subject"], e["detail"]) for e in trail(client="tester")[1:]]
    assert told == [
        ("client", made["client_id"], narrowed),
        ("secret", made["client_id"], {"overlap_s": 60}),
    ]
    assert new.json()["client_secret"] not in json.dumps(trail())


def test_refused_tokens_are_told_with_who_was_claimed_to_ask_and_from_where(gateway, trail):
    known = json.loads(gateway.settings.credentials_file.read_text())["clients"]["partner"]
    right = (known["client_id"], known["client_secret"])
    for auth, form in (
        ((known["client_id"], "kembar_canary"), {}),
        ((known["client_id"], "kembar_canary"), {}),
        (right, {"scope": "clients:manage"}),
        (("kembar_canary", known["client_id"]), {}),
        (None, {"client_secret": "kembar_canary"}),
    ):
        answer = gateway.client.post("/oauth/token", data={**FORM, **form}, auth=auth)
        assert answer.status_code in {400, 401}
    gateway.client.post("/v1/clients", json={})
    gateway.client.get("/waste/v1/stations")
    gateway.client.get("/nowhere")

    deadline = time.monotonic() + PERIOD_S
    counted = {}
    while sum(counted.values()) < 6:
        assert time.monotonic() < deadline, counted
        time.sleep(0.1)
        counted = {}
        for e in trail():
            if e["action"] in {"refused", "token-refused"}:
                key = (e["action"], e["client"], e["subject"], e["result"])
                counted[key] = counted.get(key, 0) + e["count"]
                assert e["detail"]["peer"] == "127.0.0.1"

    token = "POST /oauth/token"
    assert counted == {
        ("token-refused", known["client_id"], token, "invalid_client"): 2,
        ("token-refused", known["client_id"], token, "invalid_scope"): 1,
        ("token-refused", None, token, "invalid_client"): 2,
        ("refused", None, "POST /v1/clients", "unauthenticated"): 1,
    }
    assert "canary" not in json.dumps(trail())
