"""The cooperation's rules, looked up in a checked profile."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, cast
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from pydantic import ValidationError

from kembar_gateway.profile import Cooperation, FocusArea, Indicator, Part, Party, Profile, Text
from kembar_gateway.wire import Figure, Period
from kembar_shared.chassis.verifying import Caller


class ProfileRejected(ValueError):
    """A profile file is unreadable or refers to what it does not hold."""


class Register:
    """A checked profile and what is looked up in it."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        _check_references(profile)

    @cached_property
    def cooperations(self) -> dict[str, Cooperation]:
        """Cooperations by code."""
        return {cooperation.code: cooperation for cooperation in self.profile.cooperations}

    @cached_property
    def parties(self) -> dict[str, Party]:
        """Parties by code."""
        return {party.code: party for party in self.profile.parties}

    @cached_property
    def indicators(self) -> dict[str, Indicator]:
        """Indicators by code."""
        return {indicator.code: indicator for indicator in self.profile.indicators}

    @cached_property
    def published_figures(self) -> list[Figure]:
        """Every figure the register itself feeds."""
        return [f for indicator in self.profile.indicators for f in indicator.published_figures()]

    def joined_by(self, caller: Caller) -> list[Cooperation]:
        """List the cooperations that *caller* may know of."""
        return [
            cooperation
            for cooperation in self.profile.cooperations
            if caller.cooperations is None
            or any(fnmatchcase(cooperation.code, glob) for glob in caller.cooperations)
        ]

    def indicators_of(self, cooperation: str, focus_area: str | None = None) -> list[Indicator]:
        """List the indicators of a cooperation, or of one of its focus areas, in file order."""
        return [
            indicator
            for indicator in self.profile.indicators
            if indicator.cooperation == cooperation and focus_area in (None, indicator.focus_area)
        ]

    def focus_areas_of(self, cooperation: str) -> list[FocusArea]:
        """List the focus areas of a cooperation in file order."""
        return [area for area in self.profile.focus_areas if area.cooperation == cooperation]

    def note(self, code: str | None) -> Text | None:
        """Return a note's words; None for no note."""
        return None if code is None else self.profile.notes[code]

    def this_month(self, cooperation: str, now: datetime) -> Period:
        """Return the month it is at *now* where the cooperation keeps its calendar."""
        zone = ZoneInfo(self.cooperations[cooperation].timezone)
        return Period.of_month(now.astimezone(zone).date())

    def public(self, part: Part) -> dict[str, Any]:  # Any: JSON of whatever the part holds
        """Return a part as JSON-able members with its sources and notes spelled out."""
        return cast("dict[str, Any]", self._spell(part.model_dump(mode="json")))

    def _spell(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._spell(member) for member in value]
        if not isinstance(value, dict):
            return value
        return {name: self._spell_member(name, member) for name, member in value.items()}

    def _spell_member(self, name: str, member: Any) -> Any:
        if name == "sources":
            return [{"code": c, **self.profile.sources[c].model_dump()} for c in member]
        if _KIND_OF.get(name) == "notes" and isinstance(member, str):
            return self.profile.notes[member].model_dump()
        return self._spell(member)


def load(path: Path | None) -> Register:
    """Read the profile at *path*, or the packaged one of Bandung and Kawasaki.

    Raises:
        ProfileRejected: It is not a profile; the message says where.
    """
    try:
        profile = Profile.model_validate(tomllib.loads(_read(path)))
        return Register(profile)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProfileRejected(f"{path}: {error}") from error
    except ValidationError as error:
        places = (
            f"{'.'.join(str(step) for step in found['loc'])}: {found['msg']}"
            for found in error.errors(include_input=False, include_url=False)
        )
        raise ProfileRejected("; ".join(places)) from error


def _read(path: Path | None) -> str:
    if path is not None:
        return path.read_text(encoding="utf-8")
    packaged = resources.files("kembar_gateway") / "profiles" / "bandung-kawasaki.toml"
    return packaged.read_text(encoding="utf-8")


def _check_references(profile: Profile) -> None:
    """Refuse a profile in which a code is given twice or points at nothing."""
    codes = {
        "cooperations": [c.code for c in profile.cooperations],
        "parties": [p.code for p in profile.parties],
        "agreements": [a.code for a in profile.agreements],
        "focus_areas": [f.code for f in profile.focus_areas],
        "programmes": [p.code for p in profile.programmes],
        "indicators": [i.code for i in profile.indicators],
        "sources": list(profile.sources),
        "notes": list(profile.notes),
    }
    for kind, known in codes.items():
        if len(set(known)) != len(known):
            raise ProfileRejected(f"{kind}: a code is given twice")
    for place, kind, code in _references(profile):
        if code not in codes[kind]:
            raise ProfileRejected(f"{place}: {kind} has no {code!r}")


_KIND_OF = {
    "sources": "sources",
    "cooperation": "cooperations",
    "parties": "parties",
    "partners": "parties",
    "owner": "parties",
    "offered_by": "parties",
    "paid_by": "parties",
    "agreement": "agreements",
    "replaces": "agreements",
    "focus_area": "focus_areas",
    "continues_as": "focus_areas",
    "baseline_note": "notes",
    "targets_note": "notes",
    "progress_note": "notes",
    "note": "notes",
}


def _references(part: Part, place: str = "profile") -> Iterator[tuple[str, str, str]]:
    """Yield (place, kind, code) of everything in *part* that points at another entry."""
    for name in type(part).model_fields:
        member = getattr(part, name)
        members: Sequence[object] = member if isinstance(member, tuple) else (member,)
        for one in members:
            if isinstance(one, Part):
                yield from _references(one, f"{place}.{name}")
            elif isinstance(one, str) and name in _KIND_OF:
                yield f"{place}.{name}", _KIND_OF[name], one


async def _register(request: Request) -> Register:
    return cast("Register", request.app.state.register)


RegisterDep = Annotated[Register, Depends(_register)]
