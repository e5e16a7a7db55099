"""Rules that need more than one entry: what is named exists, no circle, every scope is told of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kembar_gateway.register.agreements import Agreement
from kembar_gateway.register.evaluations import Evaluation
from kembar_gateway.register.judging import Indicator
from kembar_gateway.register.parties import Party
from kembar_gateway.register.programmes import Programme
from kembar_gateway.register.references import known_codes, references
from kembar_gateway.wire import Period

if TYPE_CHECKING:
    from kembar_gateway.register.book import Entered, Register
    from kembar_gateway.register.parts import Part


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at a place of an entry; `code` names the sentence that says it."""

    place: str
    code: str
    params: Mapping[str, object] = field(default_factory=dict)


def faults_of(entered: Entered, register: Register) -> Iterator[Fault]:
    """Yield what is wrong with an entry beside the current ones of its own cooperation.

    Whatever another cooperation has is as unknown here as what nobody has.
    """
    part, cooperation = entered.part, entered.cooperation
    own = set(known_codes(entered.kind, part))
    for place, kind, code in references(part):
        if (kind, code) not in own and not register.knows(cooperation, kind, code):
            yield Fault(place, "unknown-reference", {"kind": kind, "code": code})
    if isinstance(part, Party):
        above = {p.code: p.part_of for p in register.of(cooperation, "parties", Party)}
        if _is_circle(above | {part.code: part.part_of}, part.code):
            yield Fault("part_of", "circle")
    if isinstance(part, Programme):
        above = {p.code: p.parent for p in register.of(cooperation, "programmes", Programme)}
        if _is_circle(above | {part.code: part.parent}, part.code):
            yield Fault("parent", "circle")
    if isinstance(part, Agreement):
        yield from _of_renewal(part, register.of(cooperation, "agreements", Agreement))
    yield from _of_indicator(part)
    yield from _lost_items(entered, register)


def _of_indicator(indicator: Part) -> Iterator[Fault]:
    """Find what older indicators may lack or have, and new ones may not."""
    if not isinstance(indicator, Indicator):
        return
    if indicator.is_emission and indicator.emits is None:
        yield Fault("emission_group", "emission-ungrouped")
    seen: set[Period] = set()
    for number, year in enumerate(indicator.targets):
        period = Period.of_year(year.year)
        if period in seen:
            yield Fault(f"targets.{number}.year", "target-twice")
        seen.add(period)
    for number, target in enumerate(indicator.period_targets):
        try:
            period = Period.parse(target.period)
        except ValueError:
            yield Fault(f"period_targets.{number}.period", "no-period")
            continue
        if period in seen:
            yield Fault(f"period_targets.{number}.period", "target-twice")
        seen.add(period)


def _is_circle(above: Mapping[str, str | None], code: str) -> bool:
    seen, upper = {code}, above.get(code)
    while upper is not None and upper not in seen:
        seen.add(upper)
        upper = above.get(upper)
    return upper is not None


def _of_renewal(agreement: Agreement, others: list[Agreement]) -> Iterator[Fault]:
    """Find scopes that a renewal leaves out, names twice or invents."""
    if not agreement.renewal:
        return
    if agreement.replaces == agreement.code:
        yield Fault("replaces", "circle")
    before = next((o for o in others if o.code == agreement.replaces), None)
    sides = (
        (before.scopes if before else (), [c for r in agreement.renewal for c in r.before]),
        (agreement.scopes, [r.after for r in agreement.renewal if r.after is not None]),
    )
    for scopes, told in sides:
        counted = Counter(told)
        for scope in scopes:
            if counted.pop(scope.code, 0) != 1:
                yield Fault("renewal", "scope-not-told-once", {"scope": scope.code})
        for code in counted:
            yield Fault("renewal", "unknown-reference", {"kind": "scopes", "code": code})


def _lost_items(entered: Entered, register: Register) -> Iterator[Fault]:
    """Find scopes and findings that a change would take away from who points at them."""
    if not isinstance(entered.part, Agreement | Evaluation):
        return
    items = set(known_codes(entered.kind, entered.part))
    kind = "scopes" if entered.kind == "agreements" else "findings"
    for other in register.entries:
        is_itself = (other.kind, other.code) == (entered.kind, entered.code)
        if other.cooperation != entered.cooperation or is_itself:
            continue
        for _, named_kind, code in references(other.part):
            is_ours = named_kind == kind and code.startswith(f"{entered.code}/")
            if is_ours and (kind, code) not in items:
                yield Fault(kind, "still-named", {"code": code.partition("/")[2]})
                return
