"""What a newer report of the same period says otherwise, number by number, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kembar_gateway.reports.canonical import Json

CAUSES: Final = (
    "method", "row", "definition", "baseline", "target", "coverage", "appeared", "ended",
    "unexplained",
)  # fmt: skip
"""Why a number changed; a changed limit or factor is a changed method, for it has its name."""

COMPARED: Final = (
    "value", "state", "n", "expected", "coverage", "months", "months_expected", "baseline",
    "target", "target_year", "progress", "achievement",
)  # fmt: skip

_OF_FIGURES: Final = frozenset(
    {"value", "state", "n", "expected", "coverage", "months", "months_expected"}
)
_STATED: Final = {
    "baseline": ("baseline",),
    "target": ("target",),
    "target_year": ("target",),
    "progress": ("baseline", "target"),
    "achievement": ("target",),
}
_DERIVED: Final = frozenset({"progress", "achievement"})


def compare(before: Json, inputs_before: Json, after: Json, inputs_after: Json) -> list[Json]:
    """Return each member of an outcome that changed, with its causes; `after` may lack files.

    Args:
        before: The outcomes by `outcomes`, of the report published before.
        inputs_before: Its inputs.
        after: The same of the newer report.
        inputs_after: Its inputs.
    """
    old = {outcome["indicator"]: outcome for outcome in before["outcomes"]}
    new = {outcome["indicator"]: outcome for outcome in after["outcomes"]}
    changes: list[Json] = []
    for indicator in [*new, *(code for code in old if code not in new)]:
        causes = _causes(indicator, inputs_before, inputs_after)
        was, now = old.get(indicator), new.get(indicator)
        for name in COMPARED:
            said, says = (None if was is None else was[name]), (None if now is None else now[name])
            if said == says:
                continue
            why = ["appeared"] if was is None else ["ended"] if now is None else None
            changes.append(
                {
                    "indicator": indicator,
                    "member": name,
                    "before": said,
                    "after": says,
                    "causes": why or _reasons(name, causes, was or {}, now or {}),
                }
            )
    return changes


def _reasons(name: str, causes: frozenset[str], was: Json, now: Json) -> list[str]:
    """Choose of an outcome's causes those that can have changed the member *name*."""
    possible = set(_STATED.get(name, ()))
    moves = name in _OF_FIGURES or (name in _DERIVED and was["value"] != now["value"])
    if moves:
        possible |= {"method", "row", "definition", "coverage"}
    if was["state"] != now["state"] and not causes & possible:
        # The same figures suffice now, for the period is over.
        causes, possible = causes | {"coverage"}, possible | {"coverage"}
    return [cause for cause in CAUSES if cause in causes & possible] or ["unexplained"]


def _causes(indicator: str, before: Json, after: Json) -> frozenset[str]:
    """Return everything that differs between what an outcome was computed from."""
    old, new = _definition(before, indicator), _definition(after, indicator)
    causes = {
        cause
        for cause, name in (("baseline", "baseline"), ("target", "targets"))
        if old.get(name) != new.get(name)
    }
    if any(old.get(n) != new.get(n) for n in ("rule", "unit", "measure", "jurisdictions")):
        causes.add("definition")
    were, are = _figures(before, indicator), _figures(after, indicator)
    for key in {*were, *are}:
        causes |= set(_difference(were.get(key), are.get(key)))
    return frozenset(causes)


def _difference(was: Json | None, now: Json | None) -> Iterator[str]:
    if was is None or now is None:
        yield "row"
        return
    if was["method"] != now["method"]:
        yield "method"
    # The digest tells of rows; where a service gives none, whatever it counted does.
    counted = ("digest",) if was["digest"] else ("digest", "value", "numerator", "denominator", "n")
    if any(was[name] != now[name] for name in counted):
        yield "row"
    elif any(was[name] != now[name] for name in ("coverage", "expected", "state")):
        yield "coverage"


def _definition(inputs: Json, indicator: str) -> Mapping[str, Any]:
    found = (d for d in inputs["definitions"] if d["indicator"] == indicator)
    return next(found, {})


def _figures(inputs: Json, indicator: str) -> dict[tuple[str, str], Json]:
    figures: Sequence[Json] = inputs["figures"]
    return {(f["jurisdiction"], f["period"]): f for f in figures if f["indicator"] == indicator}
