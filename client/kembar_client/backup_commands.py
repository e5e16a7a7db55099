"""The subcommands `backup`, `restore` and `migrate-store`."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kembar_client import backup as backups
from kembar_client import messages
from kembar_client.api import Misused, Unreachable
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
    from collections.abc import Callable, Iterator

    from kembar_client.api import Json

MOVED: Final = ("process", "table", "rows")

Var = Annotated[Path, typer.Option(envvar="KEMBAR_VAR", help="Folder of the installation.")]
DEFAULT_VAR: Final = Path("var")


def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    *,
    var: Var = DEFAULT_VAR,
    database: Database = "sqlite",
    credentials: Annotated[
        bool, typer.Option(help="Keep credentials.json, the first clients' secrets, too.")
    ] = True,
    verify: Annotated[
        bool, typer.Option("--verify", help="Restore it into a fresh place and compare every row.")
    ] = False,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Write a backup of everything into DIR, while Kembar runs or not.

    The folder holds the gateway's private key: keep it as you keep secrets.
    """
    with exits(language, as_json=as_json):
        installation = installation_at(var, database, language)
        with _progress(language) as told:
            done = backups.save(
                installation,
                folder.absolute(),
                language,
                told,
                credentials=credentials,
                verify=verify,
            )
        if as_json:
            print_json(done)
            return
        _print_rows("backup.saved", done, language)
        typer.echo(messages.say("backup.seal", language, **done))


def restore(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `kembar backup` wrote.")],
    *,
    var: Annotated[Path, typer.Option(help="Folder of the new installation.")],
    database: Database = "sqlite",
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Fill a new, empty installation from the backup in DIR, and compare every row with it."""
    with exits(language, as_json=as_json):
        installation = installation_at(var, database, language)
        with _progress(language) as told:
            done = backups.restore(folder.absolute(), installation, language, told)
        if as_json:
            print_json(done)
            return
        _print_rows("backup.restored", done, language)


def migrate_store(
    *,
    to: Annotated[str, typer.Option(help="postgresql://user@host:port/")],
    var: Var = DEFAULT_VAR,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Copy an installation from SQLite to PostgreSQL, and compare every row.

    Stop `kembar up` first; the SQLite files stay as they are.
    """
    with exits(language, as_json=as_json):
        if not to.startswith("postgresql://"):
            raise Misused(messages.say("backup.to-form", language))
        source = installation_at(var, "sqlite", language)
        with _progress(language) as told:
            done = backups.move(source, to, language, told)
        if as_json:
            print_json(done)
            return
        _print_rows("backup.moved", done, language)
        typer.echo(messages.say("backup.start-there", language, **done))


@contextmanager
def _progress(language: str) -> Iterator[Callable[[str, Json], None]]:
    """Show one bar per process on standard error; yield what moves them.

    Raises:
        Unreachable: The disk does not let us read or write.
    """
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        tasks = {name: progress.add_task(name, total=None) for name in PROCESSES}

        def told(name: str, step: Json) -> None:
            words = messages.say(f"backup.{step['doing']}", language)
            progress.update(
                tasks[name],
                description=f"{name}: {words} {step['table']}",
                completed=step["rows"],
                total=step["total"],
            )

        try:
            yield told
        except OSError as error:
            said = messages.say("backup.disk", language, file=error.filename, cause=error.strerror)
            raise Unreachable(said) from error


def _print_rows(title: str, done: Json, language: str) -> None:
    rows = [
        {"process": name, "table": table, "rows": f"{count:,}"}
        for name, answer in done["processes"].items()
        for table, count in answer["tables"].items()
    ]
    print_table(messages.say(title, language, **done), MOVED, rows, language)
