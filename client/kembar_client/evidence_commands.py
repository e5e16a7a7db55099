"""The subcommands of `kembar register` about evidence: evidence, attach, fetch."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

import typer

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

EVIDENCE: Final = ("sha256", "title", "named_by", "bytes")

Whose = Annotated[str | None, typer.Option(help="Whose, where there are several.")]


def evidence(
    *,
    cooperation: Whose = None,
    url: Url = DEFAULT_URL,
    var: Var = DEFAULT_VAR,
    role: Role = "planner",
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """List the files that the register names as evidence, and which of them are kept."""
    with reached(url, var, role, language, as_json=as_json) as api:
        found = list(api.pages("/v1/evidence", cooperation=cooperation))
    if as_json:
        print_json({"items": found})
        return
    rows = [
        {
            "sha256": one["sha256"],
            "title": one["title"],
            "named_by": " ".join(one["named_by"]),
            "bytes": (one["file"] or {}).get("bytes"),
        }
        for one in found
    ]
    print_table(messages.say("register.evidence", language), EVIDENCE, rows, language)


def attach(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    *,
    cooperation: Whose = None,
    url: Url = DEFAULT_URL,
    var: Var = DEFAULT_VAR,
    role: Role = "planner",
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Send FILE, whose SHA-256 an entry names as evidence, so that others can look at it."""
    with reached(url, var, role, language, as_json=as_json) as api:
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        kept = api.put(f"/v1/evidence/{digest}", file, cooperation=cooperation, name=file.name)
    if as_json:
        print_json(kept)
        return
    named = " ".join(kept["named_by"])
    typer.echo(messages.say("register.attached", language, sha256=digest, entries=named))


def fetch(
    sha256: Annotated[str, typer.Argument(help="Of the file, as `evidence` lists it.")],
    to: Annotated[Path, typer.Option(help="Where to; it must not be there yet.")],
    *,
    cooperation: Whose = None,
    url: Url = DEFAULT_URL,
    var: Var = DEFAULT_VAR,
    role: Role = "planner",
    language: Language = "en",
) -> None:
    """Save a file of evidence, once its content has the digest that it must have."""
    with reached(url, var, role, language) as api:
        content = api.download(f"/v1/evidence/{quote(sha256, safe='')}", cooperation=cooperation)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Refused({"title": messages.say("register.other-content", language)})
        try:
            with to.open("xb") as stream:
                stream.write(content)
        except OSError as cause:
            said = messages.say("register.no-place", language, file=to, cause=cause.strerror)
            raise Misused(said) from cause
    typer.echo(messages.say("register.fetched", language, file=to))
