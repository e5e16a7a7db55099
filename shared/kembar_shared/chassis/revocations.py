"""The list of clients whose earlier tokens no longer count, as the issuer signs and publishes it.

A client has a generation, which its tokens name; the list says the least that still counts. It
names a client by a digest alone, and forgets it once every earlier token has expired.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from joserfc import jws
from joserfc.errors import JoseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from joserfc.jwk import Key, OKPKey

TYPE: Final = "kembar-revocations+jwt"
"""So that no list passes for a token, and no token for a list."""

_ALGORITHM: Final = "Ed25519"

Revoked = dict[str, int]
"""Least generation that counts, by the digest of the client's id."""


def digest_of(client: str) -> str:
    """Return what stands for *client* in the list."""
    return hashlib.sha256(client.encode()).hexdigest()


def sign(revoked: Mapping[str, int], key: OKPKey) -> str:
    """Return the list as a signed text; the same list and key give the same text."""
    header = {"alg": _ALGORITHM, "typ": TYPE, "kid": key.kid}
    payload = json.dumps({"revoked": revoked}, sort_keys=True, separators=(",", ":"))
    return jws.serialize_compact(header, payload, key, algorithms=[_ALGORITHM])


def read(content: bytes, find: Callable[[str], Key | None]) -> Revoked | None:
    """Return the list that *content* holds; None where none of the keys has signed it.

    Args:
        content: What `sign` made.
        find: Returns the issuer's key of an id.
    """
    try:
        header = jws.extract_compact(content).headers()
        key = find(header["kid"])
        if key is None or header["typ"] != TYPE:
            return None
        signed = jws.deserialize_compact(content, key, algorithms=[_ALGORITHM])
        return checked(json.loads(signed.payload or b"")["revoked"])
    except (ValueError, TypeError, KeyError, RecursionError, JoseError):
        return None


def checked(revoked: Any) -> Revoked:  # Any: whatever JSON holds
    """Return *revoked* as what it should be.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(revoked, dict) or not all(type(least) is int for least in revoked.values()):
        raise TypeError("revoked")
    return revoked
