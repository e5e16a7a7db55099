"""What a person names of an entry: members from a JSON file and from `--set MEMBER=VALUE`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kembar_client import messages
from kembar_client.api import Misused

if TYPE_CHECKING:
    from kembar_client.api import Json

STANDARD_INPUT: Final = Path("-")


def body(
    file: Path | None, members: list[str] | None, language: str, before: Json | None = None
) -> Json:
    """Return the members that are sent: those of the file, then those of the options.

    A part of a member, as `names.id`, leaves the other parts as *before* has them.

    Raises:
        Misused: Nothing is named, or the file is no JSON object.
    """
    if file is None and not members:
        raise Misused(messages.say("register.nothing-named", language))
    named = {} if file is None else _read(file, language)
    for each in members or ():
        name, value = pair(each, language)
        path = name.split(".")
        if before is not None and path[0] not in named and path[1:]:
            named[path[0]] = before.get(path[0])
        _put(named, path, _value(value))
    return named


def _read(file: Path, language: str) -> Json:
    try:
        is_piped = file == STANDARD_INPUT
        body = json.loads(sys.stdin.read() if is_piped else file.read_text("utf-8"))
    except (OSError, ValueError) as cause:
        said = messages.say("register.no-json", language, file=file, cause=cause)
        raise Misused(said) from cause
    if not isinstance(body, dict):
        said = messages.say("register.no-object", language)
        raise Misused(messages.say("register.no-json", language, file=file, cause=said))
    return body


def pair(text: str, language: str) -> tuple[str, str]:
    """Return name and value of NAME=VALUE.

    Raises:
        Misused: It is of another form.
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise Misused(messages.say("register.no-pair", language, text=text))
    return name, value


def _value(text: str) -> Any:  # Any: whatever JSON there is
    try:
        return json.loads(text)
    except ValueError:
        return text


def _put(body: Json, path: list[str], value: object) -> None:
    *above, last = path
    for name in above:
        inner = body.get(name)
        body[name] = inner = dict(inner) if isinstance(inner, dict) else {}
        body = inner
    body[last] = value
