"""The command `kembar-air`."""

from __future__ import annotations

from kembar_air.app import build
from kembar_air.settings import AirSettings
from kembar_shared.chassis import cli
from kembar_shared.measurement import service


def main() -> None:
    """Run the air service."""
    cli.run("air", AirSettings, build, service.PACKAGES, make_room=service.make_room)


if __name__ == "__main__":
    main()
