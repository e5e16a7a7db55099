"""Words for people beside the codes of a judgement, in the caller's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kembar_shared.chassis.messages import Messages

KINDS: Final = ("state", "verdict", "category", "reason", "test")
"""Members whose codes have words."""


def worded(item: Mapping[str, Any], messages: Messages, language: str) -> dict[str, Any]:
    """Return *item* with `words`: what its codes mean, by the member's name.

    Args:
        item: Of an answer; a member that is null, or whose code has no words, has none.
        messages: Hold them as `word.KIND.CODE`.
        language: One of `messages.LANGUAGES`.
    """
    keys = {kind: f"word.{kind}.{item[kind]}" for kind in KINDS if kind in item}
    words = {kind: messages.say(key, language) for kind, key in keys.items() if key in messages}
    return {**item, "words": words}
