"""The command `kembar-waste`."""

from __future__ import annotations

from kembar_shared.chassis import cli
from kembar_shared.measurement.settings import MAKE_ROOM, PACKAGES, QUALITY
from kembar_waste.settings import WasteSettings


def main() -> None:
    """Run the waste service."""
    quality = cli.Command(QUALITY, "kembar_waste.app:check_quality")
    cli.run(
        "waste",
        WasteSettings,
        "kembar_waste.app:build",
        PACKAGES,
        make_room=MAKE_ROOM,
        rules=cli.Rules("kembar_waste.app:adopt", "kembar_waste.app:obstacle"),
        more={"quality": quality},
    )


if __name__ == "__main__":
    main()
