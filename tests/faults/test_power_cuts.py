"""Between an upload and its 2xx the storing process has made its disk sure (promise P1b)."""

from __future__ import annotations

import re
import signal
import subprocess
import time

import psycopg
import pytest

from tests.faults.devices import HEADER

SYNC = re.compile(r"\b(fsync|fdatasync)\(.*= 0$|<\.\.\. (fsync|fdatasync) resumed>.*= 0$")


@pytest.fixture
def trace(needs, tmp_path):
    """Return a function: process ids -> a trace of their syncs, once it is on."""
    needs("strace")
    tracers = []

    def start(pids):
        file = tmp_path / "trace"
        command = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", str(file)]
        tracer = subprocess.Popen(
            [*command, *(f"--attach={pid}" for pid in pids)], stderr=subprocess.PIPE
        )
        tracers.append(tracer)
        time.sleep(1)
        if tracer.poll() is not None:
            pytest.skip(f"strace may not attach here: {tracer.communicate()[1][-200:]!r}")
        return file

    yield start
    for tracer in tracers:
        if tracer.poll() is None:
            tracer.send_signal(signal.SIGINT)
        tracer.communicate(timeout=10)


def syncs(file):
    text = file.read_text(errors="replace") if file.exists() else ""
    return sum(SYNC.search(line) is not None for line in text.splitlines())


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_answer_comes_before_a_sync(request, start_water, trace, rounds, kind):
    url = request.getfixturevalue("sqlite_url" if kind == "sqlite" else "own_postgres_url")
    water = start_water(url)
    water.add_stations("D-1")
    with water.client() as client:
        client.get("/v1/stations")
        pids = [water.process.pid]
        if kind == "postgresql":
            pids = request.getfixturevalue("own_postgres").pids()
        file = trace(pids)
        for number in range(rounds(8, 20)):
            before = syncs(file)
            answer = client.post(
                "/v1/uploads",
                content=f"{HEADER}D-1,bod,2024-01-01T00:{number:02}:00Z,3,mg/L\n",
                headers={"Content-Type": "text/csv"},
            )
            assert answer.status_code == 201
            assert syncs(file) > before, "answered before the disk was sure"


def test_a_server_that_may_forget_is_not_ours(own_postgres):
    with psycopg.connect(own_postgres.url) as conn:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            assert conn.execute(f"SHOW {name}").fetchone() == ("on",), name
