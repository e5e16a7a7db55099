"""`kembar up` with stand-ins for the four processes; the real ones are tried in tests/e2e."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kembar_client.installation import PROCESSES

LAST_LINE = "/metrics"


class Up:
    """A running `kembar up`."""

    def __init__(self, var, port, path, *arguments, **environment):
        self.var, self.out = var, var.parent / f"out-{port}"
        command = [sys.executable, "-m", "kembar_client", "up", "--lang", "en"]
        with self.out.open("w") as out:
            self.process = subprocess.Popen(
                [*command, "--var", var, "--port", str(port), *arguments],
                stdout=out,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONPATH": str(path)} | environment,
            )

    def wait_for(self, text):
        deadline = time.monotonic() + 30
        while text not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def said(self):
        return self.out.read_text()

    def children(self, task="serve"):
        """Process ids that the stand-ins wrote to their logs, newest last."""
        lines = [
            line.split()
            for name in PROCESSES
            for line in (self.var / "logs" / f"{name}.log").read_text().splitlines()
        ]
        return [
            int(pid) for _, done, pid in (line for line in lines if len(line) == 3) if done == task
        ]


@pytest.fixture
def port():
    """The first of four free ports in a row."""
    for first in range(20000 + os.getpid() % 1000 * 20, 60000, 4):
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


@pytest.fixture
def start(tmp_path, port):
    path = tmp_path / "packages"
    for name in PROCESSES:
        package = path / f"kembar_{name}"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(f"import stand_in\nstand_in.main({name!r})\n")
    (path / "stand_in.py").symlink_to(Path(__file__).with_name("stand_in.py"))
    running = []

    def start(*arguments, at=port, **environment):
        running.append(Up(tmp_path / "var", at, path, *arguments, **environment))
        return running[-1]

    yield start
    for up in running:
        up.process.kill()
        up.process.wait()


def gone(pid):
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_it_starts_says_what_is_where_and_ends_cleanly(start):
    up = start()
    up.wait_for(LAST_LINE)
    children = up.children()

    up.process.send_signal(signal.SIGTERM)

    assert up.process.wait(20) == 0
    assert sum(line.startswith("curl ") for line in up.said().splitlines()) == 3
    assert "2 of 5 rows were refused" in up.said()
    assert up.said().endswith("Stopped.\n")
    assert len(children) == 4
    assert all(gone(pid) for pid in children)
    assert up.var.stat().st_mode & 0o777 == 0o700


def test_a_child_that_dies_is_replaced_and_up_says_so(start):
    up = start("--no-sample")
    up.wait_for(LAST_LINE)

    os.kill(up.children()[2], signal.SIGKILL)
    up.wait_for("water stopped (signal 9); starting it again in 0.5 s")
    deadline = time.monotonic() + 10
    while len(up.children()) < 5:
        assert time.monotonic() < deadline
        time.sleep(0.05)

    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(20) == 0
    assert all(gone(pid) for pid in up.children())


def test_it_ends_cleanly_while_it_starts(start):
    up = start()
    up.wait_for("Preparing")

    up.process.send_signal(signal.SIGINT)

    assert up.process.wait(20) == 0
    assert "Traceback" not in up.said()


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_nothing_outlives_it_when_it_is_killed(start):
    up = start("--no-sample")
    up.wait_for(LAST_LINE)

    up.process.kill()
    up.process.wait()

    deadline = time.monotonic() + 5
    while not all(gone(pid) for pid in up.children()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_taken_port_is_named(start, port):
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", port + 2))
        squatter.listen()
        up = start()

        assert up.process.wait(20) == 3
    assert f"Port {port + 2} (for water) is taken" in up.said()


def test_a_second_one_is_kept_out_of_the_same_folder(start, port):
    first = start("--no-sample")
    first.wait_for(LAST_LINE)

    second = start("--no-sample", at=port + 4000)

    assert second.process.wait(20) == 3
    assert "Another `kembar up`" in second.said()
    assert first.process.poll() is None


def test_a_database_that_does_not_answer_is_named_with_what_to_check(start):
    url = "postgresql://kembar:hush@db.example:5433/"
    up = start("--database", url, STAND_IN_CODE="3")

    assert up.process.wait(20) == 3
    assert "cannot be used at db.example:5433. Check that it runs there" in up.said()
    assert "hush" not in up.said()


def test_a_database_that_cannot_be_prepared_stops_the_start(start):
    up = start(STAND_IN_FAULT="the disk is full")

    assert up.process.wait(20) == 3
    assert "could not be prepared" in up.said()
    assert "the disk is full" in up.said()


def test_the_first_start_renews_no_secrets(start):
    up = start("--no-sample", "--new-secrets")
    up.wait_for(LAST_LINE)

    assert "was gone" not in up.said()


def test_secrets_that_were_moved_are_not_renewed_unasked(start):
    up = start(STAND_IN_CLIENTS="1")
    up.wait_for("--new-secrets")

    assert f"{up.var / 'credentials.json'} is not here" in up.said()
    assert "curl" not in up.said()


def test_secrets_that_are_lost_are_renewed_and_it_says_so(start):
    up = start("--no-sample", "--new-secrets", STAND_IN_CLIENTS="1")
    up.wait_for(LAST_LINE)

    assert f"{up.var / 'credentials.json'} was gone. The clients of the first start" in up.said()
    assert up.said().index("was gone") < up.said().index("Starting gateway")
