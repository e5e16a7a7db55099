"""What an operator of the water service may set."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from kembar_shared.measurement.settings import ServiceSettings


class WaterSettings(ServiceSettings):
    """Settings of the water service, read from `KEMBAR_WATER_…`."""

    model_config = SettingsConfigDict(env_prefix="KEMBAR_WATER_", frozen=True)

    port: int = Field(default=8002, ge=0, le=65535, description="Port to listen on.")
    do_saturation_mg_l: float | None = Field(
        default=None,
        gt=0,
        le=20,
        description=(
            "Dissolved oxygen at saturation used by the Pollution Index, mg/L; unset: computed "
            "from water temperature and station altitude."
        ),
    )
    pollution_index_least_parameters: int = Field(
        default=4,
        ge=1,
        le=50,
        description="Parameters a sample needs for a Pollution Index.",
    )
    storet_count_basis: Literal["samples", "parameters"] = Field(
        default="samples",
        description=(
            "What STORET counts to tell few from many: a parameter's samples or the station's "
            "parameters."
        ),
    )
