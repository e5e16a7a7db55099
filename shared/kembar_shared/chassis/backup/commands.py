"""The commands `backup` and `restore` of one process.

With `--json` they say on standard output, line by line, how far they have come: `{"doing", "table",
"rows", "total"}`, at last `{"done"}` or `{"failed"}`. With `--hold` a restore says `{"held"}` when
everything was verified and commits only if it then reads the line `commit`: so several processes
are restored all together or none.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kembar_shared.chassis import backup
from kembar_shared.chassis.backup import MakeRoom, Refused, Step
from kembar_shared.chassis.database import connect
from kembar_shared.chassis.messages import LANGUAGES, Messages
from kembar_shared.chassis.problems import DatabaseUnavailable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from kembar_shared.chassis.settings import Settings

TIMEOUT_S: Final = 3600.0
"""Longest wait for one statement, or for the other processes of a restore."""

REFUSED: Final = 1
UNAVAILABLE: Final = 3
"""Exit codes where nothing was done."""


@dataclass(frozen=True)
class Kept:
    """What a process has to do with backups of it.

    Attributes:
        service: Its name.
        packages: Packages whose migrations its database needs.
        files: What belongs to it beside the database, by the name it has in a backup.
        make_room: Called with a table's name and rows before they are restored.
    """

    service: str
    packages: Sequence[str]
    files: Mapping[str, Path]
    make_room: MakeRoom | None = None


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both commands to those of a process."""
    save = commands.add_parser("backup", help="write a backup into a new folder, while serving")
    load = commands.add_parser("restore", help="fill an empty database from a backup")
    for parser in (save, load):
        parser.add_argument("folder", type=Path)
        parser.add_argument("--json", action="store_true", help="say the progress in JSON lines")
        parser.add_argument("--lang", choices=LANGUAGES, default="en", help="of messages")
    save.add_argument(
        "--without", action="append", default=[], metavar="FILE", help="leave out, as keys.json"
    )
    save.add_argument(
        "--verify", action="store_true", help="restore it beside DIR, and compare every row"
    )
    load.add_argument("--hold", action="store_true", help="commit only when told on standard input")


def run(arguments: argparse.Namespace, settings: Settings, kept: Kept) -> int:
    """Do what *arguments* ask for and return the exit code."""
    engine = connect(settings.database_url, timeout_s=TIMEOUT_S)
    messages = Messages.of("kembar_shared.chassis")
    try:
        if arguments.command == "backup":
            files = {
                name: file for name, file in kept.files.items() if name not in arguments.without
            }
            manifest, digest = backup.create(
                engine,
                arguments.folder,
                service=kept.service,
                files=files,
                told=lambda step: _tell(arguments, step),
            )
            if arguments.verify:
                backup.verify(
                    kept.packages,
                    arguments.folder,
                    service=kept.service,
                    told=lambda step: _tell(arguments, step),
                )
        else:
            manifest = backup.restore(
                engine,
                kept.packages,
                arguments.folder,
                service=kept.service,
                files=kept.files,
                told=lambda step: _tell(arguments, step),
                make_room=kept.make_room,
                may_commit=(lambda: _may_commit(arguments)) if arguments.hold else lambda: True,
            )
            digest = None
    except Refused as refused:
        sentence = messages.say(f"backup.{refused.reason}.text", arguments.lang, **refused.params)
        return _fail(arguments, kept.service, sentence, REFUSED)
    except DatabaseUnavailable as problem:
        sentence = messages.say("problem.database-unavailable.detail", arguments.lang)
        return _fail(arguments, kept.service, f"{sentence} ({problem.__cause__})", UNAVAILABLE)
    except OSError as error:
        sentence = messages.say(
            "backup.disk.text", arguments.lang, file=error.filename, cause=error.strerror
        )
        return _fail(arguments, kept.service, sentence, UNAVAILABLE)
    finally:
        engine.dispose()
    rows = {name: entry.rows for name, entry in manifest.tables.items()}
    if arguments.json:
        _say({"done": {"tables": rows, "files": sorted(manifest.files), "sha256": digest}})
    else:
        sys.stdout.write(f"{kept.service}: {sum(rows.values())} rows of {len(rows)} tables\n")
    return 0


def _tell(arguments: argparse.Namespace, step: Step) -> None:
    if arguments.json:
        _say(asdict(step))
    elif step.rows == step.total:
        sys.stdout.write(f"{step.doing} {step.table}: {step.total}\n")


def _may_commit(arguments: argparse.Namespace) -> bool:
    if arguments.json:
        _say({"held": True})
    return sys.stdin.readline() == "commit\n"


def _fail(arguments: argparse.Namespace, service: str, sentence: str, code: int) -> int:
    if arguments.json:
        _say({"failed": sentence})
    else:
        sys.stderr.write(f"{service}: {sentence}\n")
    return code


def _say(event: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
    sys.stdout.flush()
