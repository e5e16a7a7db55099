"""An access token becomes a caller: signature, claims, revocation, and what it is narrowed to."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, TypedDict

from joserfc import jws
from joserfc.errors import JoseError

from kembar_shared.chassis.limits import Rate
from kembar_shared.chassis.problems import Unauthenticated
from kembar_shared.chassis.revocations import digest_of

if TYPE_CHECKING:
    from joserfc.jwk import Key

    from kembar_shared.chassis.keys import KeySource
    from kembar_shared.chassis.settings import TrustedIssuer

ALGORITHM: Final = "Ed25519"
TOKEN_TYPE: Final = "at+jwt"  # noqa: S105  the type of a token, no secret
LEEWAY_S: Final = 30
MOST_LIFETIME_S: Final = 3600
"""The longest life that the gateway's settings allow its tokens."""

MOST_CHARACTERS: Final = 8192
REMEMBERED_S: Final = 60.0
"""How long a token that was verified is not verified again, while its key is held."""

_MOST_REMEMBERED: Final = 4096

_FOREIGN_KEYS: Final = frozenset({"crit", "jku", "jwk", "x5u", "x5c", "b64"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what for: a client, its scopes and what it is narrowed to.

    Attributes:
        client: The client's id.
        scopes: What it may do.
        stations: Globs of the station codes it may touch; None where it is not narrowed.
        cooperations: Globs of the cooperations it may see; None where it is not narrowed.
        rate: How often it may ask; None where the settings say so.
    """

    client: str
    scopes: frozenset[str]
    stations: tuple[str, ...] | None = None
    cooperations: tuple[str, ...] | None = None
    rate: Rate | None = None

    @property
    def is_narrowed(self) -> bool:
        """Say whether it may know of a part only."""
        return {self.stations, self.cooperations} - {None, ("*",)} != set()

    def may(self, scope: str) -> bool:
        """Say whether the token carries *scope*."""
        return scope in self.scopes

    def sees(self, station: str) -> bool:
        """Say whether the caller may touch the station with this code."""
        return self.stations is None or any(fnmatchcase(station, glob) for glob in self.stations)


@dataclass(frozen=True, slots=True)
class _Verified:
    """What is remembered of a token: whose and of which generation, by which key, until when."""

    caller: Caller
    kid: str
    key: Key
    subject: str
    generation: int
    until: float


class Verifier:
    """Checks access tokens against the keys of one issuer."""

    def __init__(
        self,
        keys: KeySource,
        *,
        issuer: str,
        audience: str,
        foreign: TrustedIssuer | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Trust *issuer*.

        Args:
            keys: Its public keys, and what it has revoked.
            issuer: What `iss` has to be.
            audience: What `aud` has to name.
            foreign: How the tokens of an issuer look that is not the gateway; None: it is.
            clock: Seconds since 1970.
        """
        self._keys = keys
        self._foreign = foreign
        self._algorithms = (ALGORITHM,) if foreign is None else foreign.algorithms
        self._types = (TOKEN_TYPE,) if foreign is None else foreign.token_types
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._verified: dict[bytes, _Verified] = {}

    def recall(self, token: str) -> Caller | None:
        """Return the caller of a token that was verified lately; nobody is waited for.

        Once its key was withdrawn or replaced, or the client's tokens revoked, it is verified anew.
        """
        if len(token) > MOST_CHARACTERS:
            return None
        found = self._verified.get(_digest(token))
        if found is None or self._clock() >= found.until:
            return None
        is_held = self._keys.held(found.kid) is found.key
        return found.caller if is_held and self._counts(found.subject, found.generation) else None

    def verify(self, token: str) -> Caller:
        """Return the caller that *token* was issued to.

        Raises:
            Unauthenticated: The token is not valid, for whatever reason.
            KeysUnavailable: The issuer's keys were never received.
        """
        if len(token) > MOST_CHARACTERS:
            raise Unauthenticated
        try:
            kid = _key_id(token, self._algorithms, self._types)
            key = self._keys.find(kid)
            if key is None:
                raise Unauthenticated
            signed = jws.deserialize_compact(token, key, algorithms=list(self._algorithms))
            claims = json.loads(signed.payload or b"")
            self._check(claims)
            caller = _caller(claims) if self._foreign is None else _guest(claims, self._foreign)
            subject, generation = digest_of(caller.client), _generation(claims)
        except (
            ValueError,
            TypeError,
            KeyError,
            OverflowError,
            RecursionError,
            JoseError,
        ) as error:
            raise Unauthenticated from error
        if not self._counts(subject, generation):
            raise Unauthenticated
        until = min(claims["exp"] + LEEWAY_S, self._clock() + REMEMBERED_S)
        if len(self._verified) >= _MOST_REMEMBERED:
            self._verified.clear()
        self._verified[_digest(token)] = _Verified(caller, kid, key, subject, generation, until)
        return caller

    def _counts(self, subject: str, generation: int) -> bool:
        """Say whether the issuer has not revoked a client's tokens of this generation."""
        return generation >= self._keys.least_generation(subject)

    def _check(self, claims: dict[str, Any]) -> None:
        """Raise ValueError, TypeError or KeyError where a claim is missing or wrong."""
        now = self._clock()
        audience = claims["aud"]
        if claims["iss"] != self._issuer:
            raise ValueError("iss")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise ValueError("aud")
        if _instant(claims["exp"]) <= now - LEEWAY_S:
            raise ValueError("exp")
        if max(_instant(claims["iat"]), _instant(claims.get("nbf", 0))) > now + LEEWAY_S:
            raise ValueError("iat")
        _text(claims["sub"])
        if self._foreign is None:
            _text(claims["jti"])
            if claims["exp"] - claims["iat"] > MOST_LIFETIME_S + LEEWAY_S:
                raise ValueError("exp")


def _digest(token: str) -> bytes:
    """Return what a token is remembered by; the token itself is kept nowhere."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _key_id(token: str, algorithms: Collection[str], types: Collection[str]) -> str:
    """Return the key id of a token whose header promises nothing but our own kind of token."""
    if token.count(".") != 2:
        raise ValueError("form")
    encoded = token.partition(".")[0]
    header = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    if _FOREIGN_KEYS.intersection(header):
        raise ValueError("header")
    if header["alg"] not in algorithms or header["typ"] not in types:
        raise ValueError("alg, typ")
    return _text(header["kid"])


def _caller(claims: dict[str, Any]) -> Caller:
    scope = claims.get("scope", "")
    if not isinstance(scope, str):
        raise TypeError("scope")
    return Caller(
        client=_text(claims["client_id"]),
        scopes=frozenset(scope.split()),
        **_narrowed(claims),
        rate=_rate(claims),
    )


def _guest(claims: dict[str, Any], issuer: TrustedIssuer) -> Caller:
    """Return the caller of a token that another issuer has signed.

    Its name begins with the issuer's, so that it is never taken for a client of the gateway.
    """
    sent = claims.get(issuer.scope_claim, "")
    scopes = sent.split() if isinstance(sent, str) else [_text(scope) for scope in sent]
    prefix = issuer.scope_prefix
    return Caller(
        client=f"{issuer.name}:{_text(claims[issuer.client_claim])}",
        scopes=frozenset(scope[len(prefix) :] for scope in scopes if scope.startswith(prefix)),
        **_narrowed(claims),
    )


def _rate(claims: dict[str, Any]) -> Rate | None:
    if "rate_limit" not in claims:
        return None
    burst, per_s = claims["rate_limit"]["burst"], claims["rate_limit"]["per_s"]
    if type(burst) is not int or _instant(burst) < 1 or _instant(per_s) <= 0:
        raise ValueError("rate_limit")
    return Rate(burst, per_s)


def _generation(claims: dict[str, Any]) -> int:
    generation = claims.get("generation", 0)
    if type(generation) is not int:
        raise TypeError("generation")
    return generation


class _Narrowing(TypedDict):
    stations: tuple[str, ...] | None
    cooperations: tuple[str, ...] | None


def _narrowed(claims: dict[str, Any]) -> _Narrowing:
    """Return what a caller may know of.

    A service does not know which cooperation a station serves: who is narrowed to some, and to no
    stations, sees what the gateway says of them, and no station.
    """
    stations, cooperations = _globs(claims, "stations"), _globs(claims, "cooperations")
    if stations is None and cooperations not in {None, ("*",)}:
        stations = ()
    return {"stations": stations, "cooperations": cooperations}


def _globs(claims: dict[str, Any], name: str) -> tuple[str, ...] | None:
    if name not in claims:
        return None
    globs = claims[name]
    if not isinstance(globs, list):
        raise TypeError(name)
    return tuple(_text(glob) for glob in globs)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("text")
    return value


def _instant(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError("instant")
    return value
