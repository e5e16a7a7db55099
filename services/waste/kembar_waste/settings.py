"""What an operator of the waste service may set."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from kembar_shared.measurement.settings import ServiceSettings


class WasteSettings(ServiceSettings):
    """Settings of the waste service, read from `KEMBAR_WASTE_…`."""

    model_config = SettingsConfigDict(env_prefix="KEMBAR_WASTE_", frozen=True)

    port: int = Field(default=8001, ge=0, le=65535, description="Port to listen on.")
    gwp_set: Literal["AR4", "AR5", "AR6"] = Field(
        default="AR5",
        description="Avoided emissions: IPCC report whose global warming potentials are used.",
    )
    docf_set: Literal["2006", "2019"] = Field(
        default="2006",
        description="Avoided emissions: year of the IPCC guidelines that say which share of the "
        "carbon decomposes.",
    )
    horizon_years: int = Field(
        default=20,
        ge=1,
        le=100,
        description="Avoided emissions: years after the deposit whose methane is counted.",
    )
    disposal_mcf: Literal[
        "managed_anaerobic",
        "semi_aerobic",
        "unmanaged_deep",
        "unmanaged_shallow",
        "uncategorised",
        "semi_aerobic_poor",
        "active_aeration",
        "active_aeration_poor",
    ] = Field(
        default="managed_anaerobic",
        description="Avoided emissions: kind of landfill the waste would have gone to, which says "
        "its methane correction factor; a factor `disposal-site` says so of one jurisdiction.",
    )
    climate: Literal["wet", "dry"] = Field(
        default="wet", description="Avoided emissions: tropical climate of the landfill."
    )
    programmes_file: Path | None = Field(
        default=None,
        description="TOML file that says which programme is credited with which waste; without it "
        "all is unclaimed.",
    )
