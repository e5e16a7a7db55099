"""`kembar backfill`: the past for a new Prometheus."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from kembar_client import messages
from kembar_client.api import Api, Misused
from kembar_client.backfill import History
from kembar_client.terminal import (
    DEFAULT_URL,
    DEFAULT_VAR,
    AsJson,
    Language,
    Url,
    Var,
    exits,
    print_json,
)

if TYPE_CHECKING:
    from datetime import date

_YEAR: Final = timedelta(days=365)
_AHEAD: Final = timedelta(days=2)
_ROLE: Final = "overseer"


def backfill(
    file: Annotated[Path, typer.Argument(help="File to write, as OpenMetrics.")],
    *,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First day (default: a year ago)."),
    ] = None,
    following: Annotated[
        datetime | None,
        typer.Option(
            "--to", formats=["%Y-%m-%d"], help="First day left out (default: what goes on)."
        ),
    ] = None,
    url: Url = DEFAULT_URL,
    var: Var = DEFAULT_VAR,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Write the past of indices, days and outcomes for `promtool tsdb create-blocks-from`."""
    now = datetime.now(UTC)
    # East of Greenwich the newest day that ended may be tomorrow here; what goes on is left out.
    until = (following or now + _AHEAD).date()
    since = first.date() if first else (now - _YEAR).date()
    with exits(language, as_json=as_json):
        if since >= until:
            raise Misused(messages.say("backfill.no-days", language))
        count = _written(file, (since, until), now, url, var, language)
        if as_json:
            print_json({"file": str(file), "samples": count})
        else:
            typer.echo(messages.say("backfill.done", language, file=file, count=count))


def _written(
    file: Path, days: tuple[date, date], now: datetime, url: str, var: Path, language: str
) -> int:
    """Write the file, whole or not at all; return how many samples it holds."""
    part = file.with_name(f"{file.name}.part")
    label = messages.say("backfill.reading", language)
    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed:,.0f}"))
    try:
        with (
            Api(url, var / "credentials.json", _ROLE, language) as api,
            part.open("w", encoding="utf-8") as out,
            Progress(*columns, console=Console(stderr=True), transient=True) as progress,
        ):
            task = progress.add_task(label, total=None)
            count = History(api, *days, now=now).write(out, lambda: progress.advance(task))
        part.replace(file)
    except OSError as cause:
        raise Misused(
            messages.say("backfill.cannot-write", language, file=file, cause=cause.strerror)
        ) from cause
    finally:
        part.unlink(missing_ok=True)
    return count
