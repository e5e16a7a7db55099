import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import httpx
import pytest

from tests.loopback import PLAIN

PROGRAM = """
from kembar_shared.chassis import auth, cli
from kembar_shared.chassis.app import assemble
from kembar_shared.chassis.keys import LocalKeys
from kembar_shared.chassis.messages import Messages
from kembar_shared.chassis.settings import Settings


def build(settings):
    return assemble(
        settings, service="well", title="Wells", routers=[], keys=LocalKeys([]),
        messages=Messages.of("kembar_shared.chassis"),
    )


cli.run("well", Settings, "__main__:build", ["kembar_shared.chassis"])
"""


@pytest.fixture
def environment(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    return {
        "PATH": os.environ["PATH"],
        "KEMBAR_PORT": port,
        "KEMBAR_DATABASE_URL": f"sqlite:///{tmp_path}/well.sqlite",
    }


@pytest.fixture
def command(environment, tmp_path):
    def run(*arguments, **more):
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments],
            env={**environment, **more},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_a_service_does_not_serve_an_old_database(command):
    result = command("serve")

    assert result.returncode == 3
    assert result.stderr == "well: the database is not current; try: kembar-well migrate\n"
    assert result.stdout == ""


def test_a_release_goes_on_serving_a_newer_database_but_does_not_start_on_it(
    command, environment, tmp_path
):
    command("migrate")
    file = tmp_path / "well.sqlite"
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "serve"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    base = f"http://127.0.0.1:{environment['KEMBAR_PORT']}"
    try:
        _first_answer(f"{base}/livez", process)
        with closing(sqlite3.connect(file)) as conn:
            conn.execute("UPDATE alembic_version SET version_num = 'from-tomorrow'")
            conn.commit()
        lives = httpx.get(f"{base}/openapi.json", **PLAIN)
        again = command("serve", KEMBAR_PORT="0")
        migrated = command("migrate")
    finally:
        process.terminate()
        process.wait(15)

    assert lives.status_code == 200
    assert again.returncode == 3
    assert again.stderr == "well: the database is of a newer release; start that release\n"
    assert migrated.returncode == 3
    assert "schema-newer" in migrated.stderr


def test_check_tells_the_state_and_no_secret(command):
    before = command("check", KEMBAR_LOG_LEVEL="WARNING")
    assert before.returncode == 1
    assert "the database is not current" in before.stdout
    assert "log_level = WARNING" in before.stdout
    assert "sqlite" not in before.stdout

    assert command("migrate").returncode == 0
    after = command("check")
    assert after.returncode == 0
    assert "the database is current" in after.stdout


def test_an_unreachable_database_is_said_in_one_line(command):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"postgresql://kembar:hush@127.0.0.1:{closed.getsockname()[1]}/kembar"
        for name in ("serve", "migrate"):
            result = command(name, KEMBAR_DATABASE_URL=url)
            assert result.returncode == 3
            assert "database-unavailable" in result.stderr
            assert "Traceback" not in result.stderr
            assert "hush" not in result.stderr
        assert result.stderr.startswith(f"well: database-unavailable at {url.split('@')[1][:-7]} (")
        assert result.stderr.count("\n") == 1
        assert "sqlalche.me" not in result.stderr


@pytest.mark.parametrize("name", ["check", "openapi"])
def test_a_reader_who_turns_away_is_no_fault(environment, tmp_path, name):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM, name],
            env=environment,
            cwd=tmp_path,
            stdout=nobody,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )

    assert (result.returncode, result.stderr) == (-signal.SIGPIPE, b"")


def test_a_wrong_setting_is_named_but_not_shown(command):
    result = command("check", KEMBAR_PORT="hush")

    assert result.returncode == 2
    assert result.stderr.startswith("well: port: ")
    assert "hush" not in result.stderr


def test_openapi_needs_no_database(command):
    result = command("openapi", KEMBAR_DATABASE_URL="postgresql://kembar@127.0.0.1:1/none")

    assert json.loads(result.stdout)["info"]["title"] == "Wells"


def test_a_usage_error_is_2(command):
    assert command("dance").returncode == 2


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_service_serves_until_it_is_stopped(command, environment, tmp_path, stop):
    command("migrate")
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "serve"],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        url = f"http://127.0.0.1:{environment['KEMBAR_PORT']}/livez?secret=canary"
        answer = _first_answer(url, process)
        assert answer.headers.get("server") is None
    finally:
        process.send_signal(stop)
        output, errors = process.communicate(timeout=15)

    assert answer.json() == {"status": "live"}
    assert process.returncode in {0, -stop}
    assert errors == ""
    lines = [json.loads(line) for line in output.splitlines()]
    assert [line["route"] for line in lines if line["event"] == "request"] == ["/livez"]
    assert "canary" not in output


def _first_answer(url, process):
    deadline = time.monotonic() + 20
    while True:
        try:
            return httpx.get(url, **PLAIN)
        except httpx.ConnectError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
