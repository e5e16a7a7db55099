"""What an operator of the air service may set."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from kembar_shared.measurement.settings import ServiceSettings


class AirSettings(ServiceSettings):
    """Settings of the air service, read from `KEMBAR_AIR_…`."""

    model_config = SettingsConfigDict(env_prefix="KEMBAR_AIR_", frozen=True)

    port: int = Field(default=8003, ge=0, le=65535, description="Port to listen on.")
    ispu_reading: Literal["banded", "anchored"] = Field(
        default="banded",
        description=(
            "Reading of the ISPU formula's lower index: banded (0, 51, 101, …), as the ministry's "
            "feed does, or anchored (0, 50, 100, …)."
        ),
    )
