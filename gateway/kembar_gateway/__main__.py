"""The command `kembar-gateway`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from kembar_gateway import key_commands
from kembar_gateway.app import PACKAGES, build, renew
from kembar_gateway.settings import GatewaySettings
from kembar_shared.chassis import cli

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI

    from kembar_shared.chassis.settings import Settings


def main() -> None:
    """Run the gateway."""
    renewal = cli.Command("give the first clients new secrets, if their file is gone", renew)
    more = {"credentials": renewal}
    cli.run(
        "gateway", GatewaySettings, _build, PACKAGES, files=_files, more=more, add=key_commands.add
    )


def _build(settings: Settings) -> FastAPI:
    return build(cast("GatewaySettings", settings))


def _files(settings: GatewaySettings) -> dict[str, Path]:
    """Return what a backup keeps beside the database; without its keys no client is known."""
    files = {"keys.json": settings.keys_file}
    if settings.credentials_file is not None:
        files["credentials.json"] = settings.credentials_file
    return files


if __name__ == "__main__":
    main()
