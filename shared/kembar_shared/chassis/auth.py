"""A bearer token becomes a caller, and every route says who may call it."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar, cast

from fastapi import Depends, Request
from joserfc import jws
from joserfc.errors import JoseError
from starlette.concurrency import run_in_threadpool

from kembar_shared.chassis.problems import MissingScope, Unauthenticated

if TYPE_CHECKING:
    from joserfc.jwk import OKPKey

    from kembar_shared.chassis.keys import KeySource

ALGORITHM: Final = "Ed25519"
TOKEN_TYPE: Final = "at+jwt"  # noqa: S105  the type of a token, no secret
LEEWAY_S: Final = 30
MOST_CHARACTERS: Final = 8192
REMEMBERED_S: Final = 60.0
"""How long a token that was verified is not verified again, while its key is held."""

_MOST_REMEMBERED: Final = 4096

_FOREIGN_KEYS: Final = frozenset({"crit", "jku", "jwk", "x5u", "x5c", "b64"})

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what for: a client, its scopes and what it is narrowed to.

    Attributes:
        client: The client's id.
        scopes: What it may do.
        stations: Globs of the station codes it may touch; None where it is not narrowed.
        cooperations: Globs of the cooperations it may see; None where it is not narrowed.
    """

    client: str
    scopes: frozenset[str]
    stations: tuple[str, ...] | None = None
    cooperations: tuple[str, ...] | None = None

    def may(self, scope: str) -> bool:
        """Say whether the token carries *scope*."""
        return scope in self.scopes

    def sees(self, station: str) -> bool:
        """Say whether the caller may touch the station with this code."""
        return self.stations is None or any(fnmatchcase(station, glob) for glob in self.stations)


@dataclass(frozen=True, slots=True)
class _Verified:
    """What is remembered of a token: whose it is, by which key, and until when."""

    caller: Caller
    kid: str
    key: OKPKey
    until: float


class Verifier:
    """Checks access tokens against the keys of one issuer."""

    def __init__(
        self,
        keys: KeySource,
        *,
        issuer: str,
        audience: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._verified: dict[bytes, _Verified] = {}

    def recall(self, token: str) -> Caller | None:
        """Return the caller of a token that was verified lately; nobody is waited for.

        Once its key was withdrawn or replaced, it is verified anew.
        """
        if len(token) > MOST_CHARACTERS:
            return None
        found = self._verified.get(_digest(token))
        if found is None or self._clock() >= found.until:
            return None
        return found.caller if self._keys.held(found.kid) is found.key else None

    def verify(self, token: str) -> Caller:
        """Return the caller that *token* was issued to.

        Raises:
            Unauthenticated: The token is not valid, for whatever reason.
            KeysUnavailable: The issuer's keys were never received.
        """
        if len(token) > MOST_CHARACTERS:
            raise Unauthenticated
        try:
            kid = _key_id(token)
            key = self._keys.find(kid)
            if key is None:
                raise Unauthenticated
            signed = jws.deserialize_compact(token, key, algorithms=[ALGORITHM])
            claims = json.loads(signed.payload or b"")
            self._check(claims)
            caller = _caller(claims)
        except (ValueError, TypeError, KeyError, RecursionError, JoseError) as error:
            raise Unauthenticated from error
        until = min(claims["exp"] + LEEWAY_S, self._clock() + REMEMBERED_S)
        if len(self._verified) >= _MOST_REMEMBERED:
            self._verified.clear()
        self._verified[_digest(token)] = _Verified(caller, kid, key, until)
        return caller

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
        _text(claims["jti"])


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a route.

    Attributes:
        scopes: Any one of them suffices; none stands for any valid token.
        is_public: No token is asked for.
    """

    scopes: tuple[str, ...] = ()
    is_public: bool = False


class RouteWithoutAccess(Exception):
    """A route carries no mark that says who may call it."""


def public(endpoint: Endpoint) -> Endpoint:
    """Let anybody call *endpoint*."""
    return _mark(endpoint, Access(is_public=True))


def any_token(endpoint: Endpoint) -> Endpoint:
    """Let whoever has a valid token call *endpoint*."""
    return _mark(endpoint, Access())


def needs(*scopes: str) -> Callable[[Endpoint], Endpoint]:
    """Let those call the endpoint whose token carries any one of *scopes*."""
    return lambda endpoint: _mark(endpoint, Access(scopes))


def access_of(endpoint: object) -> Access:
    """Return the mark of *endpoint*.

    Raises:
        RouteWithoutAccess: It has none.
    """
    access = getattr(endpoint, "access", None)
    if not isinstance(access, Access):
        raise RouteWithoutAccess(f"{endpoint!r} needs @public, @any_token or @needs(…)")
    return access


async def admit(request: Request) -> None:
    """Let the request pass where its route is public or its token suffices.

    Raises:
        Unauthenticated: There is no valid token.
        MissingScope: The token does not suffice.
    """
    access = access_of(request.scope["endpoint"])
    if access.is_public or hasattr(request.state, "caller"):
        return
    verifier: Verifier = request.app.state.verifier
    token = _bearer(request)
    caller = verifier.recall(token)
    if caller is None:
        caller = await run_in_threadpool(verifier.verify, token)
    # Who was refused is known all the same, and the log shall say so.
    request.state.client = caller.client
    if access.scopes and not caller.scopes.intersection(access.scopes):
        raise MissingScope(" ".join(access.scopes))
    request.state.caller = caller


async def _caller_of(request: Request) -> Caller:
    return cast("Caller", request.state.caller)


CallerDep = Annotated[Caller, Depends(_caller_of)]


def _mark(endpoint: Endpoint, access: Access) -> Endpoint:
    vars(endpoint)["access"] = access
    return endpoint


def _bearer(request: Request) -> str:
    sent = request.headers.getlist("authorization")
    if len(sent) != 1:
        raise Unauthenticated
    scheme, _, token = sent[0].partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    return token.strip()


def _digest(token: str) -> bytes:
    """Return what a token is remembered by; the token itself is kept nowhere."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _key_id(token: str) -> str:
    """Return the key id of a token whose header promises nothing but our own kind of token."""
    if token.count(".") != 2:
        raise ValueError("form")
    encoded = token.partition(".")[0]
    header = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    if _FOREIGN_KEYS.intersection(header):
        raise ValueError("header")
    if (header["alg"], header["typ"]) != (ALGORITHM, TOKEN_TYPE):
        raise ValueError("alg, typ")
    return _text(header["kid"])


def _caller(claims: dict[str, Any]) -> Caller:
    scope = claims.get("scope", "")
    if not isinstance(scope, str):
        raise TypeError("scope")
    return Caller(
        client=_text(claims["client_id"]),
        scopes=frozenset(scope.split()),
        stations=_globs(claims, "stations"),
        cooperations=_globs(claims, "cooperations"),
    )


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
