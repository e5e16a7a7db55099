"""The subcommands of `kembar`: what they accept, print and exit with."""

from __future__ import annotations

import re
import uuid
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from kembar_client import (
    audit_commands,
    backfill_commands,
    backup_commands,
    client_commands,
    evidence_commands,
    messages,
    register_commands,
    verify_commands,
)
from kembar_client.api import Api, Misused, Refused
from kembar_client.terminal import (
    DEFAULT_URL,
    DEFAULT_VAR,
    REJECTION,
    AsJson,
    Database,
    Language,
    Url,
    Var,
    cell,
    exits,
    installation_at,
    print_json,
    print_table,
    reached,
)
from kembar_client.up import Voice, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kembar_client.api import Json

KEY: Final = re.compile(r"[\x21-\x7e]{8,128}")
SHOWN_ROWS: Final = 50
RECEIPT: Final = (
    "id",
    "received",
    "inserted",
    "unchanged",
    "corrected",
    "rejected",
    "flagged",
    "first_time",
    "last_time",
)
OUTCOME: Final = (
    "indicator",
    "period",
    "baseline",
    "target",
    "actual",
    "unit",
    "state",
    "coverage",
    "origin",
)

app = typer.Typer(
    name="kembar",
    help="Start Kembar, send it measurements, read what comes out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (backup_commands.backup, backup_commands.restore, backup_commands.migrate_store):
    app.command()(command)
app.command()(verify_commands.verify)
app.command()(backfill_commands.backfill)
app.add_typer(client_commands.app)
app.add_typer(audit_commands.app, name="audit")
app.add_typer(register_commands.app)
register_commands.app.command()(evidence_commands.evidence)
register_commands.app.command()(evidence_commands.attach)
register_commands.app.command()(evidence_commands.fetch)


class Service(StrEnum):
    """A service that takes uploads."""

    WASTE = "waste"
    WATER = "water"
    AIR = "air"


class Decimal(StrEnum):
    """The decimal sign of a file's numbers."""

    POINT = "point"
    COMMA = "comma"


class Dates(StrEnum):
    """The order of day, month and year in a file's dates."""

    ISO = "iso"
    DMY = "dmy"


class Layout(StrEnum):
    """Whether each row holds one value, or one of each parameter."""

    LONG = "long"
    WIDE = "wide"


class Mode(StrEnum):
    """What happens to the good rows of a file that has bad ones."""

    ACCEPT_VALID = "accept-valid"
    ALL_OR_NOTHING = "all-or-nothing"


@app.command()
def up(
    *,
    port: Annotated[
        int, typer.Option(min=1, max=65532, help="Of the gateway; +1 waste, +2 water, +3 air.")
    ] = 8000,
    var: Annotated[
        Path, typer.Option(envvar="KEMBAR_VAR", help="Folder of databases, credentials and logs.")
    ] = DEFAULT_VAR,
    sample: Annotated[bool, typer.Option(help="Load the sample stations and measurements.")] = True,
    new_secrets: Annotated[
        bool,
        typer.Option(
            "--new-secrets", help="Where credentials.json is lost: make its clients new secrets."
        ),
    ] = False,
    database: Database = "sqlite",
    language: Language = "en",
) -> None:
    """Start gateway, waste, water and air on this machine until Ctrl-C."""
    with exits(language):
        installation = installation_at(var, database, language, port=port)
        run(
            installation,
            Voice(language, typer.echo),
            with_sample=sample,
            with_new_secrets=new_secrets,
        )


@app.command()
def token(
    role: Annotated[str, typer.Argument(help="field-agent, operator, partner, scraper, …")],
    *,
    url: Url = DEFAULT_URL,
    var: Var = DEFAULT_VAR,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Print an access token of ROLE, good for 15 minutes."""
    with reached(url, var, role, language, as_json=as_json) as api:
        answer = api.fetch_token()
    if as_json:
        print_json(answer)
    else:
        typer.echo(answer["access_token"])


@app.command()
def upload(
    service: Service,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    *,
    idempotency_key: Annotated[
        str | None,
        typer.Option(
            help="Names this sending, so that a script may repeat it. Default: a new one."
        ),
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Of times without offset: Asia/Jakarta.")
    ] = None,
    decimal: Annotated[
        Decimal | None, typer.Option(help="`comma`, where 1,5 means one and a half.")
    ] = None,
    dates: Annotated[
        Dates | None, typer.Option(help="`dmy`, where 3/4/2023 means 3 April.")
    ] = None,
    layout: Annotated[
        Layout | None, typer.Option(help="`wide`, where each parameter has a column: bod [mg/L].")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Of a workbook with more than one.")] = None,
    mode: Annotated[
        Mode, typer.Option(help="What becomes of good rows beside bad ones.")
    ] = Mode.ACCEPT_VALID,
    reinstate: Annotated[
        bool, typer.Option("--reinstate", help="Let values that were replaced count again.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check, store nothing.")] = False,
    url: Url = DEFAULT_URL,
    var: Var = DEFAULT_VAR,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Send FILE with measurements to SERVICE as field agent.

    Exits with 1 when rows were refused: mend them and send the file again.
    """
    declared = {
        "timezone": timezone,
        "decimal": decimal,
        "dates": dates,
        "layout": layout,
        "sheet": sheet,
        "mode": mode.value,
        "reinstate": "true" if reinstate else None,
        "dry_run": "true" if dry_run else None,
    }
    query = {name: value for name, value in declared.items() if value is not None}
    key = f"kembar-{uuid.uuid4().hex}" if idempotency_key is None else idempotency_key
    problem: Json = {}
    with reached(url, var, "field-agent", language, as_json=as_json) as api:
        if KEY.fullmatch(key) is None:
            raise Misused(messages.say("error.idempotency-key", language))
        try:
            receipt = _send(api, service.value, file, key=key, query=query)
        except Refused as refused:
            # A file that is refused whole has a receipt too: its rows can be mended.
            problem = refused.problem
            receipt = problem.get("receipt") or {}
            if not receipt:
                raise
            typer.echo(f"kembar: {refused}", err=True)
        rejections = _rejections(api, service.value, receipt, problem)
        if as_json:
            print_json({"receipt": receipt, "rejections": list(rejections)})
        else:
            _print_receipt(receipt, rejections, language)
    is_refused = problem or receipt["rejected"] or receipt.get("errors")
    raise typer.Exit(Refused.exit_code if is_refused else 0)


@app.command()
def outcomes(
    *,
    period: Annotated[
        str | None, typer.Option(help="2023, 2023-04 or 2023-01/2023-06; else the last 12 months.")
    ] = None,
    cooperation: Annotated[str | None, typer.Option(help="Only this one's.")] = None,
    url: Url = DEFAULT_URL,
    var: Var = DEFAULT_VAR,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Show outcome figures as partner, those of each cooperation by themselves."""
    with reached(url, var, "partner", language, as_json=as_json) as api:
        figures = list(api.pages("/v1/outcomes", period=period, cooperation=cooperation))
    if as_json:
        print_json({"items": figures})
        return
    title = messages.say("outcomes.title", language)
    for code in dict.fromkeys(figure.get("cooperation") for figure in figures) or [None]:
        own = [figure for figure in figures if figure.get("cooperation") == code]
        print_table(f"{title}: {code}" if code else title, OUTCOME, own, language)


def _send(api: Api, service: str, file: Path, *, key: str, query: dict[str, str]) -> dict[str, Any]:
    """Upload with a progress bar on standard error."""
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        words = messages.say("upload.sending", api.language, file=file.name)
        task = progress.add_task(words, total=file.stat().st_size)
        return api.upload(
            service,
            file,
            key=key,
            query=query,
            sent=lambda count: progress.update(task, completed=count),
        )


def _rejections(api: Api, service: str, receipt: Json, problem: Json) -> Iterator[Json]:
    """Yield what to fix: kept by the service, in the receipt of a dry run, or in the problem.

    A file that cannot be read has no rows to count, but a reason all the same.
    """
    if not receipt.get("rejected") or not receipt.get("rejections") or receipt.get("dry_run"):
        return iter((problem or receipt).get("errors", []))
    return api.pages(f"/{service}/{receipt['rejections'].removeprefix(f'/{service}').lstrip('/')}")


def _print_receipt(receipt: Json, rejections: Iterator[Json], language: str) -> None:
    table = Table(title=messages.say("upload.receipt", language), show_header=False)
    for member in RECEIPT:
        table.add_row(member, cell(receipt.get(member)))
    Console().print(table)
    for member in ("replayed", "dry_run"):
        if receipt.get(member):
            typer.echo(messages.say(f"upload.{member.replace('_', '-')}", language))
    shown = list(islice(rejections, SHOWN_ROWS))
    if shown:
        print_table(messages.say("upload.rejections", language), REJECTION, shown, language)
    if next(rejections, None) is not None:
        typer.echo(messages.say("upload.more", language, url=receipt["rejections"]))
