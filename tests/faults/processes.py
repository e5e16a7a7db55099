"""One water service as a process of its own, which a test may kill and freeze."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from tests.loopback import PLAIN
from tests.postgres_server import free_port

READY_S = 15
STATION = {
    "name": "Synthetic, for a test",
    "kind": "river",
    "latitude": -6.94,
    "longitude": 107.66,
    "timezone": "Asia/Jakarta",
    "jurisdiction": "bandung",
    "water_class": "II",
    "origin": "synthetic",
}
READS = (
    "measurements:read", "indicators:read", "outcomes:read", "metrics:read", "audit:read"
)  # fmt: skip


class Reach:
    """A water service that listens at `base`."""

    base: str
    signing: Any  # the issuer of the root conftest

    def client(self, *scopes: str, timeout_s: float = 30, **claims: object) -> httpx.Client:
        """Return a client with a token of *scopes*; without scopes, one that writes and reads."""
        scopes = scopes or ("measurements:write", "stations:write", *READS)
        claims = {"exp": int(time.time()) + 3600, **claims}
        token = self.signing.token(list(scopes), **claims)
        return httpx.Client(
            base_url=self.base,
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout_s,
            **PLAIN,
        )

    @property
    def address(self) -> tuple[str, int]:
        """Where a bare socket connects."""
        return "127.0.0.1", int(self.base.rpartition(":")[2])

    def connect(self, timeout_s: float = 20) -> socket.socket:
        """Return a bare socket to the service."""
        return socket.create_connection(self.address, timeout=timeout_s)

    def head(self, framing: str, *, media_type: str = "text/csv") -> bytes:
        """Return the head of an upload whose body is framed so."""
        with self.client() as client:
            token = client.headers["Authorization"]
        lines = ("POST /v1/uploads HTTP/1.1", "Host: kembar", f"Authorization: {token}",
                 f"Content-Type: {media_type}", framing, "", "")  # fmt: skip
        return "\r\n".join(lines).encode()

    def add_stations(self, *codes: str, **members: object) -> None:
        """Register stations."""
        with self.client("stations:write") as operator:
            for code in codes:
                answer = operator.post("/v1/stations", json={**STATION, **members, "code": code})
                assert answer.status_code == 201, answer.text


class Water(Reach):
    """`kembar-water serve` on a free port, its database at *database_url*."""

    def __init__(self, folder: Path, database_url: str, signing: Any, **environment: str) -> None:
        self._folder = folder
        self.signing = signing
        self._command = str(Path(sys.executable).with_name("kembar-water"))
        keys = folder / "jwks.json"
        keys.write_text(json.dumps(signing.jwks))
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(folder),
            "KEMBAR_WATER_PORT": str(port),
            "KEMBAR_WATER_DATABASE_URL": database_url,
            "KEMBAR_WATER_JWKS_FILE": str(keys),
            "KEMBAR_WATER_JWKS_URL": "http://127.0.0.1:9/jwks.json",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, prefix: tuple[str, ...] = (), preexec_fn=None) -> None:
        """Start the process; `await_ready` waits for it."""
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*prefix, self._command, "serve"],
                env=self.environment,
                cwd=self._folder,
                stdout=log,
                stderr=log,
                preexec_fn=preexec_fn,
            )

    def command(self, *arguments: str) -> int:
        """Run another command of the service beside it and return its exit code."""
        with (self._folder / "log").open("ab") as log:
            return subprocess.run(
                [self._command, *arguments],
                env=self.environment,
                cwd=self._folder,
                stdout=log,
                stderr=log,
                timeout=60,
                check=False,
            ).returncode

    def await_ready(self, timeout_s: float = READY_S) -> float:
        """Wait until `/readyz` says so; return the seconds it took."""
        began = time.monotonic()
        while not self._answers("/readyz"):
            assert self.process is not None
            assert self.process.poll() is None, self.log()
            assert time.monotonic() - began < timeout_s, "the service is not ready in time"
            time.sleep(0.05)
        return time.monotonic() - began

    def kill(self) -> None:
        """Kill the process at once."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Stop the process as an operator does."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def rss_mib(self) -> float:
        """Return the memory the process holds, in MiB."""
        assert self.process is not None
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def log(self) -> str:
        """Return what the process has written."""
        return (self._folder / "log").read_text(errors="replace")

    def _answers(self, path: str) -> bool:
        try:
            return httpx.get(self.base + path, timeout=5, **PLAIN).status_code == 200
        except httpx.TransportError:
            return False


def all_rows(client: httpx.Client, path: str = "/v1/measurements", **query: str) -> list[dict]:
    """Return every item of a list, page by page."""
    items: list[dict] = []
    cursor: dict[str, str] = {}
    while True:
        answer = client.get(path, params={"limit": "10000", **query, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = {"cursor": page["next"]}
