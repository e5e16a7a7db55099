"""One spelling for each JSON value, so that a signature over it can be checked anywhere.

Source: RFC 8785, JSON Canonicalization Scheme; numbers as ECMAScript 2024, Number::toString.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any, Final

MOST_INTEGER: Final = 2**53 - 1
"""The greatest integer that a double, and so JSON between machines, holds exactly."""

_PLAIN_DIGITS: Final = 21
_LEAST_PLAIN: Final = -6

Json = dict[str, Any]  # Any: members of several types


class Uncanonical(ValueError):
    """A value has no canonical spelling: it is no JSON, or a number that JSON cannot carry."""


def dumps(value: object) -> bytes:
    """Return the canonical spelling of *value* in UTF-8.

    Raises:
        Uncanonical: It holds something else than JSON, an endless number, an integer that is not
            exact as a double, or half a surrogate pair.
    """
    try:
        return "".join(_pieces(value)).encode()
    except UnicodeEncodeError as error:
        raise Uncanonical("half a surrogate pair") from error


def digest_of(value: object) -> str:
    """Return SHA-256 of the canonical spelling, in hexadecimal."""
    return sha256(dumps(value))


def sha256(content: bytes) -> str:
    """Return the digest of *content* as reports spell it."""
    return hashlib.sha256(content).hexdigest()


def spelled_number(value: float) -> str:
    """Return a finite number as ECMAScript writes it.

    Raises:
        Uncanonical: It is not finite, or an integer beyond `MOST_INTEGER`.
    """
    if isinstance(value, int):
        if abs(value) > MOST_INTEGER:
            raise Uncanonical(f"{value} is not exact as a double")
        return str(value)
    if not math.isfinite(value):
        raise Uncanonical(str(value))
    if value == 0:
        return "0"
    # Python and ECMAScript choose the same shortest digits; only the point and exponent differ.
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(digits) - len(fraction) + int(exponent or 0)
    return ("-" if value < 0 else "") + _placed(digits.rstrip("0"), point)


def _placed(digits: str, point: int) -> str:
    """Write 0.*digits* times ten to the power of *point*."""
    count = len(digits)
    if count <= point <= _PLAIN_DIGITS:
        return digits + "0" * (point - count)
    if 0 < point <= _PLAIN_DIGITS:
        return f"{digits[:point]}.{digits[point:]}"
    if _LEAST_PLAIN < point <= 0:
        return f"0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if count > 1 else ""
    return f"{digits[0]}{rest}e{point - 1:+d}"


def _pieces(value: object) -> list[str]:
    if value is None or isinstance(value, bool):
        return ["null" if value is None else str(value).lower()]
    if isinstance(value, str):
        return [json.dumps(value, ensure_ascii=False)]
    if isinstance(value, int | float):
        return [spelled_number(value)]
    if isinstance(value, list | tuple):
        inner = ["".join(_pieces(member)) for member in value]
        return ["[", ",".join(inner), "]"]
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        names = sorted(value, key=_order)
        inner = [f"{json.dumps(n, ensure_ascii=False)}:{''.join(_pieces(value[n]))}" for n in names]
        return ["{", ",".join(inner), "}"]
    raise Uncanonical(type(value).__name__)


def _order(name: str) -> bytes:
    """Return what names are sorted by: their UTF-16 code units."""
    return name.encode("utf-16-be", "surrogatepass")
