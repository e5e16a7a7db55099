"""The gateway's messages are complete in every language."""

from __future__ import annotations

import string
import tomllib
from importlib import resources

import pytest

TEXT = (resources.files("kembar_gateway") / "messages.toml").read_text(encoding="utf-8")


def messages(table: dict, prefix: str = "") -> list[tuple[str, dict[str, str]]]:
    if {"en", "id", "ja"} & set(table):
        return [(prefix, table)]
    return [found for name, t in table.items() for found in messages(t, f"{prefix}.{name}")]


@pytest.mark.parametrize(("key", "texts"), messages(tomllib.loads(TEXT)))
def test_each_message_says_the_same_in_every_language(key, texts):
    assert set(texts) == {"en", "id", "ja"}, key
    names = {
        language: {name for _, name, _, _ in string.Formatter().parse(text) if name}
        for language, text in texts.items()
    }
    assert names["id"] == names["en"]
    assert names["ja"] == names["en"]
