"""Processes under measurement: started, awaited, sampled, stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench import wire

ROOT = Path(__file__).parents[2]
START_S = 60
SAMPLE_S = 0.05
MEBIBYTE = 1024 * 1024


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(*arguments: str, environment: Mapping[str, str], log: Path) -> None:
    """Run a Python program to its end; fail with what it said."""
    with log.open("ab") as out:
        done = subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, **environment},
            cwd=ROOT,
            stdout=out,
            stderr=out,
            check=False,
        )
    assert done.returncode == 0, log.read_text()


@contextmanager
def serving(
    *arguments: str, port: int, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Keep a Python program running that answers `/livez` on *port*; give its process id."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, **(environment or {})},
            cwd=ROOT,
            stdout=out,
            stderr=out,
        )
    try:
        deadline = time.monotonic() + START_S
        while not _lives(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        yield process.pid
        assert process.poll() is None, f"it ended under load: {log.read_text()[-2000:]}"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _lives(port: int) -> bool:
    try:
        return wire.ask(port, wire.encode("GET", "/livez")).statuses == [200]
    except OSError:
        return False


class Sampled:
    """Something done again and again beside the work measured: `with Sampled(look) as sampled:`."""

    def __init__(self, look: Callable[[], float], every_s: float = SAMPLE_S) -> None:
        """Take what to look at; its numbers gather in `seen`."""
        self.seen: list[float] = []
        self._look = look
        self._every_s = every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)

    def __enter__(self) -> Sampled:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join(timeout=60)
        assert self.seen, "what was to be sampled failed"

    def _go_on(self) -> None:
        while True:
            self.seen.append(self._look())
            if self._over.wait(self._every_s):
                return


def resident_mib(pid: int) -> float:
    """Return the memory that the process *pid* holds now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MEBIBYTE
