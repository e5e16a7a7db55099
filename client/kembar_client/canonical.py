"""JSON read strictly and spelled canonically (RFC 8785), for what is signed is the spelling."""

from __future__ import annotations

import json
import math
from typing import Any, Final

MOST_DEPTH: Final = 60

Json = dict[str, Any]  # an object: members are read by name, unknown ones are kept


class NotCanonical(ValueError):
    """It is no JSON that could have been signed."""


def read(content: bytes) -> Any:  # Any: whatever JSON holds
    """Return what *content* holds; every number is a float, as the spelling takes it.

    Raises:
        NotCanonical: It is no JSON, names a member twice or is nested too deep.
    """
    try:
        return json.loads(
            content.decode(), parse_int=float, parse_constant=_refuse, object_pairs_hook=_members
        )
    except (ValueError, RecursionError) as error:
        raise NotCanonical(str(error)) from error


def dumps(value: Any, depth: int = 0) -> bytes:  # Any: what `read` returns
    """Return the canonical spelling of *value*.

    Raises:
        NotCanonical: It has none.
    """
    if depth > MOST_DEPTH:
        raise NotCanonical("depth")
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        inner = (dumps(name) + b":" + dumps(value[name], depth + 1) for name in names)
        return b"{" + b",".join(inner) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(dumps(member, depth + 1) for member in value) + b"]"
    if isinstance(value, float):
        return _number(value).encode()
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise NotCanonical("text") from error


def _number(value: float) -> str:
    """Return a number as ECMAScript writes it: shortest digits, exponents from 1e21 and 1e-7."""
    if not math.isfinite(value):
        raise NotCanonical("number")
    if value == 0:
        return "0"
    sign, (digits, exponent) = ("-" if value < 0 else ""), _decimal(abs(value))
    count = len(digits)
    point = count + exponent
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if count > 1 else ""
    return f"{sign}{digits[0]}{rest}e{point - 1:+d}"


def _decimal(value: float) -> tuple[str, int]:
    """Return the shortest digits of a positive number and the power of ten they are times of."""
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).rstrip("0")
    power = int(exponent or 0) - len(fraction) + len(whole + fraction) - len(digits)
    return digits.lstrip("0"), power


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotCanonical("a member twice")
    return members


def _refuse(text: str) -> float:
    raise NotCanonical(text)
