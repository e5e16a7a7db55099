"""Keep child processes running, and end them all together."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from kembar_client import tether

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

TICK_S: Final = 0.1
FIRST_DELAY_S: Final = 0.5
LONGEST_DELAY_S: Final = 5.0
STEADY_S: Final = 30.0
"""A child that ran this long is forgiven its earlier deaths."""
GRACE_S: Final = 12.0
"""How long children may take to end in good order: a little longer than their own deadline."""

Process = subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class Program:
    """A Python module to run, with which environment, and where its output is appended."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path


@dataclass(slots=True)
class Child:
    """A program, its process while it runs, and when it is due to be started otherwise."""

    program: Program
    process: Process | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    deaths: int = 0


def delay_after(deaths: int) -> float:
    """Return how many seconds to wait before a child that died *deaths* times is started again."""
    return float(min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** min(deaths - 1, 10)))


def spawn(program: Program, *, piped: bool = False) -> Process:
    """Start *program* out of reach of our terminal's signals, and tied to our life.

    Args:
        program: What to start.
        piped: Leave its standard input and output to us; its log gets the rest.
    """
    tied = [sys.executable, "-IS", tether.__file__, str(os.getpid()), sys.executable]
    with program.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own programs, no shell
            [*tied, *program.arguments],
            env=dict(program.environment),
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else log,
            stderr=log,
            start_new_session=True,
        )


def end(processes: Sequence[Process], *, grace_s: float = GRACE_S) -> None:
    """Ask *processes* to end, and kill those that have not within *grace_s* seconds."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + grace_s
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run_all(programs: Sequence[Program]) -> dict[str, int]:
    """Run *programs* side by side to their end and return their exit codes by name."""
    processes: dict[str, Process] = {}
    try:
        for program in programs:
            processes[program.name] = spawn(program)
        return {name: process.wait() for name, process in processes.items()}
    finally:
        end(list(processes.values()))


@contextmanager
def kept_running(
    programs: Sequence[Program], on_death: Callable[[Program, int, float], None]
) -> Iterator[None]:
    """Keep *programs* running inside the `with` block; after it none runs any more.

    Args:
        programs: What to start, and to start again when it ends.
        on_death: Told the program, its exit code (negative: a signal) and the seconds to wait.
    """
    children = [Child(program) for program in programs]
    leaving = Event()
    # One thread spawns and ends them all: the tie of a child is to the thread that spawned it.
    thread = Thread(
        target=_keep, args=(children, leaving, on_death), name="supervisor", daemon=True
    )
    try:
        thread.start()
        yield
    finally:
        leaving.set()
        thread.join()


def _keep(
    children: Sequence[Child],
    leaving: Event,
    on_death: Callable[[Program, int, float], None],
) -> None:
    try:
        while not leaving.wait(TICK_S):
            for child in children:
                try:
                    _tend(child, time.monotonic(), on_death)
                except OSError:
                    # No process or disk left, or nobody reads what we say: the others run on.
                    child.due_at = time.monotonic() + LONGEST_DELAY_S
    finally:
        end([child.process for child in children if child.process is not None])


def _tend(child: Child, now: float, on_death: Callable[[Program, int, float], None]) -> None:
    """Start *child* when it is due; when it has died, make it due after a while."""
    if child.process is None:
        if now >= child.due_at:
            child.process, child.started_at = spawn(child.program), now
        return
    code = child.process.poll()
    if code is None:
        return
    child.deaths = 1 if now - child.started_at > STEADY_S else child.deaths + 1
    delay = delay_after(child.deaths)
    child.process, child.due_at = None, now + delay
    on_death(child.program, code, delay)
