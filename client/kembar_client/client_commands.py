"""The subcommands of `kembar client`: list, show, new, disable, enable, rotate."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import quote

import typer
from rich.console import Console
from rich.table import Table

from kembar_client import messages
from kembar_client.api import Api, Misused
from kembar_client.terminal import (
    DEFAULT_URL,
    DEFAULT_VAR,
    AsJson,
    Language,
    Url,
    Var,
    cell,
    exits,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kembar_client.api import Json

LISTED: Final = ("client_id", "name", "role", "stations", "cooperations", "rate_limit", "disabled")
SHOWN: Final = (*LISTED[:3], "scopes", *LISTED[3:], "old_secret_until", "created_at", "created_by")

app = typer.Typer(
    name="client",
    help="Clients: who may ask for tokens, and for which. As admin.",
    no_args_is_help=True,
)


class Role(StrEnum):
    """What a client is for."""

    FIELD_AGENT = "field-agent"
    REVIEWER = "reviewer"
    OPERATOR = "operator"
    PLANNER = "planner"
    PARTNER = "partner"
    OVERSEER = "overseer"
    SCRAPER = "scraper"
    GATEWAY = "gateway"
    ADMIN = "admin"


ClientId = Annotated[str, typer.Argument(metavar="CLIENT", help="The client's id.")]


@app.command("list")
def list_clients(
    *, url: Url = DEFAULT_URL, var: Var = DEFAULT_VAR, language: Language = "en",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """List the clients."""
    with exits(language, as_json=as_json), _admin(url, var, language) as api:
        found = list(api.pages("/v1/clients"))
    if as_json:
        print_json({"items": found})
        return
    rows = [{member: _said(one[member], language) for member in LISTED} for one in found]
    print_table(messages.say("client.list", language), LISTED, rows, language)


@app.command()
def show(
    client: ClientId, *, url: Url = DEFAULT_URL, var: Var = DEFAULT_VAR,
    language: Language = "en", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Show one client; its secret is shown by nobody."""
    with exits(language, as_json=as_json), _admin(url, var, language) as api:
        found = api.get(_path(client))
    _print(found, language, as_json=as_json)


@app.command()
def new(
    role: Role,
    name: Annotated[str, typer.Argument(help="What people call it.")],
    *,
    station: Annotated[
        list[str] | None, typer.Option(help="Its own stations: a code, or CPM-*. Repeatable.")
    ] = None,
    cooperation: Annotated[
        list[str] | None, typer.Option(help="The cooperations it may see. Repeatable.")
    ] = None,
    burst: Annotated[int | None, typer.Option(help="Requests at once; with --per-s.")] = None,
    per_s: Annotated[float | None, typer.Option(help="Requests a second; with --burst.")] = None,
    url: Url = DEFAULT_URL,
    var: Var = DEFAULT_VAR,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Make a client of ROLE called NAME, and print its secret: the only time it is shown."""
    body: Json = {"name": name, "role": role.value}
    body |= {"stations": station} if station else {}
    body |= {"cooperations": cooperation} if cooperation else {}
    body |= {} if burst is None else {"rate_limit": {"burst": burst, "per_s": per_s}}
    with exits(language, as_json=as_json), _admin(url, var, language) as api:
        if (burst is None) != (per_s is None):
            raise Misused(messages.say("client.both-limits", language))
        made = api.post("/v1/clients", body)
    _print(made, language, as_json=as_json)


@app.command()
def disable(
    client: ClientId, *, url: Url = DEFAULT_URL, var: Var = DEFAULT_VAR,
    language: Language = "en", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Let CLIENT do nothing more: within 10 seconds its tokens count nowhere."""
    _change(client, {"disabled": True}, url, var, language, as_json=as_json)


@app.command()
def enable(
    client: ClientId, *, url: Url = DEFAULT_URL, var: Var = DEFAULT_VAR,
    language: Language = "en", as_json: AsJson = False,
) -> None:  # fmt: skip
    """Let CLIENT ask for tokens again."""
    _change(client, {"disabled": False}, url, var, language, as_json=as_json)


@app.command()
def rotate(
    client: ClientId,
    *,
    overlap_s: Annotated[
        int, typer.Option(min=0, max=86_400, help="Seconds for which the old secret works on.")
    ] = 0,
    url: Url = DEFAULT_URL,
    var: Var = DEFAULT_VAR,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Give CLIENT a new secret and print it: the only time it is shown."""
    with exits(language, as_json=as_json), _admin(url, var, language) as api:
        made = api.post(f"{_path(client)}/secret", overlap_s=str(overlap_s))
    _print(made, language, as_json=as_json)


def _change(client: str, body: Json, url: str, var: Path, language: str, *, as_json: bool) -> None:
    with exits(language, as_json=as_json), _admin(url, var, language) as api:
        changed = api.change(_path(client), body)
    _print(changed, language, as_json=as_json)


def _admin(url: str, var: Path, language: str) -> Api:
    return Api(url, var / "credentials.json", "admin", language)


def _path(client: str) -> str:
    return f"/v1/clients/{quote(client, safe='')}"


def _print(client: Json, language: str, *, as_json: bool) -> None:
    if as_json:
        print_json(client)
        return
    table = Table(show_header=False)
    for member in SHOWN:
        named = messages.say(f"column.{member}", language)
        table.add_row(named, cell(_said(client[member], language)))
    Console().print(table)
    if "client_secret" in client:
        typer.echo(messages.say("client.secret", language))
        typer.echo(client["client_secret"])


def _said(value: object, language: str) -> object:
    """Return a member of a client as a person reads it."""
    if isinstance(value, bool):
        return messages.say("client.yes" if value else "client.no", language)
    if isinstance(value, list):
        return _joined(value)
    if isinstance(value, dict):
        return messages.say("client.rate", language, **value)
    return value


def _joined(values: Sequence[object]) -> str:
    return " ".join(map(str, values))
