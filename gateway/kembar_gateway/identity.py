"""Clients, their roles and secrets, the gateway's keys, and the tokens it issues (RFC 9068)."""

from __future__ import annotations

import hmac
import json
import os
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from fastapi import Depends, Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey, OKPKey

from kembar_gateway import store
from kembar_gateway.store import KnownClient

if TYPE_CHECKING:
    from kembar_gateway.settings import GatewaySettings
    from kembar_shared.chassis.database import Connection

ROLES: Final[dict[str, tuple[str, ...]]] = {
    "field-agent": ("measurements:write", "measurements:read"),
    "reviewer": ("measurements:read", "measurements:review"),
    "operator": ("stations:write", "measurements:write", "measurements:read"),
    "planner": ("register:write", "outcomes:read"),
    "partner": ("outcomes:read",),
    "overseer": ("outcomes:read", "measurements:read", "audit:read"),
    "scraper": ("metrics:read",),
    "gateway": ("indicators:read",),
    "admin": ("clients:manage", "reports:publish", "audit:read"),
}
"""A role is a bundle of scopes."""

NARROWED: Final = frozenset({"field-agent"})
"""Roles that are theirs only on stations named when the client is made."""

OWN_CLIENT: Final = "gateway"
FIRST_CLIENTS: Final = "first-clients"
SECRET_PREFIX: Final = "kembar_"  # noqa: S105  lets scanners recognise a leaked secret
ALGORITHM: Final = "Ed25519"

Credentials = dict[str, dict[str, str]]
"""`client_id` and `client_secret` of the ready-made client of each role."""

_NO_CLIENT: Final = "0" * 64


class KeysUnreadable(Exception):
    """The key file is not one that this gateway wrote."""


class UnknownClient(Exception):
    """No client has this id and secret."""


class ScopeRefused(Exception):
    """A scope was asked for that the client's role does not hold."""


@dataclass(frozen=True)
class Grant:
    """What a token says of its bearer."""

    client: str
    scopes: tuple[str, ...]
    stations: tuple[str, ...] | None = None
    cooperations: tuple[str, ...] | None = None


class Issuer:
    """Signs tokens and hashes secrets with the keys of one file, read when first needed.

    It is a `KeySource` too: the gateway verifies its own tokens without asking anybody.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings

    @cached_property
    def _keys(self) -> tuple[OKPKey, bytes]:
        return open_keys(self._settings.keys_file)

    def open(self) -> None:
        """Read the keys now, making them where there are none yet.

        Raises:
            KeysUnreadable: The file holds something else.
        """
        _ = self._keys

    def find(self, kid: str) -> OKPKey | None:
        """Return the public part of the signing key if it is named *kid*."""
        signing, _ = self._keys
        return signing if signing.kid == kid else None

    def held(self, kid: str) -> OKPKey | None:
        """Return the same: nobody is asked for it."""
        return self.find(kid)

    def public_set(self) -> dict[str, Any]:
        """Return the key set that everybody may see."""
        signing, _ = self._keys
        return {"keys": [signing.as_dict(private=False)]}

    def mint(self, grant: Grant, *, now: datetime) -> str:
        """Sign an access token for *grant*, valid from *now* for the configured time."""
        signing, _ = self._keys
        at = int(now.timestamp())
        claims: dict[str, Any] = {
            "iss": self._settings.issuer,
            "sub": grant.client,
            "aud": self._settings.audience,
            "iat": at,
            "exp": at + self._settings.token_lifetime_s,
            "jti": str(uuid.uuid4()),
            "client_id": grant.client,
            "scope": " ".join(grant.scopes),
        }
        narrowings = {"stations": grant.stations, "cooperations": grant.cooperations}
        claims |= {name: list(to) for name, to in narrowings.items() if to is not None}
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": signing.kid}
        return jwt.encode(header, claims, signing, algorithms=[ALGORITHM])

    def own_token(self, *, now: datetime) -> str:
        """Sign the token with which the gateway itself asks the services."""
        return self.mint(Grant(OWN_CLIENT, ROLES["gateway"]), now=now)

    def hash_secret(self, secret: str) -> str:
        """Return the keyed hash that is stored instead of a secret."""
        _, pepper = self._keys
        return hmac.new(pepper, secret.encode(), "sha256").hexdigest()


def open_keys(file: Path) -> tuple[OKPKey, bytes]:
    """Return the signing key and the pepper kept in *file*; make both where it is absent.

    Of two gateways that start at once one makes the file and the other reads it.

    Raises:
        KeysUnreadable: The file holds something else.
    """
    if not file.exists():
        signing = OKPKey.generate_key(
            "Ed25519", {"use": "sig", "alg": ALGORITHM}, private=True, auto_kid=True
        )
        pepper = OctKey.generate_key(256, {"use": "enc"}, private=True, auto_kid=True)
        made = {"keys": [key.as_dict(private=True) for key in (signing, pepper)]}
        write_secret_file(file, json.dumps(made, indent=1), replace=False)
    try:
        keys = KeySet.import_key_set(json.loads(file.read_bytes())).keys
        signing = next(key for key in keys if isinstance(key, OKPKey) and key.is_private)
        pepper = next(key for key in keys if isinstance(key, OctKey))
    except (ValueError, TypeError, KeyError, AttributeError, StopIteration, JoseError) as error:
        raise KeysUnreadable(f"{file} holds no signing key and pepper") from error
    return signing, pepper.raw_value


def write_secret_file(file: Path, text: str, *, replace: bool) -> None:
    """Write *file* whole or not at all, readable by its owner alone.

    Args:
        file: Where to; its folder is made where it is missing.
        text: What to write.
        replace: False leaves a file that is already there.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        if replace:
            draft.replace(file)
        elif not file.exists():
            _link(draft, file)
    finally:
        draft.unlink(missing_ok=True)


def _link(draft: Path, file: Path) -> None:
    try:
        file.hardlink_to(draft)
    except FileExistsError:
        return


def new_client(
    issuer: Issuer,
    *,
    name: str,
    role: str,
    stations: tuple[str, ...] | None,
    cooperations: tuple[str, ...] | None,
    created_by: str,
    now: datetime,
) -> tuple[KnownClient, str]:
    """Make a client and its secret; nothing is stored yet and the secret is kept nowhere."""
    secret = _new_secret()
    client = KnownClient(
        id=f"{role}-{secrets.token_hex(6)}",
        name=name,
        role=role,
        secret_hmac=issuer.hash_secret(secret),
        stations=stations,
        cooperations=cooperations,
        created_at=now,
        created_by=created_by,
    )
    return client, secret


def _new_secret() -> str:
    return SECRET_PREFIX + secrets.token_urlsafe(32)


def authenticate(conn: Connection, issuer: Issuer, client_id: str, secret: str) -> KnownClient:
    """Return the client with this id and secret.

    Raises:
        UnknownClient: There is none; an unknown id takes as long as a wrong secret.
    """
    client = store.find_client(conn, client_id)
    stored = client.secret_hmac if client is not None else _NO_CLIENT
    if not hmac.compare_digest(stored, issuer.hash_secret(secret)) or client is None:
        raise UnknownClient
    return client


def grant_of(client: KnownClient, scope: str | None) -> Grant:
    """Return what *client* is granted when it asks for *scope* (None: all it may have).

    Raises:
        ScopeRefused: It asks for nothing, or for more than its role holds.
    """
    held = ROLES[client.role]
    asked = held if scope is None else tuple(dict.fromkeys(scope.split()))
    if not asked or not set(asked) <= set(held):
        raise ScopeRefused
    return Grant(client.id, asked, client.stations, client.cooperations)


def make_first_clients(
    conn: Connection, issuer: Issuer, credentials_file: Path, *, now: datetime
) -> bool:
    """On a first start make one client per role; say whether that was done.

    The secrets are on disk before the transaction of *conn* commits: a kill in between leaves a
    file whose clients do not exist, and the next start makes new ones.
    """
    # The claim makes a second gateway on its first start wait for this one to commit.
    if not store.claim(conn, FIRST_CLIENTS, 0) or store.has_clients(conn):
        return False
    written = {role: _make_first(conn, issuer, role, now) for role in ROLES}
    write_credentials(credentials_file, written)
    return True


def renew_first_clients(conn: Connection, issuer: Issuer, *, now: datetime) -> Credentials:
    """Give the clients of the first start new secrets, and make those that are missing.

    Returns:
        What to write of each role once the transaction of *conn* is committed; nothing where no
        first start was yet.
    """
    if not store.has_clients(conn):
        return {}
    first = {client.role: client for client in store.clients_made_by(conn, OWN_CLIENT)}
    return {
        role: _renew(conn, issuer, first[role])
        if role in first
        else _make_first(conn, issuer, role, now)
        for role in ROLES
    }


def write_credentials(file: Path, clients: Credentials) -> None:
    """Write ids and secrets where the operator finds them."""
    write_secret_file(file, json.dumps({"clients": clients}, indent=1), replace=True)


def _renew(conn: Connection, issuer: Issuer, client: KnownClient) -> dict[str, str]:
    secret = _new_secret()
    store.change_secret(conn, client.id, issuer.hash_secret(secret))
    return {"client_id": client.id, "client_secret": secret}


def _make_first(conn: Connection, issuer: Issuer, role: str, now: datetime) -> dict[str, str]:
    client, secret = new_client(
        issuer,
        name=f"first {role}",
        role=role,
        stations=("*",) if role in NARROWED else None,
        cooperations=None,
        created_by=OWN_CLIENT,
        now=now,
    )
    store.add_client(conn, client)
    return {"client_id": client.id, "client_secret": secret}


async def _issuer(request: Request) -> Issuer:
    return cast("Issuer", request.app.state.issuer)


IssuerDep = Annotated[Issuer, Depends(_issuer)]
