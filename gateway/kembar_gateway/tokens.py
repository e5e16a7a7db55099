"""Routes that any machine needs first: the token endpoint and the public keys."""

from __future__ import annotations

import base64
import binascii
import re
import threading
from ipaddress import ip_address, ip_network
from typing import Annotated, Any, Final, Literal, cast
from urllib.parse import parse_qsl, unquote_plus

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from kembar_gateway import identity
from kembar_gateway.identity import ROLES, IssuerDep, ScopeRefused, UnknownClient
from kembar_gateway.settings import NowDep, SettingsDep
from kembar_gateway.store import EngineDep
from kembar_shared.chassis import audit, caching
from kembar_shared.chassis.auth import Router, public
from kembar_shared.chassis.database import reading
from kembar_shared.chassis.limits import Buckets, Rate
from kembar_shared.chassis.problems import TooLarge

MOST_FORM_BYTES: Final = 16 * 1024

_CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
_NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}

router = Router(tags=["identity"])


class TokenRefused(Exception):
    """A token request is refused in the words of RFC 6749, section 5.2."""

    def __init__(self, error: str, *, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


class Logins:
    """Counts wrong secrets: by client, by address, and by both.

    Many devices may share an address, behind a proxy or at home. Whatever one of them does, the
    right secret of another goes on working.
    """

    def __init__(self, per_minute: int) -> None:
        rate = Rate(burst=per_minute, per_s=per_minute / 60)
        self._by_address, self._by_client = Buckets(rate), Buckets(rate)
        self._by_both = Buckets(rate)
        self._counting = threading.Lock()

    def require(self, address: str, client_id: str) -> None:
        """Let an address try another secret of a client.

        Raises:
            TooManyRequests: It has tried too many wrong ones; a right one has to wait too.
        """
        self._by_both.require(f"{address} {client_id}")

    def note_failure(self, address: str, client_id: str) -> None:
        """Count a wrong secret.

        Raises:
            TooManyRequests: Too many were tried on this client, or from this address.
        """
        with self._counting:
            standings = [self._by_address.take(address)]
            if client_id:
                self._by_both.take(f"{address} {client_id}")
                standings.append(self._by_client.take(client_id))
            for standing in standings:
                standing.require()


async def _logins(request: Request) -> Logins:
    return cast("Logins", request.app.state.logins)


LoginsDep = Annotated[Logins, Depends(_logins)]


def _address(request: Request) -> str:
    """Return the address that asks; of IPv6 the network, since one machine has them all."""
    host = request.client.host if request.client is not None else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network((host, 64), strict=False)) if address.version == 6 else host


async def _form(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_FORM_BYTES:
            raise TooLarge(limit=MOST_FORM_BYTES)
    return bytes(body)


_FORM_SCHEMA: Final[dict[str, Any]] = {  # Any: a piece of OpenAPI
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"type": "string", "enum": ["client_credentials"]},
                        "scope": {"type": "string"},
                        "client_id": {"type": "string"},
                        "client_secret": {"type": "string"},
                    },
                }
            }
        },
    }
}


class Token(BaseModel):
    """An access token, as RFC 6749 answers it."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  the name of a kind, no secret
    expires_in: int = Field(description="Seconds it is valid for.")
    scope: str


@router.post(
    "/oauth/token",
    response_model=Token,
    openapi_extra=_FORM_SCHEMA,
    responses={
        400: {"description": "RFC 6749, 5.2"},
        401: {"description": "RFC 6749, 5.2"},
        429: {"description": "Too many wrong secrets; see Retry-After"},
    },
)
@public
def issue_token(
    request: Request,
    engine: EngineDep,
    issuer: IssuerDep,
    settings: SettingsDep,
    now: NowDep,
    logins: LoginsDep,
    form: Annotated[bytes, Depends(_form)],
) -> JSONResponse:
    """Issue an access token for client credentials, sent by HTTP Basic or in the form."""
    address, client_id = _address(request), None
    try:
        members = _members(request, form)
        client_id, secret = _credentials(request, members)
        logins.require(address, client_id)
        with reading(engine) as conn:
            client = identity.authenticate(conn, issuer, client_id, secret, now=now)
        grant = identity.grant_of(client, members.get("scope"))
    except UnknownClient:
        logins.note_failure(address, client_id or "")
        return _refuse(request, client_id, TokenRefused("invalid_client", status=401))
    except ScopeRefused:
        return _refuse(request, client_id, TokenRefused("invalid_scope"))
    except TokenRefused as refusal:
        if refusal.status == 401:
            logins.note_failure(address, client_id or "")
        return _refuse(request, client_id, refusal)
    token = Token(
        access_token=issuer.mint(grant, now=now),
        expires_in=settings.token_lifetime_s,
        scope=" ".join(grant.scopes),
    )
    return JSONResponse(token.model_dump(), headers=_NO_STORE)


def _refuse(request: Request, client_id: str | None, refusal: TokenRefused) -> JSONResponse:
    audit.refused(request, refusal.error, action=audit.TOKEN_REFUSED, client=client_id)
    headers = dict(_NO_STORE)
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="kembar", charset="UTF-8"'
    return JSONResponse({"error": refusal.error}, status_code=refusal.status, headers=headers)


def _members(request: Request, form: bytes) -> dict[str, str]:
    """Return the form's members, each given once, of a request for client credentials."""
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise TokenRefused("invalid_request")
    try:
        pairs = parse_qsl(
            form.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20
        )
    except ValueError as error:
        raise TokenRefused("invalid_request") from error
    members = dict(pairs)
    if len(members) != len(pairs) or "grant_type" not in members:
        raise TokenRefused("invalid_request")
    if members["grant_type"] != "client_credentials":
        raise TokenRefused("unsupported_grant_type")
    return members


def _credentials(request: Request, members: dict[str, str]) -> tuple[str, str]:
    """Return the client's id and secret, given in exactly one way."""
    sent = request.headers.getlist("Authorization")
    in_form = "client_id" in members or "client_secret" in members
    if len(sent) > 1 or (sent and "client_secret" in members):
        raise TokenRefused("invalid_request")
    if not sent and not in_form:
        raise TokenRefused("invalid_client", status=401)
    if sent:
        client_id, secret = _basic(sent[0])
        if members.get("client_id", client_id) != client_id:
            raise TokenRefused("invalid_request")
    else:
        client_id, secret = members.get("client_id", ""), members.get("client_secret", "")
    if _CLIENT_ID.fullmatch(client_id) is None:
        raise TokenRefused("invalid_client", status=401)
    return client_id, secret


def _basic(header: str) -> tuple[str, str]:
    kind, _, encoded = header.partition(" ")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise TokenRefused("invalid_client", status=401) from error
    client_id, colon, secret = decoded.partition(":")
    if kind.lower() != "basic" or not colon:
        raise TokenRefused("invalid_client", status=401)
    return unquote_plus(client_id), unquote_plus(secret)


@router.get("/.well-known/jwks.json")
@public
def show_keys(request: Request, issuer: IssuerDep) -> Response:
    """Show the public keys that tokens are signed with."""
    return caching.json_response(request, issuer.public_set())


@router.get("/.well-known/kembar-revocations", response_class=Response)
@public
def show_revocations(request: Request, issuer: IssuerDep) -> Response:
    """Show which clients' earlier tokens no longer count, by digests alone, signed."""
    content = issuer.signed_list()
    return caching.conditional(
        request,
        caching.etag_of(content),
        lambda: Response(content, media_type="application/jwt"),
    )


@router.get("/.well-known/oauth-authorization-server")
@public
def show_metadata(request: Request, settings: SettingsDep) -> Response:
    """Describe the authorization server (RFC 8414)."""
    base = settings.issuer.rstrip("/")
    described = {
        "issuer": settings.issuer,
        "token_endpoint": f"{base}/oauth/token",
        "jwks_uri": f"{base}/.well-known/jwks.json",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "scopes_supported": sorted({scope for scopes in ROLES.values() for scope in scopes}),
    }
    return caching.json_response(request, described)
