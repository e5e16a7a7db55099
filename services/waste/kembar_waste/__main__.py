"""The command `kembar-waste`."""

from __future__ import annotations

from kembar_shared.chassis import cli
from kembar_waste.app import build
from kembar_waste.settings import WasteSettings


def main() -> None:
    """Run the waste service."""
    packages = ("kembar_shared.chassis", "kembar_shared.measurement")
    cli.run("waste", WasteSettings, build, packages)


if __name__ == "__main__":
    main()
