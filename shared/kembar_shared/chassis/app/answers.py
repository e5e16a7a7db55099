"""Problems as answers: our own and the framework's, all in one form."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException

from kembar_shared.chassis import auth, logs, problems
from kembar_shared.chassis.messages import language_of
from kembar_shared.chassis.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from kembar_shared.chassis.messages import Messages

MEDIA_TYPE: Final = "application/problem+json"

_MOST_ERRORS: Final = 100
_FIELD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OF_STATUS: Final[Mapping[int, type[Problem]]] = {
    404: problems.NotFound,
    405: problems.MethodNotAllowed,
}


def render(request: Request, problem: Problem) -> Response:
    """Return the answer that says *problem* in the caller's language."""
    messages: Messages = request.app.state.messages
    language = language_of(request.headers.get("accept-language"))
    body = problem.body(messages, language) | {
        "instance": request.url.path,
        "request_id": getattr(request.state, "request_id", None),
    }
    logs.bind(problem=problem.slug)
    request.state.problem = problem
    return Response(
        # A lone surrogate in a parameter must not become a fault of ours.
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace"),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={"Content-Language": language, "Cache-Control": "no-store", **problem.headers},
    )


async def answer_problem(request: Request, problem: Problem) -> Response:
    """Answer a problem that a route or what it calls has raised."""
    if problem.status >= 500 and problem.__cause__ is not None:
        logs.fault(problem.slug, problem)
    return render(request, problem)


async def answer_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer what the framework refuses, in our form."""
    # What stops a body from being received reaches us as the cause of "cannot parse the body".
    if isinstance(error.__cause__, Problem):
        return await answer_problem(request, error.__cause__)
    default = problems.InternalFault if error.status_code >= 500 else problems.BadRequest
    problem = _OF_STATUS.get(error.status_code, default)()
    problem.headers = dict(error.headers or {})
    if isinstance(problem, problems.MethodNotAllowed):
        problem.headers = {"Allow": ", ".join(_methods_at(request))}
    return render(request, problem)


async def answer_invalid(request: Request, error: RequestValidationError) -> Response:
    """Answer values that are missing or wrong, place by place, without repeating them."""
    # A body that is no JSON is found before the dependencies run: who may not ask learns nothing.
    try:
        await auth.admit(request)
    except Problem as problem:
        return render(request, problem)
    messages: Messages = request.app.state.messages
    language = language_of(request.headers.get("accept-language"))
    errors = error.errors()[:_MOST_ERRORS]
    found = [
        {
            "place": _place(each["loc"]),
            "code": each["type"],
            "message": _say(each, messages, language),
        }
        for each in errors
    ]
    return render(request, problems.InvalidRequest(errors=found))


HANDLERS: Final[
    Mapping[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]]
] = {
    # Any: the handlers' own classes of exceptions, and what FastAPI asks for
    Problem: answer_problem,
    HTTPException: answer_http_exception,
    RequestValidationError: answer_invalid,
}


def _methods_at(request: Request) -> list[str]:
    """Return the methods that the address answers: the framework knows those of one route alone."""
    contexts = iter_route_contexts(request.app.routes)
    path = request.scope["path"]
    return sorted({m for c in contexts if c.path_regex.match(path) for m in c.methods or ()})


def _place(location: tuple[object, ...]) -> str:
    """Name a place in the request; names that the sender invented are not repeated as they are."""
    parts = [str(part) for part in location]
    return ".".join(part if _FIELD.fullmatch(part) else "…" for part in parts)


def _say(error: dict[str, Any], messages: Messages, language: str) -> str:
    key = f"invalid.{error['type']}.message"
    if key not in messages:
        key = "invalid.other.message"
    return messages.say(key, language, **error.get("ctx", {}))
