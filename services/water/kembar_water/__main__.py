"""The command `kembar-water`."""

from __future__ import annotations

from kembar_shared.chassis import cli
from kembar_shared.measurement import service
from kembar_water.app import build
from kembar_water.settings import WaterSettings


def main() -> None:
    """Run the water service."""
    cli.run("water", WaterSettings, build, service.PACKAGES, make_room=service.make_room)


if __name__ == "__main__":
    main()
