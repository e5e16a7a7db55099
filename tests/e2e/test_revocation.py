"""A client that was disabled and a key that was withdrawn, under `kembar up` and through kills."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest

from tests.loopback import PLAIN

WITHIN_S = 10
SERVICES = ("waste", "water", "air")
HEADER = "station,parameter,time,value,unit\n"
STATION = {"code": "LEAK-1", "name": "A river", "kind": "river", "latitude": -6.9,
           "longitude": 107.6, "timezone": "Asia/Jakarta", "origin": "synthetic"}  # fmt: skip
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
            found.append(httpx.get(url, headers=headers, **PLAIN, timeout=10).status_code)
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
    answer = httpx.post(url, auth=(client_id, secret), data=FORM, **PLAIN)
    return answer.json().get("access_token")


def run_gateway(up, *arguments):
    """Run a command of the gateway's as its operator; return what it says."""
    told = {
        "KEYS_FILE": "keys.json",
        "CREDENTIALS_FILE": "credentials.json",
        "AUDIT_KEY_FILE": "gateway.audit.key",
    }
    environment = {f"KEMBAR_GATEWAY_{name}": str(up.var / file) for name, file in told.items()}
    environment["KEMBAR_GATEWAY_DATABASE_URL"] = f"sqlite:///{up.var / 'gateway.sqlite'}"
    return subprocess.run(
        [sys.executable, "-m", "kembar_gateway", *arguments],
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def run_kembar(up, *arguments):
    """Run a command of `kembar` for scripts; return its answer."""
    done = subprocess.run(
        [sys.executable, "-m", "kembar_client", *arguments, "--json"],
        env=os.environ | {"KEMBAR_URL": f"http://127.0.0.1:{up.port}", "KEMBAR_VAR": str(up.var)},
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


class Logger:
    """Sends a measurement every tenth of a second, each until it is acknowledged."""

    def __init__(self, up, credentials):
        self._up, self.credentials = up, credentials
        self.acknowledged, self._stop = 0, threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_exception):
        self._stop.set()
        self._thread.join()

    def _work(self):
        url, token = f"http://127.0.0.1:{self._up.port + 2}/v1/uploads", None
        while not self._stop.wait(0.1):
            number = self.acknowledged
            row = f"LEAK-1,bod,2026-01-01T{number // 60:02}:{number % 60:02}:00Z,{number}.5,mg/L\n"
            headers = {
                "Authorization": f"Bearer {token}",
                "Content-Type": "text/csv",
                "Idempotency-Key": f"logger-{number:06}",
            }
            answer = httpx.post(url, content=HEADER + row, headers=headers, **PLAIN)
            if answer.status_code in {200, 201}:
                self.acknowledged += 1
            elif answer.status_code == 401:
                token = ask(self._up, *self.credentials)


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

    run_gateway(up, "keys", "withdraw", kid)

    await_statuses(up, token, 401, 401, 401, 401)
    await_statuses(up, ask(up, *credentials), 200, 200, 200, 200)
    kill_all(up, eventually)
    await_statuses(up, token, 401, 401, 401, 401, within_s=30)
    await_statuses(up, ask(up, *credentials), 200, 200, 200, 200)


def test_a_leak_of_everything_is_recovered_and_no_upload_is_lost(up, eventually):
    """Follows docs/security.md, "After a leak", word for word."""
    file = up.var / "credentials.json"
    leaked = json.loads(file.read_text())["clients"]
    tokens = {role: ask(up, *each.values()) for role, each in leaked.items() if role != "gateway"}
    operator = {"Authorization": f"Bearer {tokens['operator']}"}
    stations = f"http://127.0.0.1:{up.port + 2}/v1/stations"
    httpx.post(stations, json=STATION, headers=operator, **PLAIN).raise_for_status()
    kid = json.loads(base64.urlsafe_b64decode(tokens["admin"].split(".")[0] + "=="))["kid"]
    wanted = ["client", "new", "field-agent", "Logger", "--station", "LEAK-1"]
    device = run_kembar(up, *wanted)
    credentials = device["client_id"], device["client_secret"]

    with Logger(up, credentials) as logger:
        eventually(lambda: logger.acknowledged > 3)
        run_gateway(up, "keys", "rotate", "--after-s", "0")
        run_gateway(up, "keys", "withdraw", kid)
        file.rename(up.var / "leaked.json")
        run_gateway(up, "credentials")
        first = {each["client_id"] for each in leaked.values()}
        for client in run_kembar(up, "client", "list")["items"]:
            if client["client_id"] not in first and not client["disabled"]:
                renewed = run_kembar(up, "client", "rotate", client["client_id"])
                if client["client_id"] == credentials[0]:
                    logger.credentials = renewed["client_id"], renewed["client_secret"]
        sent = logger.acknowledged
        eventually(lambda: logger.acknowledged > sent + 3)

    for token in tokens.values():
        await_statuses(up, token, 401, 401, 401, 401)
    new = json.loads(file.read_text())["clients"]
    overseer = {"Authorization": f"Bearer {ask(up, *new['overseer'].values())}"}
    url = f"http://127.0.0.1:{up.port + 2}/v1/measurements"
    stored = httpx.get(url, params={"station": "LEAK-1"}, headers=overseer, **PLAIN)
    values = [row["value"] for row in stored.json()["items"]]
    assert values == [number + 0.5 for number in range(logger.acknowledged)]
    # Not all of them: too many wrong secrets, and right ones would have to wait as well.
    wrong = [credentials, *(leaked[role].values() for role in ("admin", "operator"))]
    assert [ask(up, *each) for each in wrong] == [None] * 3
    trail = run_kembar(up, "audit", "verify", "--var", str(up.var))
    assert {process["entries"] > 0 for process in trail["processes"].values()} == {True}
