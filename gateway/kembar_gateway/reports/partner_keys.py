"""The keys by which partners countersign: registered by an administrator, withdrawn for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kembar_gateway import signatures
from kembar_gateway import store as gateway_store
from kembar_gateway.reports import store
from kembar_gateway.reports.refusals import KeyRefused
from kembar_gateway.reports.store import RegisteredKey
from kembar_gateway.signatures import NotSigned
from kembar_shared.chassis.problems import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from kembar_gateway.register.book import Register
    from kembar_shared.chassis.database import Connection


def register(
    conn: Connection,
    known_by: Register,
    jwk: Mapping[str, Any],
    *,
    cooperation: str,
    party: str,
    client: str,
    by: str,
    now: datetime,
) -> RegisteredKey:
    """Note by which key a party countersigns, and which client speaks for it.

    Raises:
        KeyRefused: It is no public Ed25519 key, or known already, or the party or client is not.
    """
    known = known_by.cooperations.get(cooperation)
    is_client = gateway_store.find_client(conn, client) is not None
    if known is None or party not in known.parties or not is_client:
        raise KeyRefused
    try:
        public = signatures.public_of(jwk)
    except NotSigned as error:
        raise KeyRefused from error
    kid = signatures.thumbprint(public)
    if store.find_key(conn, kid, lock=True) is not None:
        raise KeyRefused
    key = RegisteredKey(kid, cooperation, party, client, {**public, "kid": kid}, now, by)
    store.add_key(conn, key)
    return key


def withdraw(
    conn: Connection, kid: str, *, sees: Callable[[str], bool], now: datetime
) -> RegisteredKey:
    """Let a party's key sign nothing any more; what it signed before says so.

    Raises:
        NotFound: There is no such key.
    """
    key = store.find_key(conn, kid, lock=True)
    if key is None or not sees(key.cooperation):
        raise NotFound
    if key.withdrawn_at is None:
        store.withdraw_key(conn, kid, at=now)
    return store.find_key(conn, kid) or key
