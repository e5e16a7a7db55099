"""One structured line per request, as JSON on standard output."""

from __future__ import annotations

import logging
import sys
import traceback
from contextlib import suppress
from contextvars import ContextVar
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, ExcInfo, Processor

    from kembar_shared.chassis.settings import Settings

_MOST_FRAMES: Final = 30
"""Innermost frames of each error that a traceback tells."""

_MOST_PARTS: Final = 200
_LONGEST_MESSAGE: Final = 2_000
_LONGEST_TRACEBACK: Final = 20_000

_line: ContextVar[dict[str, Any]] = ContextVar("kembar_request_line")
_request_id: ContextVar[str | None] = ContextVar("kembar_request_id", default=None)


def configure(settings: Settings, service: str) -> None:
    """Send everything this process logs, the libraries' lines too, to standard output as JSON."""

    def add_service(_logger: object, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    output = cast("TextIO", _Output())
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        add_service,
        structlog.processors.ExceptionRenderer(_traceback),
    ]
    level = logging.getLevelNamesMapping()[settings.log_level]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(output),
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    # Below a warning, libraries write whole URLs, query included.
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
    logging.getLogger("uvicorn").setLevel(level)


def begin(request_id: str | None = None) -> None:
    """Start the line of a request."""
    _line.set({})
    _request_id.set(request_id)


def request_id() -> str | None:
    """Return the id of the current request, if there is one."""
    return _request_id.get()


def bind(**members: object) -> None:
    """Add *members* to the line of the current request, such as `rows=1000`."""
    _line.get({}).update(members)


def write(*, status: int, **members: object) -> None:
    """Write the line of a request that is done."""
    level = logging.ERROR if status >= 500 else logging.INFO
    structlog.get_logger().log(level, "request", status=status, **members, **_line.get({}))


def fault(event: str, error: BaseException, **members: object) -> None:
    """Write *error* with its traceback, which names no value of any variable."""
    told = _traceback((type(error), error, error.__traceback__))
    structlog.get_logger().error(event, exception=told, **members)


def _traceback(exc_info: ExcInfo) -> str:
    """Return the traceback of an error: places and messages, never values; of bounded length.

    An error may quote a whole statement, and each error that it caused quotes it again.
    """
    kind, error, frames = exc_info
    told = traceback.TracebackException(
        kind, error, frames, limit=-_MOST_FRAMES, capture_locals=False, compact=True
    )
    lines = [_cut(line, _LONGEST_MESSAGE) for line in islice(told.format(), _MOST_PARTS)]
    return _cut("".join(lines).rstrip("\n"), _LONGEST_TRACEBACK)


def _cut(text: str, longest: int) -> str:
    """Return *text* without its middle where it is too long; what is told last is the error."""
    if len(text) <= longest:
        return text
    return f"{text[: longest // 2]}\n… {len(text) - longest} characters …\n{text[-longest // 2 :]}"


class _Output:
    """Standard output, as it is, but a full disk costs a line and never an answer."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stdout.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stdout.flush()
