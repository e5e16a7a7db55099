"""The command `kembar-waste`."""

from __future__ import annotations

from kembar_shared.chassis import cli
from kembar_shared.measurement import service
from kembar_waste.app import build
from kembar_waste.settings import WasteSettings


def main() -> None:
    """Run the waste service."""
    cli.run("waste", WasteSettings, build, service.PACKAGES, make_room=service.make_room)


if __name__ == "__main__":
    main()
