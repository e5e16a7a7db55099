"""Every route says who may call it; a request is let in or refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

from fastapi import APIRouter, Depends, Request, params
from starlette.concurrency import run_in_threadpool

from kembar_shared.chassis.problems import MissingScope, NotFound, Unauthenticated
from kembar_shared.chassis.verifying import Caller, Verifier

if TYPE_CHECKING:
    from kembar_shared.chassis.limits import Buckets

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a route.

    Attributes:
        scopes: Any one of them suffices; none stands for any valid token.
        is_public: No token is asked for.
        is_metered: Requests count towards the client's limit.
        is_whole: What it answers cannot be narrowed, so a narrowed caller may not know of it.
    """

    scopes: tuple[str, ...] = ()
    is_public: bool = False
    is_metered: bool = True
    is_whole: bool = False


class RouteWithoutAccess(Exception):
    """A route carries no mark that says who may call it."""


def public(endpoint: Endpoint) -> Endpoint:
    """Let anybody call *endpoint*."""
    return _mark(endpoint, Access(is_public=True))


def any_token(endpoint: Endpoint) -> Endpoint:
    """Let whoever has a valid token call *endpoint*."""
    return _mark(endpoint, Access())


def needs(
    *scopes: str, is_metered: bool = True, is_whole: bool = False
) -> Callable[[Endpoint], Endpoint]:
    """Let those call the endpoint whose token carries any one of *scopes*; see `Access`."""
    return lambda endpoint: _mark(
        endpoint, Access(scopes, is_metered=is_metered, is_whole=is_whole)
    )


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
        NotFound: Its client is narrowed, and what the route answers is not.
        TooManyRequests: Its client asks more often than it may.
    """
    access = access_of(request.scope["endpoint"])
    if access.is_public or hasattr(request.state, "caller"):
        return
    await _let_in(request, access)


class Router(APIRouter):
    """Routes that let nobody pass who may not; any number of apps may serve them."""

    def __init__(self, *, dependencies: Sequence[params.Depends] = (), **options: Any) -> None:
        """Take what the framework's router takes (Any: of many kinds).

        Args:
            dependencies: What each route asks for once the request was let in.
            options: Prefix, tags and the like.
        """
        super().__init__(
            dependencies=[Depends(admit), *dependencies],
            generate_unique_id_function=lambda route: route.name,
            **options,
        )


async def _let_in(request: Request, access: Access) -> None:
    verifier: Verifier = request.app.state.verifier
    token = _bearer(request)
    caller = verifier.recall(token)
    if caller is None:
        caller = await run_in_threadpool(verifier.verify, token)
    # Who was refused is known all the same, and the log shall say so.
    request.state.client = caller.client
    request.state.is_narrowed = caller.is_narrowed
    if access.is_metered:
        buckets: Buckets = request.app.state.buckets
        request.state.standing = standing = buckets.take(caller.client, caller.rate)
        standing.require()
    if access.scopes and not caller.scopes.intersection(access.scopes):
        raise MissingScope(" ".join(access.scopes))
    if access.is_whole and caller.is_narrowed:
        raise NotFound
    request.state.caller = caller


async def _caller_if_any(request: Request) -> Caller | None:
    """Return who asks a public route, where a valid token says so; any other is as good as none."""
    if "authorization" not in request.headers:
        return None
    try:
        await _let_in(request, Access())
    except Unauthenticated:
        return None
    return await _caller_of(request)


async def _caller_of(request: Request) -> Caller:
    return cast("Caller", request.state.caller)


CallerDep = Annotated[Caller, Depends(_caller_of)]
AnyCallerDep = Annotated[Caller | None, Depends(_caller_if_any)]


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
