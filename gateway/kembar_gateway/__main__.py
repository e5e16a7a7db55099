"""The command `kembar-gateway`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kembar_gateway import key_commands
from kembar_gateway.settings import PACKAGES, GatewaySettings
from kembar_shared.chassis import cli

if TYPE_CHECKING:
    from pathlib import Path


def main() -> None:
    """Run the gateway."""
    renewal = cli.Command(
        "give the first clients new secrets, if their file is gone", "kembar_gateway.app:renew"
    )
    cli.run(
        "gateway",
        GatewaySettings,
        "kembar_gateway.app:build",
        PACKAGES,
        files=_files,
        more={"credentials": renewal},
        add=key_commands.add,
    )


def _files(settings: GatewaySettings) -> dict[str, Path]:
    """Return what a backup keeps beside the database; without its keys no client is known."""
    files = {"keys.json": settings.keys_file}
    if settings.credentials_file is not None:
        files["credentials.json"] = settings.credentials_file
    return files


if __name__ == "__main__":
    main()
