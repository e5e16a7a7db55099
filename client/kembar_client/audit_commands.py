"""The subcommands of `kembar audit`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kembar_client import messages, supervisor
from kembar_client.api import Failure, Misused, Refused, Unreachable
from kembar_client.installation import PROCESSES
from kembar_client.terminal import (
    AsJson,
    Database,
    Language,
    exits,
    installation_at,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kembar_client.api import Json
    from kembar_client.installation import Installation

VERIFIED: Final = ("process", "entries", "witnesses", "faults")

app = typer.Typer(help="Look after the audit trails.", no_args_is_help=True)


@app.callback()
def audit() -> None:
    """Look after the audit trails."""


@app.command()
def verify(
    *,
    var: Annotated[
        Path, typer.Option(envvar="KEMBAR_VAR", help="Folder of the installation.")
    ] = Path("var"),
    database: Database = "sqlite",
    backup: Annotated[
        list[Path] | None,
        typer.Option(help="A backup made before: its trails must be the beginning of these."),
    ] = None,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Find what was edited, inserted, deleted or cut off in any of the four audit trails."""
    with exits(language, as_json=as_json):
        installation = installation_at(var, database, language)
        if not (installation.var / "logs").is_dir():
            raise Misused(messages.say("backup.no-installation", language, var=installation.var))
        told = {name: _ask(installation, name, backup or (), language) for name in PROCESSES}
        if as_json:
            print_json({"processes": told})
        else:
            _print(told, language)
        if (failure := _failure(told, language)) is not None:
            raise failure


def _ask(installation: Installation, name: str, backups: Sequence[Path], language: str) -> Json:
    """Return what the process *name* found in its own trail."""
    log = installation.log_of(name)
    manifests = [folder.absolute() / name / "manifest.json" for folder in backups]
    for manifest in manifests:
        if not manifest.is_file():
            folder = manifest.parent.parent
            raise Misused(messages.say("backup.incomplete", language, folder=folder))
    witnesses = [*([log] if log.is_file() else []), *manifests]
    said = [word for file in witnesses for word in ("--witness", str(file))]
    program = installation.program(name, "audit", "verify", "--json", "--lang", language, *said)
    process = supervisor.spawn(program, piped=True)
    try:
        out, _ = process.communicate()
        answer: Json = json.loads(out)
    except ValueError as error:
        said_so = messages.say("backup.died", language, service=name, log=log)
        raise Unreachable(said_so) from error
    finally:
        supervisor.end([process])
    return answer


def _print(told: dict[str, Json], language: str) -> None:
    rows = [
        {
            "process": name,
            "entries": answer.get("entries"),
            "witnesses": answer.get("witnesses"),
            "faults": len(answer["faults"]) + answer["more"] if "faults" in answer else None,
        }
        for name, answer in told.items()
    ]
    print_table(messages.say("audit.title", language), VERIFIED, rows, language)
    for line in _lines(told):
        typer.echo(line)


def _lines(told: dict[str, Json]) -> Iterator[str]:
    for name, answer in told.items():
        for fault in answer.get("faults", ()):
            yield f"{name}: {fault['text']}"
        if "failed" in answer:
            yield f"{name}: {answer['failed']}"


def _failure(told: dict[str, Json], language: str) -> Failure | None:
    """Return what the command ends with; a broken trail weighs more than one nobody could read."""
    broken = [name for name, answer in told.items() if answer.get("faults")]
    if broken:
        said = messages.say("audit.broken", language, processes=", ".join(broken))
        return Refused({"title": said})
    unread = [name for name, answer in told.items() if "failed" in answer]
    if unread:
        return Unreachable(messages.say("audit.unread", language, processes=", ".join(unread)))
    return None
