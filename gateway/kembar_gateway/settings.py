"""What an operator may set on the gateway."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, cast

from fastapi import Depends, Request
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from kembar_shared.chassis.settings import MEBIBYTE, Settings

PACKAGES: Final = ("kembar_shared.chassis", "kembar_gateway")
"""Whose migrations the gateway's database needs."""

Clock = Callable[[], datetime]


class GatewaySettings(Settings):
    """The settings every process has, and the gateway's own."""

    model_config = SettingsConfigDict(env_prefix="KEMBAR_GATEWAY_", frozen=True)

    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on.")
    waste_url: str = Field(default="http://127.0.0.1:8001", description="Where waste listens.")
    water_url: str = Field(default="http://127.0.0.1:8002", description="Where water listens.")
    air_url: str = Field(default="http://127.0.0.1:8003", description="Where air listens.")
    keys_file: Path = Field(
        default=Path("kembar-gateway-keys.json"),
        description="Private key set: signs tokens, peppers secrets. Made on first start; "
        "replicas share it.",
    )
    credentials_file: Path | None = Field(
        default=None,
        description="On a first start, one client per role is made and its secret written here.",
    )
    profile: Path | None = Field(
        default=None,
        description="What a first start fills the register with (TOML); default: the packaged one.",
    )
    iati_organisation: str = Field(
        default="",
        max_length=100,
        pattern=r"^[^/&|?\s]*$",
        description="IATI identifier of who publishes reports; empty: `KEMBAR-UNREGISTERED`.",
    )
    evidence_bytes: int = Field(
        default=20 * MEBIBYTE, gt=0, description="Largest file of evidence."
    )
    webhook_hosts: tuple[str, ...] = Field(
        default=(),
        description="Globs of the hosts that webhooks may go to, as JSON; none: there are none.",
    )
    webhook_period_s: float = Field(
        default=10, ge=1, description="Seconds between two looks at what webhooks wait for."
    )
    public_outcomes: bool = Field(
        default=False, description="Show unpublished outcomes on the page without a token."
    )
    pull_period_s: float = Field(default=60, ge=1, description="Seconds between two pulls.")
    token_lifetime_s: int = Field(default=900, ge=60, le=3600, description="Life of a token.")
    failed_logins_per_minute: int = Field(
        default=10,
        ge=1,
        description="Wrong secrets per address, and per client, before /oauth/token answers 429.",
    )
    answer_timeout_s: float = Field(
        default=3, gt=0, le=30, description="Longest wait for a service's figures."
    )
    stale_after_s: float = Field(
        default=300, gt=0, description="Age at which a figure's source counts as stale."
    )

    @property
    def services(self) -> dict[str, str]:
        """Where each service listens, by its name."""
        return {"waste": self.waste_url, "water": self.water_url, "air": self.air_url}


def utc_now() -> datetime:
    """Return the current instant; tests pass another clock."""
    return datetime.now(UTC)


async def _settings(request: Request) -> GatewaySettings:
    return cast("GatewaySettings", request.app.state.settings)


async def _now(request: Request) -> datetime:
    return cast("Clock", request.app.state.clock)()


SettingsDep = Annotated[GatewaySettings, Depends(_settings)]
NowDep = Annotated[datetime, Depends(_now)]
