"""The command `kembar-air`."""

from __future__ import annotations

from kembar_air.settings import AirSettings
from kembar_shared.chassis import cli
from kembar_shared.measurement.settings import MAKE_ROOM, PACKAGES, QUALITY


def main() -> None:
    """Run the air service."""
    quality = cli.Command(QUALITY, "kembar_air.app:check_quality")
    cli.run(
        "air",
        AirSettings,
        "kembar_air.app:build",
        PACKAGES,
        make_room=MAKE_ROOM,
        rules=cli.Rules("kembar_air.app:adopt", "kembar_air.app:obstacle"),
        more={"quality": quality},
    )


if __name__ == "__main__":
    main()
