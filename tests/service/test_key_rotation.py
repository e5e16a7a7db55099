"""Keys that sign tokens are exchanged while everything runs."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys

GONE = "http://127.0.0.1:9/.well-known/jwks.json"


def keys(pair, *arguments, code=0):
    """Run `kembar-gateway keys …` as an operator does; return what it says."""
    settings = pair.gateway_settings
    done = subprocess.run(
        [sys.executable, "-m", "kembar_gateway", "keys", *arguments],
        env=os.environ
        | {
            "KEMBAR_GATEWAY_KEYS_FILE": str(settings.keys_file),
            "KEMBAR_GATEWAY_DATABASE_URL": settings.database_url.get_secret_value(),
            "KEMBAR_GATEWAY_AUDIT_KEY_FILE": str(settings.audit_key_file),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done
    return done.stdout + done.stderr


def kid_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["kid"]


def told(pair, token):
    """Return key and detail of the audit trail's last entry about keys."""
    answer = pair.gateway.get(
        "/v1/audit", params={"action": "key"}, headers={"Authorization": f"Bearer {token}"}
    )
    last = answer.json()["items"][-1]
    return last["subject"], last["detail"]


def await_kid(pair, kid):
    """Return a token that the key *kid* has signed."""
    pair.eventually(lambda: kid_of(pair.token(pair.first("overseer"))) == kid)
    return pair.token(pair.first("overseer"))


def test_a_rotated_key_takes_over_and_no_token_is_lost(pair):
    old = pair.token(pair.first("overseer"))
    pair.await_statuses(old, 200, 200)

    kid = keys(pair, "rotate", "--after-s", "1").strip()
    new = await_kid(pair, kid)

    assert (pair.statuses(old), pair.statuses(new)) == ((200, 200), (200, 200))
    assert told(pair, new) == (kid, {"made": "signing"})
    listed = keys(pair, "list").splitlines()
    assert listed[0] == f"{kid}  signs"
    assert listed[1].startswith(f"{kid_of(old)}  published, until ")
    published = pair.gateway.get("/.well-known/jwks.json").json()["keys"]
    assert [key["kid"] for key in published] == [kid, kid_of(old)]
    assert all(set(key) == {"kty", "crv", "x", "kid", "use", "alg"} for key in published)
    pair.restart_gateway()
    assert (pair.statuses(old), pair.statuses(new)) == ((200, 200), (200, 200))


def test_a_withdrawn_key_and_its_tokens_are_refused_everywhere_after_restarts_too(pair):
    old = pair.token(pair.first("overseer"))
    pair.await_statuses(old, 200, 200)

    keys(pair, "withdraw", kid_of(old))

    pair.await_statuses(old, 401, 401)
    new = pair.token(pair.first("overseer"))
    pair.await_statuses(new, 200, 200)
    assert told(pair, new) == (kid_of(old), {"withdrawn": "signing"})
    pair.restart_water(jwks_url=GONE)
    assert (pair.statuses(old)[1], pair.statuses(new)[1]) == (401, 200)
    pair.restart_gateway()
    assert (pair.statuses(old), pair.statuses(new)) == ((401, 401), (200, 200))


def test_a_slip_with_the_key_file_ends_nothing(pair):
    file = pair.gateway_settings.keys_file
    token, kept = pair.token(pair.first("overseer")), file.read_text()
    pair.await_statuses(token, 200, 200)

    file.write_text("{}")
    assert "holds no signing key" in keys(pair, "list", code=1)
    assert "holds no signing key" in keys(pair, "rotate", code=1)
    pair.hold_statuses(token, 200, 200)

    file.write_text(kept)
    for name in ("nothing", "-nNgD1"):
        assert f"there is no key {name}" in keys(pair, "withdraw", name, code=1)
    keys(pair, "withdraw", kid_of(token))
    pair.await_statuses(token, 401, 401)
