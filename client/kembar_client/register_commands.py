"""The subcommands of `kembar register` about entries: kinds, list, show, history, new, change."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import quote

import typer

from kembar_client import members as members_of
from kembar_client import messages
from kembar_client.api import Misused, Refused
from kembar_client.terminal import (
    DEFAULT_URL,
    DEFAULT_VAR,
    AsJson,
    Language,
    Role,
    Url,
    Var,
    print_json,
    print_table,
    reached,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kembar_client.api import Json

LISTED: Final = ("code", "name", "status", "version", "changed_at", "changed_by")
HISTORY: Final = ("version", "changed_at", "changed_by", "reason", "valid_to")
MEMBERS: Final = ("name", "needed", "meaning")

app = typer.Typer(
    name="register",
    help="The register of the cooperations: read it, enter and change what it holds.",
    no_args_is_help=True,
)

Kind = Annotated[str, typer.Argument(help="activities, commitments, …: see `kinds`.")]
Code = Annotated[str, typer.Argument(help="The entry's code.")]
Cooperation = Annotated[
    str | None, typer.Option(help="Where several cooperations have an entry of this code.")
]
File = Annotated[
    Path | None,
    typer.Option("--file", help="JSON with members of the entry; - reads standard input."),
]
Members = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="MEMBER=VALUE",
        help="A member, over those of the file: JSON, else text. `names.id=Pelatihan`. Repeatable.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check, store nothing.")]


@app.command()
def kinds(
    kind: Annotated[str | None, typer.Argument(help="Tell the members of this kind.")] = None,
    *,
    url: Url = DEFAULT_URL,
    var: Var = DEFAULT_VAR,
    role: Role = "planner",
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """List the kinds of entries, or what an entry of KIND is made of."""
    rows: list[Json]
    shown: tuple[str, ...]
    with reached(url, var, role, language, as_json=as_json) as api:
        promised = api.get("/openapi.json")
        known = _kinds_of(promised)
        if kind is None:
            title, shown = messages.say("register.kinds", language), ("kind",)
            rows = [{"kind": name} for name in known]
        elif kind in known:
            title, shown = messages.say("register.members", language, kind=kind), MEMBERS
            rows = list(_members_of(promised, kind))
        else:
            raise Misused(
                messages.say("register.unknown-kind", language, kind=kind, kinds=" ".join(known))
            )
    if as_json:
        print_json({"items": rows})
        return
    for row in rows:
        row["needed"] = messages.say("client.yes", language) if row.get("needed") else None
    print_table(title, shown, rows, language)


@app.command("list")
def list_entries(
    kind: Kind,
    *,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Only those: kind=training. Repeatable."),
    ] = None,
    cooperation: Annotated[str | None, typer.Option(help="Only this one's.")] = None,
    as_of: Annotated[str | None, typer.Option(help="As it was: 2024-05-01T00:00:00+07:00.")] = None,
    url: Url = DEFAULT_URL,
    var: Var = DEFAULT_VAR,
    role: Role = "planner",
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """List the entries of KIND."""
    with reached(url, var, role, language, as_json=as_json) as api:
        filters = dict(members_of.pair(each, language) for each in where or ())
        query = {**filters, "cooperation": cooperation, "as_of": as_of}
        found = list(api.pages(_path(kind), **query))
    if as_json:
        print_json({"items": found})
        return
    rows = [{**one, "name": _words(one, language)} for one in found]
    print_table(messages.say("register.list", language), LISTED, rows, language)


@app.command()
def show(
    kind: Kind,
    code: Code,
    *,
    cooperation: Cooperation = None,
    as_of: Annotated[str | None, typer.Option(help="As it was: 2024-05-01T00:00:00+07:00.")] = None,
    url: Url = DEFAULT_URL,
    var: Var = DEFAULT_VAR,
    role: Role = "planner",
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Print one entry as JSON: what it holds, its version, who changed it and why."""
    with reached(url, var, role, language, as_json=as_json) as api:
        found = api.get(_path(kind, code), cooperation=cooperation, as_of=as_of)
    print_json(found)


@app.command()
def history(
    kind: Kind,
    code: Code,
    *,
    cooperation: Cooperation = None,
    url: Url = DEFAULT_URL,
    var: Var = DEFAULT_VAR,
    role: Role = "planner",
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """List every version of one entry, each with who made it, when and why."""
    with reached(url, var, role, language, as_json=as_json) as api:
        found = list(api.pages(f"{_path(kind, code)}/versions", cooperation=cooperation))
    if as_json:
        print_json({"items": found})
        return
    print_table(messages.say("register.history", language, code=code), HISTORY, found, language)


@app.command()
def new(
    kind: Kind,
    *,
    file: File = None,
    members: Members = None,
    dry_run: DryRun = False,
    url: Url = DEFAULT_URL,
    var: Var = DEFAULT_VAR,
    role: Role = "planner",
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Enter a new entry of KIND."""
    with reached(url, var, role, language, as_json=as_json) as api:
        body = members_of.body(file, members, language)
        made = api.post(
            _path(kind),
            body,
            key=f"kembar-{uuid.uuid4().hex}",
            dry_run="true" if dry_run else None,
        )
    _print(made, language, as_json=as_json)


@app.command()
def change(
    kind: Kind,
    code: Code,
    *,
    replaces: Annotated[int, typer.Option(min=1, help="The version that you looked at.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept for ever.")],
    file: File = None,
    members: Members = None,
    cooperation: Cooperation = None,
    dry_run: DryRun = False,
    url: Url = DEFAULT_URL,
    var: Var = DEFAULT_VAR,
    role: Role = "planner",
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Change one entry; members that are not named stay as they are, lists are replaced whole."""
    path, whose = _path(kind, code), {"cooperation": cooperation}
    with reached(url, var, role, language, as_json=as_json) as api:
        before, etag = api.tagged(path, **whose)
        if before["version"] != replaces:
            # A person may have looked at an old version: what came since must be read first.
            told = messages.say(
                "register.changed-since", language, version=before["version"], replaces=replaces
            )
            raise Refused({"title": told, "status": 412, "version": before["version"]})
        changed = api.replace(
            path,
            members_of.body(file, members, language, before) | {"reason": reason},
            etag=etag,
            dry_run="true" if dry_run else None,
            **whose,
        )
    _print(changed, language, as_json=as_json)


def _path(kind: str, code: str | None = None) -> str:
    path = f"/v1/{quote(kind, safe='')}"
    return path if code is None else f"{path}/{quote(code, safe='')}"


def _kinds_of(promised: Json) -> list[str]:
    """Return the kinds that the gateway's own description of its API names."""
    (kind,) = (
        parameter
        for parameter in promised["paths"]["/v1/{kind}/{code}"]["get"]["parameters"]
        if parameter["name"] == "kind"
    )
    return list(kind["schema"]["enum"])


def _members_of(promised: Json, kind: str) -> Iterable[Json]:
    """Yield each member of an entry: its name, whether it is needed, what it means or may be."""
    sent = promised["paths"][f"/v1/{kind}"]["post"]["requestBody"]["content"]["application/json"]
    schema = promised["components"]["schemas"][sent["schema"]["$ref"].rpartition("/")[2]]
    for name, member in schema["properties"].items():
        choices = member.get("enum") or member.get("items", {}).get("enum") or ()
        meaning = member.get("description") or " ".join(map(str, choices))
        yield {"name": name, "needed": name in schema.get("required", ()), "meaning": meaning}


def _words(entry: Json, language: str) -> str:
    words = entry.get("names") or {}
    return next((words[each] for each in (language, "id", "en", "ja") if words.get(each)), "")


def _print(entry: Json, language: str, *, as_json: bool) -> None:
    if as_json:
        print_json(entry)
        return
    said = "register.would-do" if entry.get("dry_run") else "register.done"
    told = {member: entry[member] for member in ("code", "version", "digest")}
    typer.echo(messages.say(said, language, **told))
