"""The command `kembar-air`."""

from __future__ import annotations

from kembar_air.app import build
from kembar_air.settings import AirSettings
from kembar_shared.chassis import cli


def main() -> None:
    """Run the air service."""
    packages = ("kembar_shared.chassis", "kembar_shared.measurement")
    cli.run("air", AirSettings, build, packages)


if __name__ == "__main__":
    main()
