"""Start the gateway and the three services on this machine and keep them running."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from kembar_client import hints, messages, sample, supervisor
from kembar_client.api import Api, Refused, Unreachable, is_ready
from kembar_client.installation import PROCESSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from types import FrameType

    from kembar_client.api import Json
    from kembar_client.installation import Installation

UNAVAILABLE: Final = 3
"""Exit code of a process whose database cannot be used."""
READY_S: Final = 60
OUTCOMES_S: Final = 20
LOAD_TRIES: Final = 5
LOAD_PAUSE_S: Final = 3


class NotStarted(Unreachable):
    """Something on this machine keeps Kembar from starting: a port, a lock, a database."""


@dataclass(frozen=True)
class Voice:
    """Says things on standard output in one language."""

    language: str
    write: Callable[[str], None]

    def say(self, key: str, **values: object) -> None:
        """Write the message *key*."""
        self.write(messages.say(key, self.language, **values))


def run(
    installation: Installation, voice: Voice, *, with_sample: bool, with_new_secrets: bool = False
) -> None:
    """Start everything, load the sample, and stay until SIGINT or SIGTERM asks to end.

    Args:
        installation: What is to run.
        voice: Tells what happens.
        with_sample: Load the sample, where the credentials for it are there.
        with_new_secrets: First give the clients of the first start new secrets, where the file of
            their secrets is gone.

    Raises:
        NotStarted: Something on this machine is in the way; the message says what.
    """
    try:
        # SIGTERM and SIGHUP end us as Ctrl-C does; a background job would ignore even that.
        _on_signals(signal.default_int_handler)
        with locked(installation, voice.language):
            _check_ports(installation, voice)
            voice.say("up.migrating")
            _prepare(installation, voice, PROCESSES, "migrate")
            if with_new_secrets:
                _renew_credentials(installation, voice)
            _start(installation, voice, with_sample=with_sample)
    except KeyboardInterrupt:
        voice.say("up.stopped")


def _start(installation: Installation, voice: Voice, *, with_sample: bool) -> None:
    voice.say("up.starting")

    def mourn(program: supervisor.Program, code: int, delay: float) -> None:
        kind = "up.cause-signal" if code < 0 else "up.cause-exit"
        cause = messages.say(kind, voice.language, number=abs(code))
        voice.say("up.died", service=program.name, cause=cause, delay=delay, log=program.log)

    programs = [installation.program(name, "serve") for name in PROCESSES]
    with supervisor.kept_running(programs, mourn):
        try:
            _await_ready(installation, voice)
            if installation.credentials.exists():
                receipts = _load(installation, voice) if with_sample else []
                _introduce(installation, voice, receipts)
            else:
                # Moved to a safe place, as it should be: everything runs without it.
                voice.write(hints.addresses(installation, voice.language))
                voice.say("up.credentials-away", file=installation.credentials)
            Event().wait()
        except KeyboardInterrupt:
            # From here on nothing may keep the children from ending in good order.
            _on_signals(signal.SIG_IGN)
            voice.say("up.stopping")
            raise


def _on_signals(action: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, action)


@contextmanager
def locked(installation: Installation, language: str) -> Iterator[None]:
    """Make VAR for its owner alone, and let no second `kembar up` work in it.

    Raises:
        NotStarted: One does already.
    """
    os.umask(0o077)
    (installation.var / "logs").mkdir(parents=True, exist_ok=True)
    with (installation.var / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            said = messages.say("error.already-up", language, var=installation.var)
            raise NotStarted(said) from cause
        yield


def _check_ports(installation: Installation, voice: Voice) -> None:
    for name in PROCESSES:
        port = installation.port_of(name)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as cause:
                said = messages.say("error.port-taken", voice.language, port=port, service=name)
                raise NotStarted(said) from cause


def _renew_credentials(installation: Installation, voice: Voice) -> None:
    """Make new secrets where the database knows the clients and the file of them is gone."""
    if installation.credentials.exists():
        return
    _prepare(installation, voice, ["gateway"], "credentials")
    if installation.credentials.exists():
        voice.say("up.credentials-renewed", file=installation.credentials)


def _prepare(installation: Installation, voice: Voice, names: Iterable[str], task: str) -> None:
    codes = supervisor.run_all([installation.program(name, task) for name in names])
    for name, code in codes.items():
        if code:
            log = installation.log_of(name)
            key = "database-unavailable" if code == UNAVAILABLE else "migration-failed"
            said = messages.say(
                f"error.{key}",
                voice.language,
                service=name,
                place=installation.place_of(name),
                log=log,
                last=_last_line(log),
            )
            raise NotStarted(said)


def _await_ready(installation: Installation, voice: Voice) -> None:
    deadline = time.monotonic() + READY_S
    for name in PROCESSES:
        while not is_ready(installation.url_of(name)):
            if time.monotonic() > deadline:
                log = installation.log_of(name)
                said = messages.say(
                    "error.not-ready",
                    voice.language,
                    service=name,
                    seconds=READY_S,
                    log=log,
                    last=_last_line(log),
                )
                raise NotStarted(said)
            time.sleep(0.1)


def _load(installation: Installation, voice: Voice) -> list[Json]:
    """Load the sample and return its receipts; a service that died meanwhile is waited for."""
    contents = sample.installed()
    with (
        _api(installation, voice, "operator") as operator,
        _api(installation, voice, "field-agent") as agent,
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=Console(stderr=True),
        ) as progress,
    ):
        task = progress.add_task(messages.say("up.sample", voice.language), total=contents.steps)

        def load() -> list[Json]:
            progress.reset(task)
            return sample.load(contents, operator, agent, advance=lambda: progress.advance(task))

        try:
            receipts = _patiently(load)
        except Refused as refused:
            voice.write(str(refused))
            return []
    for receipt in receipts:
        if receipt["rejected"]:
            voice.say("up.sample-rejected", **receipt)
    return receipts


def _patiently(action: Callable[[], list[Json]]) -> list[Json]:
    """Return what *action* returns, once the process that it needs runs again."""
    for _ in range(LOAD_TRIES):
        try:
            return action()
        except Unreachable:
            time.sleep(LOAD_PAUSE_S)
    return action()


def _introduce(installation: Installation, voice: Voice, receipts: list[Json]) -> None:
    """Wait for the first outcomes where there are measurements, then say what is where."""
    ends = [receipt["last_time"] for receipt in receipts if receipt.get("last_time")]
    period = max(ends)[:4] if ends else str(datetime.now(UTC).year)
    if ends:
        voice.say("up.outcomes")
        if not _await_outcomes(installation, voice, period):
            voice.say("up.outcomes-late")
    with _api(installation, voice, "operator") as operator:
        stations = _patiently(lambda: operator.get("/water/v1/stations", limit="1")["items"])
    voice.write(
        hints.introduction(
            installation,
            voice.language,
            period=period,
            station=stations[0]["code"] if stations else None,
            now=datetime.now(UTC),
        )
    )


def _await_outcomes(installation: Installation, voice: Voice, period: str) -> bool:
    """Wait until the gateway has computed a figure for *period*; say whether it has."""
    deadline = time.monotonic() + OUTCOMES_S
    with _api(installation, voice, "partner") as partner:
        while time.monotonic() < deadline:
            try:
                figures = partner.get("/v1/outcomes", period=period)["items"]
            except Unreachable:
                figures = []
            if any(figure["state"] != "no_data" for figure in figures):
                return True
            time.sleep(0.5)
    return False


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _api(installation: Installation, voice: Voice, role: str) -> Api:
    return Api(installation.url_of("gateway"), installation.credentials, role, voice.language)
