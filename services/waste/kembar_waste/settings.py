"""What an operator of the waste service may set."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from kembar_shared.measurement.settings import ServiceSettings


class WasteSettings(ServiceSettings):
    """Settings of the waste service, read from `KEMBAR_WASTE_…`."""

    model_config = SettingsConfigDict(env_prefix="KEMBAR_WASTE_", frozen=True)

    port: int = Field(default=8001, ge=0, le=65535, description="Port to listen on.")
