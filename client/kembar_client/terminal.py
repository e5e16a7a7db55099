"""What the subcommands of `kembar` share: options, tables, JSON, and how they end."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kembar_client import messages
from kembar_client.api import Api, Failure, Misused, Refused
from kembar_client.installation import Installation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kembar_client.api import Json

REJECTION: Final = ("line", "column", "value", "code", "message", "fix")
FAULT: Final = ("place", "code", "message")

Language = Annotated[
    str,
    typer.Option(
        "--lang",
        envvar=["KEMBAR_LANG", "LC_ALL", "LC_MESSAGES", "LANG"],
        help="Language of messages: en, id or ja.",
        callback=messages.language_of,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Url = Annotated[str, typer.Option(envvar="KEMBAR_URL", help="Where the gateway answers.")]
Var = Annotated[Path, typer.Option(envvar="KEMBAR_VAR", help="Folder of credentials.json.")]
Role = Annotated[str, typer.Option(help="Whose credentials are used: partner, overseer, …")]
DEFAULT_URL: Final = "http://127.0.0.1:8000"
DEFAULT_VAR: Final = Path("var")
Database = Annotated[str, typer.Option(help="`sqlite`, or postgresql://user@host:port/")]


def installation_at(var: Path, database: str, language: str, *, port: int = 8000) -> Installation:
    """Return the installation that lies in *var*.

    Raises:
        Misused: *database* is not of a kind that we know.
    """
    if database != "sqlite" and not database.startswith("postgresql://"):
        raise Misused(messages.say("error.database-form", language))
    # The processes get our whole environment; nothing here reads a setting from it.
    return Installation(port, var.absolute(), database, dict(os.environ))  # noqa: TID251


@contextmanager
def exits(language: str, *, as_json: bool = False) -> Iterator[None]:
    """Turn a failure into a sentence on standard error, its rows to fix and its exit code."""
    try:
        yield
    except Failure as failure:
        problem = failure.problem if isinstance(failure, Refused) else {}
        typer.echo(f"kembar: {failure}", err=True)
        if as_json:
            print_json(problem or {"title": str(failure)})
        elif problem.get("errors"):
            _print_errors(problem["errors"], language)
        raise typer.Exit(failure.exit_code) from failure


@contextmanager
def reached(
    url: str, var: Path, role: str, language: str, *, as_json: bool = False
) -> Iterator[Api]:
    """Yield the API as *role* asks it; what goes wrong ends as in `exits`."""
    with (
        exits(language, as_json=as_json),
        Api(url, var / "credentials.json", role, language) as api,
    ):
        yield api


def _print_errors(errors: list[Json], language: str) -> None:
    """Print what to fix: rows of a file, or places of a body."""
    has_places = any("place" in each for each in errors)
    title = "error.places" if has_places else "upload.rejections"
    print_table(messages.say(title, language), FAULT if has_places else REJECTION, errors, language)


def print_table(title: str, members: Iterable[str], rows: Iterable[Json], language: str) -> None:
    """Print *rows* as a table of *members*, whose names are said in *language*."""
    table = Table(title=title)
    for member in members:
        table.add_column(messages.say(f"column.{member}", language), overflow="fold")
    for row in rows:
        table.add_row(*(cell(row.get(member)) for member in members))
    Console().print(table)


def cell(value: object) -> Text:
    """Return *value* as text that is never read as markup; nothing at all for None."""
    if isinstance(value, float):
        return Text(f"{value:,.4f}".rstrip("0").rstrip("."))
    return Text("" if value is None else str(value))


def print_json(answer: Json) -> None:
    """Print *answer* for scripts."""
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
