"""Which programme is credited with which waste; no tonne is credited to two of them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

from kembar_shared.chassis.settings import SettingUnfit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

ROUTES: Final = ("recycled", "composted", "reused")

_MEMBERS: Final = ("programme", "station", "route", "material", "from", "to", "share")
_OPTIONAL: Final = ("material", "share")
# Shares such as 0.7 + 0.2 + 0.1 add up to a little more than one in binary.
_ROUNDING: Final = 1e-9


class ClaimsUnfit(SettingUnfit):
    """A file of claims cannot be used; the text says where, why and what to do."""


class ClaimsOverlap(ClaimsUnfit):
    """Claims together take more than there is of one stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one programme claims of what one station recycled, composted or reused.

    Attributes:
        programme: Code of the programme.
        station: Code of the station that reports the mass.
        route: `recycled`, `composted` or `reused`.
        material: Code of the material; empty: of all of them.
        since: First local day.
        until: First local day no longer claimed.
        share: Share of the mass, above 0 and up to 1.
    """

    programme: str
    station: str
    route: str
    material: str
    since: date
    until: date
    share: float

    def __str__(self) -> str:
        """Say whose claim it is, of what and when."""
        material = f" {self.material}" if self.material else ""
        return (
            f"{self.programme!r} ({self.share:g} of the{material} {self.route} at "
            f"{self.station}, {self.since} to {self.until})"
        )


def parse(text: str, *, materials: Collection[str]) -> tuple[Claim, ...]:
    """Read claims from TOML: `[[claim]]` with programme, station, route, material, from, to, share.

    Args:
        text: The file's text.
        materials: Codes that exist.

    Raises:
        ClaimsUnfit: The text cannot be read, or a claim of it not be understood.
        ClaimsOverlap: Claims together take more than there is.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ClaimsUnfit(f"this is no TOML: {error}; write [[claim]] before each claim") from error
    for name in sorted(set(tables) - {"claim"}):
        raise ClaimsUnfit(f"{name}: there is no such table; write [[claim]]")
    entries = tables.get("claim", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ClaimsUnfit("claim: this is one table; write [[claim]], in two brackets")
    claims = tuple(
        _claim(entry, f"claim {number}", materials) for number, entry in enumerate(entries, start=1)
    )
    refuse_overlaps(claims)
    return claims


def refuse_overlaps(claims: Sequence[Claim]) -> None:
    """Refuse claims whose shares of one stream add up to more than one on any day.

    Raises:
        ClaimsOverlap: They do; the text names the claims.
    """
    streams: dict[tuple[str, str], list[tuple[int, Claim]]] = {}
    for number, claim in enumerate(claims, start=1):
        streams.setdefault((claim.station, claim.route), []).append((number, claim))
    for stream in streams.values():
        # Sums of shares only grow on first days: these days are enough.
        for _, opening in stream:
            held = [
                (number, claim)
                for number, claim in stream
                if claim.since <= opening.since < claim.until
                and (claim.material in {"", opening.material} or not opening.material)
            ]
            _refuse_too_much(held, opening.since)


def _refuse_too_much(held: list[tuple[int, Claim]], on: date) -> None:
    """Refuse claims in force on one day that take more than all of any material."""
    for material in {claim.material for _, claim in held}:
        together = [(n, claim) for n, claim in held if claim.material in {"", material}]
        taken = sum(claim.share for _, claim in together)
        if taken <= 1.0 + _ROUNDING:
            continue
        pairs = combinations(together, 2)
        pair = next((p for p in pairs if p[0][1].share + p[1][1].share > 1.0 + _ROUNDING), together)
        named = " and ".join(f"claim {number}, {claim}" for number, claim in pair)
        raise ClaimsOverlap(
            f"{named}: together {taken:g} of the same waste from {on} on; a tonne counts for one "
            "programme only: lower a share, or end one claim where the other begins"
        )


def _claim(entry: Mapping[str, Any], where: str, materials: Collection[str]) -> Claim:
    """Return the claim that one table describes."""
    for name in sorted(set(entry) - set(_MEMBERS)):
        raise ClaimsUnfit(f"{where}: there is no member {name!r}; there are {', '.join(_MEMBERS)}")
    for name in _MEMBERS:
        if name not in entry and name not in _OPTIONAL:
            raise ClaimsUnfit(f"{where}: {name} is missing; {_REMEDIES[name]}")
    claim = Claim(
        programme=_text(entry, "programme", where),
        station=_text(entry, "station", where),
        route=_one_of(entry, "route", where, ROUTES),
        material=_one_of(entry, "material", where, materials) if "material" in entry else "",
        since=_day(entry, "from", where),
        until=_day(entry, "to", where),
        share=_share(entry.get("share", 1.0), where),
    )
    if claim.since >= claim.until:
        raise ClaimsUnfit(
            f"{where}: it ends on {claim.until}, not after {claim.since}; `to` is the first day "
            "that is no longer claimed"
        )
    return claim


_REMEDIES: Final = {
    "programme": 'write programme = "…", the code of the programme',
    "station": 'write station = "…", the code of the station that reports the mass',
    "route": f'write route = "…", one of {", ".join(ROUTES)}',
    "from": "write from = 2025-01-01",
    "to": "write to = 2026-01-01, the first day that is no longer claimed",
}


def _text(entry: Mapping[str, Any], name: str, where: str) -> str:
    value = entry[name]
    if not isinstance(value, str) or not value.strip():
        raise ClaimsUnfit(f"{where}: {name} = {value!r} is no code; {_REMEDIES[name]}")
    return value


def _one_of(entry: Mapping[str, Any], name: str, where: str, codes: Collection[str]) -> str:
    value = entry[name]
    if value not in codes:
        listed = ", ".join(codes)
        raise ClaimsUnfit(f"{where}: {name} = {value!r} is not known; write one of {listed}")
    return str(value)


def _day(entry: Mapping[str, Any], name: str, where: str) -> date:
    value = entry[name]
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ClaimsUnfit(f"{where}: {name} = {value!r} is no day; {_REMEDIES[name]}")
    return value


def _share(value: object, where: str) -> float:
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    share = float(str(value)) if fits else 0.0
    if not 0.0 < share <= 1.0:
        raise ClaimsUnfit(
            f"{where}: share = {value!r} is no share; write a number above 0 and up to 1"
        )
    return share
