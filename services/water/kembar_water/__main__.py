"""The command `kembar-water`."""

from __future__ import annotations

from kembar_shared.chassis import cli
from kembar_shared.measurement.settings import MAKE_ROOM, PACKAGES, QUALITY
from kembar_water.settings import WaterSettings


def main() -> None:
    """Run the water service."""
    quality = cli.Command(QUALITY, "kembar_water.app:check_quality")
    cli.run(
        "water",
        WaterSettings,
        "kembar_water.app:build",
        PACKAGES,
        make_room=MAKE_ROOM,
        rules=cli.Rules("kembar_water.app:adopt", "kembar_water.app:obstacle"),
        more={"quality": quality},
    )


if __name__ == "__main__":
    main()
