"""What is answered of reports: the shapes, and how stored reports become them."""

from __future__ import annotations

import re
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from kembar_gateway.reports import store
from kembar_gateway.wire import FIRST_YEAR, LAST_YEAR, Period

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kembar_gateway.reports.store import Known, RegisteredKey, Signature

Status = Literal["generated", "reviewed", "published"]
Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
ClientId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")]
Base64 = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,1000}$")]

_KID = re.compile(r"[A-Za-z0-9_-]{1,100}")


class Sent(BaseModel):
    """A body that a caller sends: closed and of exact types."""

    model_config = ConfigDict(strict=True, extra="forbid")


class NewReport(Sent):
    """What is to be reported."""

    cooperation: Code
    period: str = Field(max_length=40, description="`2023`, `2023-04` or `2023-01/2023-06`.")

    @field_validator("period")
    @classmethod
    def _is_a_period(cls, text: str) -> str:
        period = Period.parse(text)
        if period.first < FIRST_YEAR * 12 or period.following > (LAST_YEAR + 1) * 12:
            raise ValueError(text)
        return str(period)


class Countersignature(Sent):
    """A JWS whose payload, the bytes of `report.json`, is left out."""

    kid: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
    protected: Base64
    signature: Base64


class PublicKey(Sent):
    """A public Ed25519 key as JWK."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: Base64


class NewPartnerKey(Sent):
    """A key by which a party countersigns; `client` is the one that speaks for the party."""

    cooperation: Code
    party: Code
    client: ClientId
    key: PublicKey


class PartnerKeyShown(BaseModel):
    """A registered key; compare its id with what the party says in another way."""

    kid: str = Field(description="Thumbprint of the key (RFC 7638).")
    cooperation: str
    party: str
    client: str
    key: dict[str, str]
    created_at: datetime
    created_by: str
    withdrawn_at: datetime | None


class PartnerKeys(BaseModel):
    """All registered keys that the caller may know of."""

    items: list[PartnerKeyShown]
    next: None = None


class ReportShown(BaseModel):
    """A report without its content; who made it is told to those alone who have a token."""

    code: str
    cooperation: str
    period: str
    number: int = Field(description="Counts the reports of this cooperation and period.")
    status: Status
    digest: str = Field(description="SHA-256 of `report.json`, which is what is signed.")
    supersedes: str | None = Field(description="The report of the period published before.")
    created_at: datetime
    created_by: str | None
    reviewed_at: datetime | None
    reviewed_by: str | None
    published_at: datetime | None
    published_by: str | None
    forms: dict[str, str] = Field(description="Where its forms are, by media type.")


class SignatureShown(BaseModel):
    """A signature over the report."""

    role: Literal["publisher", "countersigner"]
    party: str | None = Field(description="Whose signature; null for the gateway's own.")
    kid: str = Field(description="Thumbprint of the key (RFC 7638).")
    signed_at: datetime = Field(description="When the signer says it was; see `withdrawn_at`.")
    withdrawn_at: datetime | None = Field(
        description="When the key was withdrawn; what it says of itself counts less from then on."
    )
    before_withdrawal: bool | None = Field(description="Null where the key was not withdrawn.")
    protected: str
    signature: str
    key: dict[str, Any]


class ReportDetail(ReportShown):
    """A report with its signatures."""

    superseded_by: str | None = Field(description="The newest report of the period, if another.")
    signatures: list[SignatureShown]


class ReportMade(ReportDetail):
    """A report just made."""

    replayed: bool = Field(default=False, description="True where an earlier answer is repeated.")


def report(known: Known, *, is_told: bool) -> dict[str, Any]:
    """Return the members of `ReportShown`; the clients' names where *is_told*."""
    members = {name: getattr(known, name) for name in store.Known.__slots__}
    if not is_told:
        members |= dict.fromkeys(("created_by", "reviewed_by", "published_by"))
    address = f"/v1/reports/{known.code}"
    return members | {
        "forms": {
            "application/json": f"{address}.json",
            "text/csv": f"{address}.csv",
            "application/xml": f"{address}.xml",
            "application/zip": f"{address}.zip",
        }
    }


def signature(signed: Signature, withdrawn_at: datetime | None) -> dict[str, Any]:
    """Return the members of `SignatureShown`."""
    return {
        "role": signed.role,
        "party": signed.party,
        "kid": signed.kid,
        "signed_at": signed.signed_at,
        "withdrawn_at": withdrawn_at,
        "before_withdrawal": None if withdrawn_at is None else signed.signed_at < withdrawn_at,
        "protected": signed.protected,
        "signature": signed.signature,
        "key": signed.jwk,
    }


def keys(several: Sequence[Signature], withdrawn: Mapping[str, datetime]) -> list[dict[str, Any]]:
    """Return the public keys of signatures as JWK, each with whose it is and what became of it."""
    found = []
    for signed in several:
        key = {**signed.jwk, "alg": "Ed25519", "use": "report", "role": signed.role}
        if signed.party is not None:
            key["party"] = signed.party
        if signed.kid in withdrawn:
            key["revoked_at"] = ceil(withdrawn[signed.kid].timestamp())
        found.append(key)
    return found


def partner_key(key: RegisteredKey) -> PartnerKeyShown:
    """Return a registered key as it is shown."""
    members = {name: getattr(key, name) for name in type(key).__slots__ if name != "jwk"}
    return PartnerKeyShown(**members, key=key.jwk)


def is_kid(text: str) -> bool:
    """Say whether *text* may be the id of a key."""
    return _KID.fullmatch(text) is not None
