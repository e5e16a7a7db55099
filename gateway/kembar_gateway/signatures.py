"""Signatures over reports: a JWS by Ed25519 whose payload, the report, is not repeated in it.

Source: RFC 7515 (JWS; detached content in appendix F), RFC 9864 (`Ed25519`), RFC 7638 (key ids).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHM: Final = "Ed25519"
TYPE: Final = "kembar-report+jws"
"""So that no signature over a report passes for a token, and no token for one."""

WEBHOOK: Final = "kembar-webhook+jws"
"""The same for what is sent to a webhook."""

MOST_CHARACTERS: Final = 1000
# Its own list of header names has no `iat`; which ones there may be is checked below.
_REGISTRY: Final = jws.JWSRegistry(algorithms=[ALGORITHM], strict_check_header=False)
# What is signed is the gateway's own report, which grows with the register: no size is too large.
_REGISTRY.max_payload_length = sys.maxsize
_HEADER: Final = frozenset({"alg", "typ", "kid", "iat"})
_KEY: Final = ("kty", "crv", "x")


class NotSigned(ValueError):
    """A signature is not what it should be, or not over this report."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Who signed, and when they say they did."""

    kid: str
    at: datetime


def sign(document: bytes, key: OKPKey, *, at: datetime, kind: str = TYPE) -> dict[str, Any]:
    """Return header and signature over *document*, and the public key, by their JWS names."""
    header = {"alg": ALGORITHM, "typ": kind, "kid": key.kid, "iat": int(at.timestamp())}
    compact = jws.serialize_compact(header, document, key, registry=_REGISTRY)
    protected, _, signature = compact.split(".")
    jwk = {**public_of(key.as_dict(private=False)), "kid": key.kid}
    return {"protected": protected, "signature": signature, "kid": key.kid, "jwk": jwk}


def check(document: bytes, protected: str, signature: str, jwk: Mapping[str, Any]) -> Signed:
    """Return who signed *document* by the key *jwk*, and when.

    Raises:
        NotSigned: The header or signature is malformed, of another kind, or does not fit.
    """
    if max(len(protected), len(signature)) > MOST_CHARACTERS:
        raise NotSigned("length")
    try:
        header = json.loads(_decoded(protected))
        if set(header) != _HEADER or header["alg"] != ALGORITHM or header["typ"] != TYPE:
            raise NotSigned("header")
        if header["kid"] != jwk["kid"] or type(header["iat"]) is not int:
            raise NotSigned("kid, iat")
        payload = base64.urlsafe_b64encode(document).decode().rstrip("=")
        key = OKPKey.import_key(public_of(jwk))
        jws.deserialize_compact(f"{protected}.{payload}.{signature}", key, registry=_REGISTRY)
        return Signed(header["kid"], datetime.fromtimestamp(header["iat"], UTC))
    except (
        ValueError, TypeError, KeyError, OverflowError, OSError, RecursionError, JoseError
    ) as error:  # fmt: skip
        raise NotSigned(str(error)) from error


def public_of(jwk: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """Return the members of a public Ed25519 key.

    Raises:
        NotSigned: It is another key, or a private one.
    """
    if "d" in jwk or jwk.get("kty") != "OKP" or jwk.get("crv") != ALGORITHM:
        raise NotSigned("key")
    if len(_decoded(str(jwk.get("x", "")))) != 32:
        raise NotSigned("key")
    return {name: str(jwk[name]) for name in _KEY}


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the key's id: what it is compared by when people read it to each other."""
    members = {name: jwk[name] for name in sorted(_KEY)}
    text = json.dumps(members, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    try:
        padded = text + "=" * (-len(text) % 4)
        return base64.b64decode(padded, altchars="-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotSigned("base64url") from error
