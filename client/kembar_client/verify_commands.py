"""The subcommand `kembar verify`: a report is checked where there is no server."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kembar_client import messages, verifying
from kembar_client.api import Misused, Refused
from kembar_client.bundles import Unreadable
from kembar_client.terminal import AsJson, Language, exits, print_json

if TYPE_CHECKING:
    from kembar_client.api import Json
    from kembar_client.verifying import Failure, Signer, Verdict


def verify(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, readable=True, help="A report's .zip or .json."
        ),
    ],
    *,
    key: Annotated[
        list[str] | None,
        typer.Option(help="Thumbprint of a key that you trust; may be given several times."),
    ] = None,
    jwks: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            readable=True,
            help="The publisher's key set, as you received it: /.well-known/jwks.json.",
        ),
    ] = None,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Check a report without a network: who signed it, whether it is whole, and every number."""
    with exits(language, as_json=as_json):
        trusted = set(key or ())
        revoked: Json = {}
        if jwks is not None:
            try:
                known, revoked = verifying.trusted_keys(jwks)
            except (Unreadable, OSError) as error:
                raise Misused(messages.say("verify.no-key-set", language, file=jwks)) from error
            trusted |= known
        try:
            verdict = verifying.verify(file.read_bytes(), trusted, revoked)
        except (Unreadable, OSError) as error:
            said = messages.say("verify.unreadable", language, file=file)
            raise Refused({"title": said, "code": "unreadable", "file": str(file)}) from error
    if as_json:
        print_json(_shown(file, verdict))
    else:
        _print(verdict, language)
    raise typer.Exit(Refused.exit_code if verdict.failures else 0)


def _shown(file: Path, verdict: Verdict) -> Json:
    return {
        "file": str(file),
        "code": verdict.code,
        "digest": verdict.digest,
        "authentic": verdict.authentic,
        "intact": verdict.intact,
        "recomputed": verdict.recomputed,
        "outcomes": verdict.outcomes,
        "signatures": [asdict(signer) for signer in verdict.signers],
        "failures": [asdict(failure) for failure in verdict.failures],
    }


def _print(verdict: Verdict, language: str) -> None:
    typer.echo(f"{verdict.code}  sha256 {verdict.digest}")
    for signer in verdict.signers:
        typer.echo(_signed(signer, language))
    for name in ("authentic", "intact", "recomputed"):
        suffix = "" if getattr(verdict, name) else "-not"
        typer.echo(messages.say(f"verify.{name}{suffix}", language, count=verdict.outcomes))
    for failure in verdict.failures:
        typer.echo(f"  {_told(failure, language)}")


def _signed(signer: Signer, language: str) -> str:
    """Return a line on who signed, and how far that can be relied on."""
    name = signer.role if signer.fits else "signature-wrong"
    lines = [
        messages.say(
            f"verify.{name}",
            language,
            kid=signer.kid,
            party=signer.party or "-",
            at=signer.signed_at,
        )
    ]
    if signer.fits and signer.trust == "first-use":
        lines.append(f"  {messages.say('verify.first-use', language)}")
    if signer.withdrawn_at is not None:
        lines.append(f"  {messages.say('verify.withdrawn', language, at=signer.withdrawn_at)}")
    return "\n".join(lines)


def _told(failure: Failure, language: str) -> str:
    return messages.say(
        f"verify.fails-{failure.code}",
        language,
        place=failure.place,
        said="-" if failure.said is None else failure.said,
        found="-" if failure.found is None else failure.found,
    )
