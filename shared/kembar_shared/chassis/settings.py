"""What an operator may set, read from the environment."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urljoin

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MEBIBYTE = 1024 * 1024


class SettingUnfit(ValueError):
    """What a setting names cannot be used; the text says which, why, and what to do."""


class TrustedIssuer(BaseModel):
    """Another issuer of access tokens, such as Keycloak or Entra, and how to read its tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    issuer: Annotated[str, Field(min_length=1)]
    jwks_url: Annotated[str, Field(pattern=r"^https?://")]
    audience: Annotated[str, Field(min_length=1)]
    algorithms: Annotated[
        tuple[Literal["Ed25519", "EdDSA", "ES256", "RS256", "PS256"], ...], Field(min_length=1)
    ]
    token_types: Annotated[tuple[str, ...], Field(min_length=1)] = ("at+jwt",)
    client_claim: str = "client_id"
    scope_claim: str = "scope"
    scope_prefix: str = ""


class Settings(BaseSettings):
    """The settings every process has; a service narrows them by its own environment prefix."""

    model_config = SettingsConfigDict(
        env_prefix="KEMBAR_", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on.")
    database_url: SecretStr = Field(
        default=SecretStr("sqlite:///kembar.sqlite"),
        description="Database: sqlite:///FILE or postgresql://USER@HOST:PORT/NAME.",
    )
    database_timeout_s: float = Field(
        default=10,
        gt=0,
        le=600,
        description="Longest statement; of it 60 % for a lock, 30 % for a connection.",
    )
    database_pool_size: int = Field(
        default=20, ge=1, le=500, description="Most connections to the database at a time."
    )
    issuer: str = Field(
        default="http://127.0.0.1:8000", description="The gateway's public URL: `iss` of tokens."
    )
    audience: str = Field(default="kembar", description="`aud` that a token must name.")
    jwks_url: str = Field(
        default="", description="Issuer's public keys; default: ISSUER/.well-known/jwks.json."
    )
    jwks_file: Path | None = Field(
        default=None,
        description="Where the last key set is kept for when the issuer is down; "
        "beside it, the last list of revocations.",
    )
    jwks_max_age_s: float = Field(
        default=300, gt=0, description="Age at which the key set is fetched again."
    )
    audit_key_file: Path = Field(
        default=Path("kembar-audit.key"),
        description="Key of the audit trail, made on first start; replicas share it. The trail's "
        "head is kept beside it, as .head.",
    )
    revocations_url: str = Field(
        default="", description="Issuer's list of revocations; default: beside its public keys."
    )
    revocations_poll_s: float = Field(
        default=5,
        ge=0.1,
        le=10,
        description="Seconds between two looks for withdrawn keys and revoked clients.",
    )
    issuers: tuple[TrustedIssuer, ...] = Field(
        default=(),
        description="Other issuers that are trusted, as a JSON list; see above.",
    )
    rate_burst: int = Field(
        default=60, ge=1, description="Requests a client may send at once, unless it has its own."
    )
    rate_per_s: float = Field(
        default=10, gt=0, description="Requests a client may send each second in the long run."
    )
    metrics_host: str = Field(
        default="127.0.0.1", description="Address of the open `/metrics`, where it has a port."
    )
    metrics_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Port on which `/metrics` asks for no token; unset: there is none.",
    )
    traces_url: str = Field(
        default="",
        pattern=r"^(https?://.+)?$",
        description="Where spans of requests are sent by OTLP over HTTP, such as "
        "http://collector:4318/v1/traces; needs the extra `traces`.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least level that is logged."
    )
    upload_bytes: int = Field(
        default=256 * MEBIBYTE, gt=0, description="Largest uploaded file, raw and decoded."
    )
    upload_rows: int = Field(default=2_000_000, gt=0, description="Most rows of an upload.")
    upload_columns: int = Field(default=64, gt=0, description="Most columns of an upload.")
    cell_characters: int = Field(default=4096, gt=0, description="Longest cell of an upload.")
    json_bytes: int = Field(
        default=32 * MEBIBYTE, gt=0, description="Largest JSON or form body of any other request."
    )
    request_idle_s: float = Field(
        default=30, gt=0, description="Longest silence while headers or a body are received."
    )
    request_timeout_s: float = Field(
        default=600, gt=0, description="Longest time for receiving a body."
    )

    request_bytes_per_s: int = Field(
        default=500,
        gt=0,
        description="Least speed of a body, once the longest silence has passed.",
    )

    backup_folder: Path | None = Field(
        default=None,
        description="Where scheduled backups are kept, in a folder per service; unset: there are "
        "none. Replicas share it.",
    )
    backup_period_h: float = Field(
        default=24, ge=1 / 3600, description="Hours between two scheduled backups."
    )
    backups_kept: int = Field(
        default=14, ge=1, description="Scheduled backups that are kept; the oldest go first."
    )

    @model_validator(mode="after")
    def _issuers_differ(self) -> Self:
        names = [each.name for each in self.issuers]
        urls = [self.issuer, *(each.issuer for each in self.issuers)]
        if len(set(names)) < len(names) or len(set(urls)) < len(urls):
            raise ValueError("each issuer needs a name and a URL of its own")
        return self

    def environment(self) -> dict[str, str]:
        """Return this process's environment, made so that a child has the same settings."""
        found = dict(os.environ)  # noqa: TID251  handed on, not read
        prefix = str(self.model_config["env_prefix"])
        for name, value in self.model_dump().items():
            variable = f"{prefix}{name}".upper()
            if value is None:
                found.pop(variable, None)
            elif isinstance(value, SecretStr):
                found[variable] = value.get_secret_value()
            else:
                is_many = isinstance(value, tuple)
                found[variable] = json.dumps(value) if is_many else str(value)
        return found

    @property
    def keys_url(self) -> str:
        """Where the issuer publishes its public keys."""
        return self.jwks_url or f"{self.issuer.rstrip('/')}/.well-known/jwks.json"

    @property
    def list_url(self) -> str:
        """Where the issuer publishes its list of revocations."""
        return self.revocations_url or urljoin(self.keys_url, "kembar-revocations")
