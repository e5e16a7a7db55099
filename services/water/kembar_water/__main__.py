"""The command `kembar-water`."""

from __future__ import annotations

from kembar_shared.chassis import cli
from kembar_water.app import build
from kembar_water.settings import WaterSettings


def main() -> None:
    """Run the water service."""
    packages = ("kembar_shared.chassis", "kembar_shared.measurement")
    cli.run("water", WaterSettings, build, packages)


if __name__ == "__main__":
    main()
