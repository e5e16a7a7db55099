import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kembar_client import supervisor

STUBBORN = (
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print('up', flush=True); time.sleep(60)",
)


def program(folder: Path, *arguments: str, name: str = "water") -> supervisor.Program:
    return supervisor.Program(name, arguments, {"WORD": "hello"}, folder / f"{name}.log")


def wait_for(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A dead one that its new parent has not yet buried counts as gone.
    return ") Z " not in Path(f"/proc/{pid}/stat").read_text()


def test_delays_grow_and_are_capped():
    assert [supervisor.delay_after(deaths) for deaths in range(1, 6)] == [0.5, 1, 2, 4, 5]
    assert supervisor.delay_after(10_000) == 5


def test_programs_run_to_their_end_and_append_to_their_logs(tmp_path):
    speak = program(tmp_path, "-c", "import os; print(os.environ['WORD'])")
    fail = program(tmp_path, "-c", "import sys; sys.exit('no')", name="air")

    codes = [supervisor.run_all([speak, fail]) for _ in range(2)]

    assert codes == [{"water": 0, "air": 1}] * 2
    assert speak.log.read_text() == "hello\nhello\n"
    assert fail.log.read_text() == "no\nno\n"


def test_a_child_that_dies_is_started_again_and_said_to_have_died(tmp_path):
    deaths = []
    child = program(
        tmp_path, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(9)"
    )
    with supervisor.kept_running([child], lambda *death: deaths.append(death)):
        wait_for(lambda: child.log.exists() and child.log.read_text().endswith("\n"))
        first = int(child.log.read_text())
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: child.log.read_text().count("\n") == 2)
        second = int(child.log.read_text().split()[1])

        assert deaths == [(child, -signal.SIGKILL, 0.5)]
        assert alive(second)
    assert not alive(second)


def test_a_child_that_does_not_listen_is_killed(tmp_path):
    child = program(tmp_path, *STUBBORN)
    process = supervisor.spawn(child)
    wait_for(lambda: "up" in child.log.read_text())

    supervisor.end([process], grace_s=0.2)

    assert process.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_no_child_outlives_a_parent_that_is_killed(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from kembar_client import supervisor;"
        "folder = Path(sys.argv[1]);"
        f"child = supervisor.Program('water', {STUBBORN!r}, {{}}, folder / 'water.log');"
        "print(supervisor.spawn(child).pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        wait_for(lambda: "up" in (tmp_path / "water.log").read_text())
        parent.kill()

    wait_for(lambda: not alive(pid))
