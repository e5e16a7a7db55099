"""`kembar up` as a user starts it: a gateway and three services on free ports of this machine."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

PROCESSES = ("gateway", "waste", "water", "air")
SETTINGS = {"KEMBAR_GATEWAY_PULL_PERIOD_S": "1", "KEMBAR_GATEWAY_STALE_AFTER_S": "4"}
START_S = 60

Found = TypeVar("Found")


def _eventually(
    look: Callable[[], Found], is_there: Callable[[Found], object] = bool, *, within_s: float = 20
) -> Found:
    """Return what *look* finds once *is_there* says so; fail with the last it found."""
    deadline = time.monotonic() + within_s
    while not is_there(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    return found


@pytest.fixture(scope="session")
def eventually() -> Callable[..., object]:
    return _eventually


@dataclass
class Up:
    """A running `kembar up`, used through the gateway's one address."""

    port: int
    var: Path
    process: subprocess.Popen[bytes]
    _clients: dict[str, httpx.Client] = field(default_factory=dict)

    def as_(self, role: str) -> httpx.Client:
        """Return a client with a token of *role*."""
        if role not in self._clients:
            made = json.loads((self.var / "credentials.json").read_text())["clients"][role]
            client = httpx.Client(
                base_url=f"http://127.0.0.1:{self.port}", timeout=30, trust_env=False
            )
            answer = client.post(
                "/oauth/token",
                auth=(made["client_id"], made["client_secret"]),
                data={"grant_type": "client_credentials"},
            )
            client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            self._clients[role] = client
        return self._clients[role]

    def pid_of(self, name: str) -> int | None:
        """Return the id of the process *name*: a child of this `up` and of no other."""
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                command = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if parent == self.process.pid and f"kembar_{name}".encode() in command:
                return int(folder.name)
        return None

    def upload(self, service: str, content: str | bytes, **query: object) -> httpx.Response:
        """Send *content* to *service* as the field agent."""
        return self.as_("field-agent").post(
            f"/{service}/v1/uploads",
            content=content,
            headers={"Content-Type": "text/csv"},
            params=query,
        )

    def outcomes(self, period: str) -> dict[str, dict]:
        """Return the outcomes of *period* by indicator, as the partner reads them."""
        answer = self.as_("partner").get("/v1/outcomes", params={"period": period})
        answer.raise_for_status()
        return {outcome["indicator"]: outcome for outcome in answer.json()["items"]}

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


def _told(said: Path, var: Path) -> str:
    """Return what `kembar up` said, and the last that each of its processes did."""
    logs = {file.name: file.read_text()[-1000:] for file in sorted(var.glob("logs/*.log"))}
    return "\n".join([said.read_text(), *(f"{name}: {text}" for name, text in logs.items())])


@contextmanager
def _up(var: Path, *arguments: str, last_line: str = "") -> Iterator[Up]:
    """Start everything in *var*, without the sample; end it as Ctrl-C would.

    It has started once *last_line* is said; by default, the three lines to try.
    """

    def has_started() -> bool:
        text = said.read_text()
        return last_line in text if last_line else text.count("\ncurl ") == 3

    port, said = _four_free_ports(), var.with_suffix(".said")
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "kembar_client", "up", "--no-sample", "--lang", "en",
             "--port", str(port), "--var", str(var), *arguments],
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=var.parent,
            env=os.environ | SETTINGS,
        )  # fmt: skip
    running = Up(port, var, process)
    try:
        deadline = time.monotonic() + START_S
        while not has_started():
            assert process.poll() is None, _told(said, var)
            assert time.monotonic() < deadline, _told(said, var)
            time.sleep(0.1)
        yield running
    finally:
        running.close()
        # A test that failed may have left one frozen.
        for pid in filter(None, map(running.pid_of, PROCESSES)):
            os.kill(pid, signal.SIGCONT)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


@pytest.fixture(scope="session")
def up_in() -> Callable[..., AbstractContextManager[Up]]:
    """Return a function: folder and arguments -> a running `kembar up`, for a `with` block."""
    return _up


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Start everything, empty; end it as Ctrl-C would."""
    with _up(tmp_path_factory.mktemp("up") / "var") as running:
        yield running


@pytest.fixture(scope="module")
def sample() -> Path:
    """Give the folder of the sample that comes with the client."""
    return Path(str(resources.files("kembar_client"))) / "sample_data"


@pytest.fixture(scope="module")
def with_stations(started: Up, sample: Path) -> Up:
    """Register the sample's stations, as the operator."""
    for group in json.loads((sample / "stations.json").read_text()):
        for station in group["stations"]:
            answer = started.as_("operator").post(f"/{group['service']}/v1/stations", json=station)
            assert answer.status_code == 201, answer.text
    return started


def _four_free_ports() -> int:
    for first in range(10_000 + os.getpid() % 1000 * 20, 40_000, 4):
        probes = [socket.socket() for _ in range(4)]
        try:
            for offset, probe in enumerate(probes):
                probe.bind(("127.0.0.1", first + offset))
        except OSError:
            continue
        else:
            return first
        finally:
            for probe in probes:
                probe.close()
    pytest.fail("no four free ports")
