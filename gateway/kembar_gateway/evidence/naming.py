"""Which entries of a cooperation name which files, by the digests in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kembar_gateway.register.parts import Evidence, Part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kembar_gateway.register.book import Register


@dataclass(frozen=True, slots=True)
class Named:
    """A file as the register names it.

    Attributes:
        title: What the first entry calls it.
        entries: `kind/code` of all that name it.
    """

    title: str
    entries: tuple[str, ...]


def named_in(register: Register, cooperation: str) -> dict[str, Named]:
    """Return every file that the entries of a cooperation name, by digest in its order."""
    found: dict[str, tuple[str, dict[str, None]]] = {}
    for entered in register.entries:
        if entered.cooperation == cooperation:
            for evidence in _evidence_in(entered.part):
                _, entries = found.setdefault(evidence.sha256, (evidence.title, {}))
                entries[f"{entered.kind}/{entered.code}"] = None
    return {
        digest: Named(title, tuple(entries)) for digest, (title, entries) in sorted(found.items())
    }


def _evidence_in(part: Part) -> Iterator[Evidence]:
    if isinstance(part, Evidence):
        yield part
    for name in type(part).model_fields:
        member = getattr(part, name)
        for one in member if isinstance(member, tuple) else (member,):
            if isinstance(one, Part):
                yield from _evidence_in(one)
