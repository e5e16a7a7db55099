"""Clients, their roles and secrets, the gateway's keys, and the tokens it issues (RFC 9068)."""

from __future__ import annotations

import hmac
import json
import math
import secrets
import time
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import structlog
from fastapi import Depends, Request
from joserfc import jwt

from kembar_gateway import keyring, signatures, store
from kembar_gateway.keyring import ALGORITHM, KeyRing, KeysUnreadable, write_secret_file
from kembar_gateway.store import KnownClient
from kembar_shared.chassis import audit, revocations
from kembar_shared.chassis.limits import Rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from joserfc.jwk import OKPKey

    from kembar_gateway.settings import GatewaySettings
    from kembar_shared.chassis.database import Connection
    from kembar_shared.chassis.revocations import Revoked

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
BUSY: Final = Rate(burst=600, per_s=100)
BUSY_ROLES: Final = frozenset({"field-agent", "operator"})
"""Roles that send files and whole networks of stations."""

LOOK_S: Final = 0.5
"""Least time between two looks at the key file."""

Credentials = dict[str, dict[str, str]]
"""`client_id` and `client_secret` of the ready-made client of each role."""

_NO_CLIENT: Final = "0" * 64


class UnknownClient(Exception):
    """No client has this id and secret."""


class ScopeRefused(Exception):
    """A scope was asked for that the client's role does not hold."""


@dataclass(frozen=True)
class Grant:
    """What a token says of its bearer; `generation` is the client's when it was issued."""

    client: str
    scopes: tuple[str, ...]
    stations: tuple[str, ...] | None = None
    cooperations: tuple[str, ...] | None = None
    generation: int = 0
    rate: Rate | None = None


class Issuer:
    """Signs tokens and hashes secrets with the keys of one file, read when first needed.

    It is a `KeySource` too: the gateway verifies its own tokens without asking anybody.
    """

    def __init__(
        self, settings: GatewaySettings, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._ring: KeyRing | None = None
        self._seen: tuple[int, ...] = ()
        self._looked_at = -math.inf
        self.revoked: Revoked = {}

    @property
    def _keys(self) -> KeyRing:
        """The keys of the file, read again once it has changed."""
        if self._ring is None or time.monotonic() - self._looked_at > LOOK_S:
            self._look()
        return cast("KeyRing", self._ring)

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        file = self._settings.keys_file
        if self._ring is None:
            self._ring, self._seen = keyring.open_ring(file), _signature(file)
            return
        seen = _signature(file)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._ring = keyring.read_ring(file)
        except KeysUnreadable as error:
            # Whoever holds a token must not suffer for a slip of the operator.
            structlog.get_logger().error("keys", reason=str(error))

    def open(self) -> None:
        """Read the keys now, making them where there are none yet.

        Raises:
            KeysUnreadable: The file holds something else.
        """
        _ = self._keys

    def find(self, kid: str) -> OKPKey | None:
        """Return the key named *kid* if its signatures count."""
        now = self._clock()
        return next((e.key for e in self._keys.published(now) if e.key.kid == kid), None)

    def held(self, kid: str) -> OKPKey | None:
        """Return the same: nobody is asked for it."""
        return self.find(kid)

    def least_generation(self, subject: str) -> int:
        """Return the least generation of tokens that counts for a client, given by its digest."""
        return self.revoked.get(subject, 0)

    def signed_list(self) -> str:
        """Return the list of revocations that everybody may see."""
        return revocations.sign(self.revoked, self._keys.signing(self._clock()))

    @property
    def signing_kid(self) -> str:
        """The id of the signing key."""
        return str(self._keys.signing(self._clock()).kid)

    def public_set(self) -> dict[str, Any]:
        """Return the key set that everybody may see.

        Keys that once signed reports have a use of their own: by them no token counts.
        """
        now, ring = self._clock(), self._keys
        return {"keys": [*(each.public for each in ring.published(now)), *ring.of_reports(now)]}

    def sign_report(self, document: bytes, *, now: datetime) -> dict[str, Any]:
        """Sign a report; return JWS header and signature, the public key and its id.

        Raises:
            KeysUnreadable: The key file cannot be used.
            UnknownKey: The key was taken away just now.
        """
        signing = self._keys.signing(self._clock())
        # Noted before: whoever is killed in between keeps a key too many, never one too few.
        keyring.note_report(self._settings.keys_file, str(signing.kid))
        return signatures.sign(document, signing, at=now)

    def sign_webhook(self, body: bytes, *, now: datetime) -> str:
        """Return a signature over what is sent: a compact JWS whose payload is left out."""
        signing = self._keys.signing(self._clock())
        signed = signatures.sign(body, signing, at=now, kind=signatures.WEBHOOK)
        return f"{signed['protected']}..{signed['signature']}"

    def withdrawn_at(self, kid: str) -> datetime | None:
        """Return when the key *kid*, which signed reports, was withdrawn; None where it was not."""
        at = self._keys.withdrawn_at(kid)
        return None if at is None else datetime.fromtimestamp(at, UTC)

    def mint(self, grant: Grant, *, now: datetime) -> str:
        """Sign an access token for *grant*, valid from *now* for the configured time."""
        signing = self._keys.signing(self._clock())
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
        if grant.generation:
            claims["generation"] = grant.generation
        if grant.rate is not None:
            claims["rate_limit"] = {"burst": grant.rate.burst, "per_s": grant.rate.per_s}
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": signing.kid}
        return jwt.encode(header, claims, signing, algorithms=[ALGORITHM])

    def own_token(self, *, now: datetime) -> str:
        """Sign the token with which the gateway itself asks the services."""
        return self.mint(Grant(OWN_CLIENT, ROLES["gateway"], rate=BUSY), now=now)

    @property
    def busy_rate(self) -> Rate:
        """How often a ready-made client that sends much may ask: no less than anybody."""
        everybody = self._settings
        return Rate(max(BUSY.burst, everybody.rate_burst), max(BUSY.per_s, everybody.rate_per_s))

    def hash_secret(self, secret: str) -> str:
        """Return the keyed hash that is stored instead of a secret."""
        return hmac.new(self._keys.pepper, secret.encode(), "sha256").hexdigest()


def _signature(file: Path) -> tuple[int, ...]:
    """Return what differs once *file* was replaced or written; nothing where it is away."""
    try:
        seen = file.stat()
    except OSError:
        return ()
    return (seen.st_mtime_ns, seen.st_size, seen.st_ino)


def new_client(
    issuer: Issuer,
    *,
    name: str,
    role: str,
    stations: tuple[str, ...] | None,
    cooperations: tuple[str, ...] | None,
    rate: Rate | None = None,
    created_by: str,
    now: datetime,
) -> tuple[KnownClient, str]:
    """Make a client and its secret; nothing is stored yet and the secret is kept nowhere.

    *rate* is how often it may ask; None: as the settings say.
    """
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
        rate_burst=None if rate is None else rate.burst,
        rate_per_s=None if rate is None else rate.per_s,
    )
    return client, secret


def _new_secret() -> str:
    return SECRET_PREFIX + secrets.token_urlsafe(32)


def rotate(
    issuer: Issuer, client: KnownClient, *, overlap: timedelta, now: datetime
) -> tuple[KnownClient, str]:
    """Give *client* a new secret; nothing is stored yet and the secret is kept nowhere.

    Args:
        issuer: Hashes secrets.
        client: As stored.
        overlap: How long the secret it has goes on working; none ends its tokens too.
        now: The present.
    """
    secret = _new_secret()
    hashed = issuer.hash_secret(secret)
    if not overlap:
        rotated = replace(client, secret_hmac=hashed, old_secret_hmac=None, old_secret_until=None)
        return revoked(rotated, now=now), secret
    rotated = replace(
        client,
        secret_hmac=hashed,
        old_secret_hmac=client.secret_hmac,
        old_secret_until=now + overlap,
    )
    return rotated, secret


def revoked(client: KnownClient, *, now: datetime) -> KnownClient:
    """Return *client* as one whose tokens issued so far count no more."""
    return replace(client, generation=client.generation + 1, revoked_at=now)


def told(client: KnownClient) -> audit.Entry:
    """Return what the audit trail says of a client that was made."""
    detail = {
        "role": client.role,
        "stations": client.stations,
        "cooperations": client.cooperations,
    }
    return audit.Entry(audit.CLIENT, client.created_by, client.id, detail=detail)


def authenticate(
    conn: Connection, issuer: Issuer, client_id: str, secret: str, *, now: datetime
) -> KnownClient:
    """Return the client with this id and secret.

    Raises:
        UnknownClient: There is none that is enabled; whatever the cause, it takes as long.
    """
    client = store.find_client(conn, client_id)
    hashed = issuer.hash_secret(secret)
    is_current = hmac.compare_digest(_NO_CLIENT if client is None else client.secret_hmac, hashed)
    old = client.old_secret_hmac if client is not None else None
    is_old = hmac.compare_digest(old or _NO_CLIENT, hashed)
    if client is None or client.disabled_at is not None:
        raise UnknownClient
    until = client.old_secret_until
    if not is_current and not (is_old and until is not None and now < until):
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
    return Grant(
        client.id,
        asked,
        client.stations,
        client.cooperations,
        client.generation,
        rate_of(client),
    )


def rate_of(client: KnownClient) -> Rate | None:
    """Return how often *client* may ask; None where the settings say so."""
    if client.rate_burst is None or client.rate_per_s is None:
        return None
    return Rate(client.rate_burst, client.rate_per_s)


def make_first_clients(
    conn: Connection, issuer: Issuer, credentials_file: Path, *, now: datetime
) -> bool:
    """On a first start make one client per role; say whether that was done.

    Whoever sends files and whole networks of stations may ask more often than others.
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
        role: _renew(conn, issuer, first[role], now)
        if role in first
        else _make_first(conn, issuer, role, now)
        for role in ROLES
    }


def write_credentials(file: Path, clients: Credentials) -> None:
    """Write ids and secrets where the operator finds them."""
    write_secret_file(file, json.dumps({"clients": clients}, indent=1), replace=True)


def _renew(conn: Connection, issuer: Issuer, client: KnownClient, now: datetime) -> dict[str, str]:
    renewed, secret = rotate(issuer, client, overlap=timedelta(), now=now)
    store.change_client(conn, renewed)
    audit.append(conn, [audit.Entry(audit.SECRET, OWN_CLIENT, client.id)])
    return {"client_id": client.id, "client_secret": secret}


def _make_first(conn: Connection, issuer: Issuer, role: str, now: datetime) -> dict[str, str]:
    client, secret = new_client(
        issuer,
        name=f"first {role}",
        role=role,
        stations=("*",) if role in NARROWED else None,
        cooperations=None,
        rate=issuer.busy_rate if role in BUSY_ROLES else None,
        created_by=OWN_CLIENT,
        now=now,
    )
    store.add_client(conn, client)
    audit.append(conn, [told(client)])
    return {"client_id": client.id, "client_secret": secret}


async def _issuer(request: Request) -> Issuer:
    return cast("Issuer", request.app.state.issuer)


IssuerDep = Annotated[Issuer, Depends(_issuer)]
