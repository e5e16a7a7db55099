"""The words of the kembar command in English, Indonesian and Japanese."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Final

LANGUAGES: Final = ("en", "id", "ja")


def language_of(locale: str | None) -> str:
    """Return the language of a *locale* such as `id_ID.UTF-8` or `ja`; English for all others."""
    language = (locale or "")[:2].lower()
    return language if language in LANGUAGES else "en"


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Return every message by its key (`up.ready`), in each language."""
    text = resources.files("kembar_client").joinpath("messages.toml").read_text("utf-8")
    return {
        f"{section}.{name}": message["text"]
        for section, messages in tomllib.loads(text).items()
        for name, message in messages.items()
    }


def say(key: str, language: str, **values: object) -> str:
    """Return the message *key* in *language* with *values* put in."""
    return catalogue()[key][language].format(**values)
