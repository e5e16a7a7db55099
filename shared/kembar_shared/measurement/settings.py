"""What an operator may set on each service that keeps measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import Field

from kembar_shared.chassis.settings import Settings

PACKAGES: Final = ("kembar_shared.chassis", "kembar_shared.measurement")
"""Whose migrations a service's database needs."""

MAKE_ROOM: Final = "kembar_shared.measurement.store.partitions:make_room"
"""What a restored table needs before its rows."""

QUALITY: Final = "check measurements beside their neighbours, where something happened"
"""What the command `quality` of a service does."""


class ServiceSettings(Settings):
    """The settings every process has, and those of a service; each narrows them by its prefix."""

    standards_file: Path | None = Field(
        default=None,
        description="Services: a TOML file of limits and factors that amend the built-in ones.",
    )
    figures_period_s: float = Field(
        default=10,
        ge=1,
        description="Services: seconds between two computations of figures and indices.",
    )
    partitions_period_s: float = Field(
        default=86_400,
        ge=1,
        description="Services: seconds between two looks ahead for partitions.",
    )
    partitions_ahead: int = Field(
        default=3, ge=1, le=24, description="Services: months for which partitions are made ahead."
    )
    quality_period_s: float = Field(
        default=300,
        ge=1,
        description="Services: seconds between two looks for measurements to be checked beside "
        "their neighbours.",
    )
    checks_file: Path | None = Field(
        default=None,
        description="Services: TOML file with thresholds of these checks; see Quality control.",
    )
