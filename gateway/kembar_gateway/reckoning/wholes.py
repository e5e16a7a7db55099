"""A programme with all that is part of it, everything once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from kembar_gateway.reckoning.realisation import within
from kembar_gateway.register.programmes import Programme


@dataclass(frozen=True, slots=True)
class Branch:
    """A programme in a hierarchy; `depth` is 0 for the one at the top."""

    programme: Programme
    depth: int


@dataclass(frozen=True, slots=True)
class Link:
    """What programmes are linked to: stations by a glob, or an indicator.

    Attributes:
        code: The glob or the code.
        named_by: The programmes that name it.
        inside: Another glob that names the same stations; what is inside one counts with it.
    """

    code: str
    named_by: tuple[str, ...]
    inside: str | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """A programme with its parts, in the order of the hierarchy."""

    branches: tuple[Branch, ...]
    stations: tuple[Link, ...]
    indicators: tuple[Link, ...]

    @property
    def codes(self) -> set[str]:
        """Its own code and those of its parts."""
        return {branch.programme.code for branch in self.branches}


def whole_of(programmes: Sequence[Programme], code: str) -> Whole:
    """Return the programme *code* with all that is part of it, however far below.

    What several of them name is one link that says who names it.
    """
    inside = within(programmes, code)
    by_parent: dict[str | None, list[Programme]] = {}
    for programme in programmes:
        if programme.code in inside:
            by_parent.setdefault(programme.parent, []).append(programme)
    top = next(programme for programme in programmes if programme.code == code)
    branches = tuple(_branches(top, by_parent, 0))
    stations = _named({b.programme.code: b.programme.stations for b in branches})
    return Whole(
        branches,
        tuple(Link(glob, by, _wider(glob, stations)) for glob, by in stations.items()),
        tuple(
            Link(each, by)
            for each, by in _named(
                {b.programme.code: b.programme.indicators for b in branches}
            ).items()
        ),
    )


def _branches(
    programme: Programme, by_parent: Mapping[str | None, list[Programme]], depth: int
) -> list[Branch]:
    found = [Branch(programme, depth)]
    for part in by_parent.get(programme.code, ()):
        found += _branches(part, by_parent, depth + 1)
    return found


def _named(links: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for programme, several in links.items():
        for each in dict.fromkeys(several):
            found.setdefault(each, []).append(programme)
    return {each: tuple(by) for each, by in found.items()}


def _wider(glob: str, others: Mapping[str, object]) -> str | None:
    """Return another glob that takes in every station that *glob* does, where that is sure.

    Of two that take in the same, the first stands for both.
    """
    order = list(others)
    for other in order:
        if other == glob or not _takes_in(other, glob):
            continue
        if not _takes_in(glob, other) or order.index(other) < order.index(glob):
            return other
    return None


def _takes_in(wider: str, glob: str) -> bool:
    """Say whether whatever *glob* matches *wider* does too; with brackets that is never said."""
    if "[" in wider + glob:
        return False
    # A sign that no code has stands for any: only `*` and `?` of the wider one let it through.
    any_sign = glob.replace("?", "\x00")
    return all(
        fnmatchcase(any_sign.replace("*", several), wider) for several in ("", "\x00\x00\x00")
    )
