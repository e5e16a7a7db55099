"""A client that was disabled and a key that was withdrawn, under `kembar up` and through kills."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time

import httpx
import pytest

WITHIN_S = 10
SERVICES = ("waste", "water", "air")
FORM = {"grant_type": "client_credentials"}


@pytest.fixture(scope="module")
def up(started):
    return started


def statuses(up, token):
    """Return how the gateway and each service on its own port answer to *token*."""
    headers = {"Authorization": f"Bearer {token}"}
    asked = [(up.port, "/v1/cooperations")]
    asked += [(up.port + number, "/v1/measurements") for number in (1, 2, 3)]
    found = []
    for port, path in asked:
        try:
            url = f"http://127.0.0.1:{port}{path}"
            found.append(httpx.get(url, headers=headers, trust_env=False, timeout=10).status_code)
        except httpx.TransportError:
            found.append(None)
    return found


def await_statuses(up, token, *expected, within_s=WITHIN_S):
    deadline = time.monotonic() + within_s
    while (found := statuses(up, token)) != list(expected):
        assert time.monotonic() < deadline, found
        time.sleep(0.3)


def ask(up, client_id, secret):
    url = f"http://127.0.0.1:{up.port}/oauth/token"
    answer = httpx.post(url, auth=(client_id, secret), data=FORM, trust_env=False)
    return answer.json().get("access_token")


def kill_all(up, eventually):
    """Kill every process; `kembar up` starts each again."""
    before = {name: up.pid_of(name) for name in ("gateway", *SERVICES)}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    for name, pid in before.items():
        eventually(lambda name=name, pid=pid: up.pid_of(name) not in {None, pid}, within_s=30)


def test_a_disabled_client_is_refused_everywhere_through_kills(up, eventually):
    admin = up.as_("admin")
    made = admin.post("/v1/clients", json={"name": "x", "role": "overseer"}).json()
    path = f"/v1/clients/{made['client_id']}"
    token = ask(up, made["client_id"], made["client_secret"])
    await_statuses(up, token, 200, 200, 200, 200)

    tag = {"If-Match": admin.get(path).headers["ETag"]}
    assert admin.patch(path, json={"disabled": True}, headers=tag).status_code == 200

    await_statuses(up, token, 401, 401, 401, 401)
    assert ask(up, made["client_id"], made["client_secret"]) is None
    kill_all(up, eventually)
    await_statuses(up, token, 401, 401, 401, 401, within_s=30)


def test_a_withdrawn_key_is_refused_everywhere_through_kills(up, eventually):
    known = json.loads((up.var / "credentials.json").read_text())["clients"]["overseer"]
    credentials = known["client_id"], known["client_secret"]
    token = eventually(lambda: ask(up, *credentials))
    await_statuses(up, token, 200, 200, 200, 200)
    kid = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["kid"]

    subprocess.run(
        [sys.executable, "-m", "kembar_gateway", "keys", "withdraw", kid],
        env=os.environ
        | {
            "KEMBAR_GATEWAY_KEYS_FILE": str(up.var / "keys.json"),
            "KEMBAR_GATEWAY_DATABASE_URL": f"sqlite:///{up.var / 'gateway.sqlite'}",
            "KEMBAR_GATEWAY_AUDIT_KEY_FILE": str(up.var / "gateway.audit.key"),
        },
        check=True,
    )

    await_statuses(up, token, 401, 401, 401, 401)
    await_statuses(up, ask(up, *credentials), 200, 200, 200, 200)
    kill_all(up, eventually)
    await_statuses(up, token, 401, 401, 401, 401, within_s=30)
    await_statuses(up, ask(up, *credentials), 200, 200, 200, 200)
