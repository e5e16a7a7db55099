"""Sentences for people, in English, Indonesian and Japanese; codes are never translated."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LANGUAGES: Final = ("en", "id", "ja")
FALLBACK: Final = "en"

_RANGE = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]+)?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?")


class Messages:
    """The messages of some packages.

    Attributes:
        texts: Each message in every language, by a dotted key such as `problem.not-found.title`.
    """

    def __init__(self, texts: Mapping[str, Mapping[str, str]]) -> None:
        self.texts: Mapping[str, Mapping[str, str]] = dict(texts)

    @classmethod
    def of(cls, *packages: str) -> Messages:
        """Read `messages.toml` of each of *packages*."""
        texts: dict[str, Mapping[str, str]] = {}
        for package in packages:
            texts.update(_read(package))
        return cls(texts)

    def say(self, key: str, language: str, **params: object) -> str:
        """Return the message *key* in *language*, its `{names}` replaced by *params*.

        Raises:
            KeyError: There is no such message, or one of its names has no value.
        """
        return self.texts[key][language].format(**params)

    def keys(self) -> frozenset[str]:
        """Return the key of every message."""
        return frozenset(self.texts)

    def __contains__(self, key: object) -> bool:
        return key in self.texts


def language_of(accept_language: str | None) -> str:
    """Choose the best of our languages for an `Accept-Language` header; English for all others."""
    best, best_weight = FALLBACK, 0.0
    for text in (accept_language or "")[:1000].split(","):
        match = _RANGE.fullmatch(text)
        if match is None:
            continue
        language, weight = match[1].lower(), float(match[2] or 1)
        if language in LANGUAGES and weight > best_weight:
            best, best_weight = language, weight
    return best


@cache
def _read(package: str) -> Mapping[str, Mapping[str, str]]:
    source = resources.files(package).joinpath("messages.toml").read_text("utf-8")
    return dict(_flatten(tomllib.loads(source)))


def _flatten(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each message of a parsed file; a message is a table of languages."""
    for name, value in table.items():
        if set(value) & set(LANGUAGES):
            yield prefix + name, value
        else:
            yield from _flatten(value, f"{prefix}{name}.")
