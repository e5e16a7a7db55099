"""Evidence drawn for an audit: the same seed draws the same, whoever draws."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kembar_gateway.register.book import Entered
from kembar_gateway.register.parts import Evidence, Fact, Part
from kembar_gateway.register.references import references


@dataclass(frozen=True, slots=True)
class Chain:
    """Evidence and the fact it is said to show.

    Attributes:
        kind, code: The entry.
        place: Where in the entry the fact stands, as JSON has it; empty for the entry itself.
        evidence: What shows it.
    """

    kind: str
    code: str
    place: str
    fact: Fact
    evidence: Evidence


def chains(entries: Iterable[Entered]) -> Iterator[Chain]:
    """Yield every piece of evidence of *entries* with the fact it belongs to."""
    for entered in entries:
        for place, fact in _facts(entered.part):
            for evidence in fact.evidence:
                yield Chain(entered.kind, entered.code, place, fact, evidence)


def draw(found: Iterable[Chain], *, seed: str, size: int) -> list[Chain]:
    """Draw chains by lot.

    The lot of each is a hash of the seed and of its own name, so that nobody can choose what is
    drawn once the seed is named, and chains entered later do not reorder the others.

    Args:
        found: All there are.
        seed: Whatever the overseer names.
        size: How many to draw at most.
    """

    def lot(chain: Chain) -> bytes:
        name = "\n".join((seed, chain.kind, chain.code, chain.place, chain.evidence.sha256))
        return hashlib.sha256(name.encode()).digest()

    return sorted(found, key=lot)[:size]


def _facts(part: Part, place: str = "") -> Iterator[tuple[str, Fact]]:
    if isinstance(part, Fact):
        yield place, part
    for name in type(part).model_fields:
        member = getattr(part, name)
        at = f"{place}.{name}" if place else name
        if isinstance(member, Part):
            yield from _facts(member, at)
        elif isinstance(member, tuple):
            for number, one in enumerate(member):
                if isinstance(one, Part):
                    yield from _facts(one, f"{at}.{number}")


def grounds(chain: Chain, entries: Iterable[Entered]) -> list[tuple[str, str]]:
    """Return what a chain leads up to: kind and code of all that its entry points at, and so on."""
    points = {
        (each.kind, each.code): [(kind, code) for _, kind, code in references(each.part)]
        for each in entries
    }
    found: dict[tuple[str, str], None] = {}
    waiting = list(points.get((chain.kind, chain.code), ()))
    while waiting:
        one = waiting.pop(0)
        if one not in found:
            found[one] = None
            whole = (_WHOLES.get(one[0], one[0]), one[1].partition("/")[0])
            waiting += points.get(whole, ()) if whole[0] not in _ENDS else ()
    return list(found)


_WHOLES = {"scopes": "agreements", "findings": "evaluations"}
_ENDS = frozenset({"parties", "cooperations", "indicators"})
