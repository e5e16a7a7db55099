"""The command `audit verify` of one process; it needs the database and the key, nothing that runs.

With `--json` it prints `{"entries", "witnesses", "faults": [{"kind", "first", "last", "source",
"text"}], "more"}`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kembar_shared.chassis import migrate
from kembar_shared.chassis.audit import store, witness
from kembar_shared.chassis.audit.trail import KeyUnreadable, open_key
from kembar_shared.chassis.audit.verify import Fault, Report, verify
from kembar_shared.chassis.database import connect, reading
from kembar_shared.chassis.messages import LANGUAGES, Messages
from kembar_shared.chassis.problems import Problem

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from kembar_shared.chassis.audit.witness import Witness
    from kembar_shared.chassis.database import Connection
    from kembar_shared.chassis.settings import Settings

TIMEOUT_S: Final = 3600.0
BROKEN: Final = 1
UNAVAILABLE: Final = 3
"""Exit codes where the trail is not as it was written, and where nobody knows."""

_KEY_MISSING: Final = "key-missing"
_SHORT: Final = "short"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of a process."""
    audit = commands.add_parser("audit", help="look after the audit trail")
    tasks = audit.add_subparsers(dest="task", required=True)
    parser = tasks.add_parser("verify", help="find what was edited, inserted, deleted or cut off")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="of messages")
    parser.add_argument(
        "--witness",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a backup's manifest.json, a log, or a head kept elsewhere; may be said again",
    )
    parser.add_argument(
        "--at-least", type=int, default=0, metavar="N", help="as `kembar_audit_entries` once was"
    )


def run(
    arguments: argparse.Namespace, service: str, settings: Settings, packages: Sequence[str]
) -> int:
    """Verify the trail of *service* and return the exit code."""
    messages = Messages.of("kembar_shared.chassis")
    engine = connect(settings.database_url, timeout_s=TIMEOUT_S, creates=False)
    try:
        if not migrate.is_current(engine, packages):
            return _unknown(arguments, service, messages, "not-current")
        witnesses = _witnesses(settings, arguments.witness)
        with reading(engine) as conn:
            report = _report(conn, settings.audit_key_file, witnesses)
    except (Problem, OSError, KeyUnreadable) as error:
        cause = (
            error.slug
            if isinstance(error, Problem) and not error.__cause__
            else (error.__cause__ or error)
        )
        first = next(iter(str(cause).splitlines()), "")
        return _unknown(arguments, service, messages, "unavailable", cause=first)
    finally:
        engine.dispose()
    if report.entries < arguments.at_least:
        report.add(_SHORT, report.entries + 1, arguments.at_least)
    return _tell(arguments, service, messages, report)


def _report(conn: Connection, key_file: Path, witnesses: Sequence[Witness]) -> Report:
    head = store.head(conn)
    if key_file.exists():
        return verify(open_key(key_file), store.every(conn), head, witnesses)
    is_new = head is not None and not head.seq and next(store.every(conn), None) is None
    if is_new and not witnesses:
        return Report()
    return Report(faults=[Fault(_KEY_MISSING, 0, 0, str(key_file))])


def obstacle(settings: Settings) -> str | None:
    """Return why the trail cannot go on, after its key was made where there is no trail yet."""
    file = settings.audit_key_file
    try:
        if not file.exists() and _has_begun(settings):
            return f"the audit trail has entries, but its key {file} is missing: restore the file"
        open_key(file)
    except Problem as problem:
        return f"the audit trail cannot be read ({problem.slug})"
    except (KeyUnreadable, OSError) as error:
        return str(error)
    return None


def _has_begun(settings: Settings) -> bool:
    engine = connect(settings.database_url, timeout_s=settings.database_timeout_s, creates=False)
    try:
        with reading(engine) as conn:
            head = store.head(conn) if store.is_there(conn) else None
            return head is not None and head.seq > 0
    finally:
        engine.dispose()


def _witnesses(settings: Settings, files: Sequence[Path]) -> list[Witness]:
    beside = witness.beside(settings.audit_key_file)
    every = [*([beside] if beside.exists() else []), *files]
    return [each for file in every for each in witness.read(file)]


def _tell(arguments: argparse.Namespace, service: str, messages: Messages, report: Report) -> int:
    texts = [messages.say(f"audit.{f.kind}.text", arguments.lang, **asdict(f))
             for f in report.faults]  # fmt: skip
    told = asdict(report)
    if arguments.json:
        told["faults"] = [
            fault | {"text": text} for fault, text in zip(told["faults"], texts, strict=True)
        ]
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        kind = "broken" if texts else "whole"
        said = messages.say(f"audit.{kind}.text", arguments.lang, **told)
        for line in (said, *texts):
            sys.stdout.write(f"{service}: {line}\n")
    return BROKEN if texts else 0


def _unknown(
    arguments: argparse.Namespace,
    service: str,
    messages: Messages,
    kind: str,
    **params: str,
) -> int:
    sentence = messages.say(f"audit.{kind}.text", arguments.lang, service=service, **params)
    if arguments.json:
        sys.stdout.write(json.dumps({"failed": sentence}, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(f"{service}: {sentence}\n")
    return UNAVAILABLE
