"""The command `kembar-gateway`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from kembar_gateway.app import PACKAGES, build
from kembar_gateway.settings import GatewaySettings
from kembar_shared.chassis import cli

if TYPE_CHECKING:
    from fastapi import FastAPI

    from kembar_shared.chassis.settings import Settings


def main() -> None:
    """Run the gateway."""
    cli.run("gateway", GatewaySettings, _build, PACKAGES)


def _build(settings: Settings) -> FastAPI:
    return build(cast("GatewaySettings", settings))


if __name__ == "__main__":
    main()
