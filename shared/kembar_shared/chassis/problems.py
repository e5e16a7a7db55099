"""Errors a caller can act on, said as RFC 9457 problem details.

Problem
  BadRequest 400
    BadQuery · BadCursor · BadIdempotencyKey · IncompleteBody
  Unauthenticated 401
  MissingScope 403
  NotFound 404
  MethodNotAllowed 405
  ReceiveTimeout 408
  Conflict 409
    IdempotencyConflict
  PreconditionFailed 412
  TooLarge 413
  UnsupportedMediaType 415
  InvalidRequest 422
  PreconditionRequired 428
  TooManyRequests 429
  HeadersTooLarge 431
  InternalFault 500
  Unavailable 503
    DatabaseUnavailable · SchemaNewer · KeysUnavailable · NotReady

Other packages derive their own from these. What a problem says lies in the `messages.toml` of the
package that declares it, under `[problem.<slug>]`: title, detail and, where there is one, a fix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kembar_shared.chassis.messages import Messages


class Problem(Exception):
    """A request cannot be done, for a reason its sender should read.

    Attributes:
        slug: Names the problem for ever; its type is `urn:kembar:problem:<slug>`.
        is_on_record: The audit trail has an entry of it already.
        status: HTTP status of the answer.
        params: Values of the names in its detail and fix.
        headers: Headers of the answer.
        errors: What is wrong, piece by piece.
        extra: Further members of the answer.
    """

    slug: ClassVar[str]
    status: ClassVar[int]
    is_on_record: ClassVar[bool] = False

    def __init__(
        self,
        *,
        headers: dict[str, str] | None = None,
        errors: Sequence[dict[str, Any]] = (),
        extra: dict[str, Any] | None = None,
        **params: object,
    ) -> None:
        super().__init__(self.slug, params)
        self.params = params
        self.headers = headers or {}
        self.errors = list(errors)
        self.extra = extra or {}

    def body(self, messages: Messages, language: str) -> dict[str, Any]:
        """Return the members of the answer that depend on the problem alone."""
        key = f"problem.{self.slug}"
        body: dict[str, Any] = {
            "type": f"urn:kembar:problem:{self.slug}",
            "title": messages.say(f"{key}.title", language),
            "status": self.status,
            "detail": messages.say(f"{key}.detail", language, **self.params),
        }
        if f"{key}.fix" in messages:
            body["fix"] = messages.say(f"{key}.fix", language, **self.params)
        if self.errors:
            body["errors"] = self.errors
        return body | self.extra


class BadRequest(Problem):
    """The request cannot be understood."""

    slug, status = "bad-request", 400


class BadQuery(BadRequest):
    """A query parameter has a value that means nothing here.

    Params: `name`, the parameter's name.
    """

    slug = "bad-query"


class BadCursor(BadRequest):
    """The cursor was not made by this list."""

    slug = "bad-cursor"


class BadIdempotencyKey(BadRequest):
    """The idempotency key has not the required form."""

    slug = "bad-idempotency-key"


class IncompleteBody(BadRequest):
    """The connection ended before the whole body had arrived; nothing of it was stored."""

    slug = "incomplete-body"


class Unauthenticated(Problem):
    """There is no token, or it is not valid; every cause is said in the same words."""

    slug, status = "unauthenticated", 401

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class MissingScope(Problem):
    """The token is valid but lacks the scope that the operation needs."""

    slug, status = "missing-scope", 403

    def __init__(self, scope: str) -> None:
        challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
        super().__init__(scope=scope, headers={"WWW-Authenticate": challenge})


class NotFound(Problem):
    """There is no such thing, or the caller may not know of it."""

    slug, status = "not-found", 404


class MethodNotAllowed(Problem):
    """The address exists but cannot be asked in this way."""

    slug, status = "method-not-allowed", 405


class ReceiveTimeout(Problem):
    """The body took too long to arrive."""

    slug, status = "receive-timeout", 408


class Conflict(Problem):
    """The request contradicts what is stored."""

    slug, status = "conflict", 409


class IdempotencyConflict(Conflict):
    """The idempotency key was already used for another request."""

    slug = "idempotency-conflict"


class PreconditionFailed(Problem):
    """The thing was changed since the caller read it."""

    slug, status = "precondition-failed", 412


class TooLarge(Problem):
    """The body is larger than the limit.

    Params: `limit`, in bytes.
    """

    slug, status = "too-large", 413


class UnsupportedMediaType(Problem):
    """The body has a content type or coding that is not read here.

    Params: `accepted`, the content types that are.
    """

    slug, status = "unsupported-media-type", 415


class InvalidRequest(Problem):
    """Some values of the request are missing or wrong; `errors` names each."""

    slug, status = "invalid-request", 422


class PreconditionRequired(Problem):
    """A change must say which version it changes."""

    slug, status = "precondition-required", 428


class TooManyRequests(Problem):
    """The caller asks more often than it may."""

    slug, status = "too-many-requests", 429

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(seconds=retry_after_s, headers={"Retry-After": str(retry_after_s)})


class HeadersTooLarge(Problem):
    """The headers of the request are too many or too long; the connection ends."""

    slug, status = "headers-too-large", 431


class InternalFault(Problem):
    """The service has a fault; its log holds the cause under the request's id."""

    slug, status = "internal-fault", 500


class Unavailable(Problem):
    """The service cannot answer for the moment."""

    slug, status = "unavailable", 503
    retry_after_s: ClassVar[int] = 5

    def __init__(self, **params: Any) -> None:  # Any: passed through to Problem as they are
        super().__init__(headers={"Retry-After": str(self.retry_after_s)}, **params)


class DatabaseUnavailable(Unavailable):
    """The database is away, locked, full or too slow; nothing of the request was half done."""

    slug = "database-unavailable"


class SchemaNewer(Unavailable):
    """The database was made by a newer release than the one that runs."""

    slug = "schema-newer"


class KeysUnavailable(Unavailable):
    """Tokens cannot be checked, since the issuer's keys were never received."""

    slug = "keys-unavailable"


class NotReady(Unavailable):
    """A check of readiness fails; `failing` names it."""

    slug = "not-ready"
