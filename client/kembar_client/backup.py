"""Back up, restore and move a whole installation: its four processes side by side.

A backup is a folder with one backup per process, made by that process's own `backup` command, and
`backup.json`, written last, with the digest of each one's manifest. A restore commits in all four
databases once all four were verified, or in none.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Final

from kembar_client import messages, supervisor
from kembar_client.api import Failure, Misused, Refused, Unreachable
from kembar_client.installation import PROCESSES
from kembar_client.up import locked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kembar_client.api import Json
    from kembar_client.installation import Installation

INDEX: Final = "backup.json"
FORMAT: Final = 1
MOVING: Final = "moving-"
POLL_S: Final = 0.05


@dataclass
class _Child:
    """One process at work, what it said last, and whether it waits for our word."""

    name: str
    process: subprocess.Popen[bytes]
    told: Callable[[str, Json], object]
    held: Event = field(default_factory=Event)
    said: Json = field(default_factory=dict)
    thread: Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self) -> None:
        for line in self.process.stdout or ():
            event = json.loads(line)
            if "doing" in event:
                self.told(self.name, event)
            elif "held" in event:
                self.held.set()
            else:
                self.said = event

    def goes_on(self) -> bool:
        """Say whether it neither waits for us nor has ended."""
        return self.thread.is_alive() and not self.held.is_set()

    def failed(self) -> bool:
        """Say whether it ended without having done its work."""
        return not self.thread.is_alive() and "done" not in self.said

    def commit(self) -> None:
        """Give our word that it may commit."""
        if self.process.stdin is not None:
            # One that has ended meanwhile is noticed when we wait for all.
            with suppress(BrokenPipeError):
                self.process.stdin.write(b"commit\n")
                self.process.stdin.flush()


def save(
    installation: Installation,
    folder: Path,
    language: str,
    told: Callable[[str, Json], object],
    *,
    credentials: bool,
    verify: bool = False,
) -> Json:
    """Write a backup of *installation*, which may be running, into *folder*.

    Where it is to be verified, each process restores its own into a fresh place and compares.

    Returns:
        Of each process its tables with their numbers of rows, and the digest of the whole.

    Raises:
        Misused: The folder is not empty, or there is no such installation.
        Refused: A process refused to.
        Unreachable: A database is away.
    """
    _refuse_missing(installation, language)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Misused(messages.say("backup.folder-in-use", language, folder=folder))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    more: tuple[str, ...] = () if credentials else ("--without", "credentials.json")
    more += ("--verify",) if verify else ()
    try:
        done = _run(
            [
                installation.program(
                    name, "backup", str(folder / name), "--json", "--lang", language, *more
                )
                for name in PROCESSES
            ],
            language,
            told,
        )
    except BaseException:
        for name in PROCESSES:
            shutil.rmtree(folder / name, ignore_errors=True)
        raise
    index = {
        "format": FORMAT,
        "release": version("kembar-client"),
        "made_at": datetime.now(UTC).isoformat(),
        "manifests": {name: answer["sha256"] for name, answer in done.items()},
    }
    return {"folder": str(folder), "sha256": _write_index(folder, index), "processes": done}


def restore(
    folder: Path,
    installation: Installation,
    language: str,
    told: Callable[[str, Json], object],
) -> Json:
    """Fill the empty *installation* from the backup in *folder*.

    Returns:
        Of each process its tables with the numbers of rows that were read back and compared.

    Raises:
        Refused: The backup is damaged or newer than we are, or the installation is not empty.
        Unreachable: A database is away.
    """
    _check_index(folder, language)
    with locked(installation, language):
        return {
            "var": str(installation.var),
            "processes": _load(folder, installation, language, told),
        }


def move(source: Installation, to: str, language: str, told: Callable[[str, Json], object]) -> Json:
    """Copy *source*, which must not run, to the PostgreSQL server *to*; *source* stays as it is.

    Raises:
        Refused: The server has an installation already, or cannot hold what *source* holds.
        Unreachable: *source* runs, or a database is away.
    """
    _refuse_missing(source, language)
    names = {f"KEMBAR_{name.upper()}_DATABASE_URL" for name in PROCESSES}
    others = {name: value for name, value in source.environment.items() if name not in names}
    target = replace(source, database=to, environment=others)
    with (
        locked(source, language),
        tempfile.TemporaryDirectory(prefix=MOVING, dir=source.var) as between,
    ):
        for left_by_a_killed_move in set(source.var.glob(f"{MOVING}*")) - {Path(between)}:
            shutil.rmtree(left_by_a_killed_move)
        save(source, Path(between), language, told, credentials=False)
        return {"var": str(source.var), "processes": _load(Path(between), target, language, told)}


def _load(
    folder: Path, installation: Installation, language: str, told: Callable[[str, Json], object]
) -> dict[str, Json]:
    arguments = "--json", "--hold", "--lang", language
    programs = [
        installation.program(name, "restore", str(folder.absolute() / name), *arguments)
        for name in PROCESSES
    ]
    return _run(programs, language, told)


def _run(
    programs: Sequence[supervisor.Program],
    language: str,
    told: Callable[[str, Json], object],
) -> dict[str, Json]:
    """Run *programs* side by side; those that wait for our word get it when all do."""
    children: list[_Child] = []
    try:
        for program in programs:
            # One by one, so that those which run are ended where another cannot be started.
            child = _Child(program.name, supervisor.spawn(program, piped=True), told)
            children.append(child)
        _await_all(children, programs, language)
        _commit(children, programs, language)
        return {child.name: child.said["done"] for child in children}
    finally:
        supervisor.end([child.process for child in children])
        for child in children:
            child.thread.join()
            for pipe in (child.process.stdin, child.process.stdout):
                if pipe is not None:
                    pipe.close()


def _await_all(
    children: Sequence[_Child], programs: Sequence[supervisor.Program], language: str
) -> None:
    """Wait until each has ended or waits for our word, or until one has failed."""
    pause = Event()
    going = True
    while going:
        # Asked before the failures, so that none can come in between unseen.
        going = any(child.goes_on() for child in children)
        for child, program in zip(children, programs, strict=True):
            if child.failed():
                raise _failure(child, program, language)
        pause.wait(POLL_S)


def _commit(
    children: Sequence[_Child], programs: Sequence[supervisor.Program], language: str
) -> None:
    """Give our word to those that wait for it, and see that all of them have done their work."""
    for child in children:
        if child.held.is_set():
            child.commit()
    for child in children:
        child.thread.join()
    for child, program in zip(children, programs, strict=True):
        if child.failed():
            cause = _failure(child, program, language)
            raise Unreachable(messages.say("backup.partly", language, cause=cause)) from cause


def _failure(child: _Child, program: supervisor.Program, language: str) -> Failure:
    code = child.process.wait()
    sentence = child.said.get("failed")
    if sentence is None:
        said = messages.say("backup.died", language, service=child.name, log=program.log)
        return Unreachable(said)
    said = f"{child.name}: {sentence}"
    return Unreachable(said) if code == Unreachable.exit_code else Refused({"title": said})


def _refuse_missing(installation: Installation, language: str) -> None:
    if not (installation.var / "logs").is_dir():
        raise Misused(messages.say("backup.no-installation", language, var=installation.var))


def _write_index(folder: Path, index: dict[str, Any]) -> str:  # Any: JSON
    """Write what makes *folder* a backup, and return its digest."""
    content = json.dumps(index, indent=1).encode()
    descriptor = os.open(folder / INDEX, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(content).hexdigest()


def _check_index(folder: Path, language: str) -> None:
    """See that every process's manifest is the one that was written."""
    try:
        index = json.loads((folder / INDEX).read_bytes())
        whole = {
            name: hashlib.sha256((folder / name / "manifest.json").read_bytes()).hexdigest()
            for name in PROCESSES
        }
    except (OSError, ValueError) as error:
        said = messages.say("backup.incomplete", language, folder=folder)
        raise Refused({"title": said}) from error
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise Refused({"title": messages.say("backup.unknown-format", language, folder=folder)})
    for name, digest in whole.items():
        if index.get("manifests", {}).get(name) != digest:
            file = folder / name / "manifest.json"
            raise Refused({"title": messages.say("backup.changed", language, file=file)})
