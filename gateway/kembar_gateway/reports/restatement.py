"""What a newer report of the same period says otherwise, number by number, and why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kembar_gateway.reports.canonical import Json

CAUSES: Final = (
    "method", "factor", "row", "definition", "baseline", "target", "disruption", "coverage",
    "family", "appeared", "ended", "unexplained",
)  # fmt: skip
"""Why a number changed; a method's name ends in the limits and factors that it uses."""

COMPARED: Final = (
    "value", "state", "n", "expected", "coverage", "months", "months_expected", "baseline",
    "target", "target_year", "progress", "achievement", "numerator", "denominator",
    "undisrupted.value", "undisrupted.state", "trend.wording", "trend.change",
)  # fmt: skip

_OF_FIGURES: Final = frozenset(
    {
        "value", "state", "n", "expected", "coverage", "months", "months_expected", "numerator",
        "denominator", "undisrupted.value", "undisrupted.state",
    }
)  # fmt: skip
_COUNTED: Final = frozenset({"method", "factor", "row", "definition", "coverage"})
_STATED: Final = {
    "baseline": ("baseline",),
    "target": ("target",),
    "target_year": ("target",),
    "progress": ("baseline", "target"),
    "achievement": ("target",),
    "undisrupted.value": ("disruption",),
    "undisrupted.state": ("disruption",),
}
_STATED_BY: Final = (
    ("baseline", "baseline"),
    ("target", "targets"),
    ("target", "period_targets"),
    ("disruption", "disrupted"),
)
_ALIKE: Final = {"combine@1", "combine@2"}
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
            said, says = _member(was, name), _member(now, name)
            if said == says:
                continue
            why = ["appeared"] if was is None else ["ended"] if now is None else None
            if name.startswith("trend."):
                why = why or _of_series(indicator, inputs_before, inputs_after)
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
        possible |= _COUNTED
    if was["state"] != now["state"] and not causes & possible:
        # The same figures suffice now, for the period is over.
        causes, possible = causes | {"coverage"}, possible | {"coverage"}
    return [cause for cause in CAUSES if cause in causes & possible] or ["unexplained"]


def _causes(indicator: str, before: Json, after: Json) -> frozenset[str]:
    """Return everything that differs between what an outcome was computed from."""
    old, new = _definition(before, indicator), _definition(after, indicator)
    causes = {cause for cause, name in _STATED_BY if (old.get(name) or []) != (new.get(name) or [])}
    # The second rule differs from the first by targets of periods and by disruptions alone.
    is_same_rule = {old.get("rule"), new.get("rule")} in ({old.get("rule")}, _ALIKE)
    names = ("unit", "measure", "jurisdictions")
    if not is_same_rule or any(old.get(name) != new.get(name) for name in names):
        causes.add("definition")
    were, are = _figures(before, indicator), _figures(after, indicator)
    for key in {*were, *are}:
        causes |= set(_difference(were.get(key), are.get(key)))
    return frozenset(causes)


def _difference(was: Json | None, now: Json | None) -> Iterator[str]:
    if was is None or now is None:
        yield "row"
        return
    is_other = was["method"] != now["method"]
    if is_other:
        yield "factor" if _base(was["method"]) == _base(now["method"]) else "method"
    # The digest tells of rows; where a service gives none, whatever it counted does.
    counted = () if was["digest"] else ("value", "numerator", "denominator", "n")
    is_entry = "entry" in now
    if _rows(was) != _rows(now) or any(was.get(name) != now.get(name) for name in counted):
        yield "row"
    elif not (is_entry and is_other):
        names = ("numerator", "denominator") if is_entry else ("coverage", "expected", "state")
        # Of an entry that is the same, a later look may know more.
        if any(was.get(name) != now.get(name) for name in names):
            yield "coverage"


def _rows(member: Json) -> str:
    """Return the digest of what was measured or entered, without method and coverage."""
    whole, _, rows = str(member["digest"]).partition(".")
    return rows or whole


def _base(method: str) -> str:
    """Return a method's name without the limits, factors and settings behind it."""
    return re.split(r"[+;]", method, maxsplit=1)[0]


def _member(outcome: Json | None, name: str) -> Any:  # Any: a number, a word or nothing
    """Return a member of an outcome, or of what is left of it without disruptions."""
    found: Any = outcome
    for part in name.split("."):
        found = None if found is None else found.get(part)
    return found


def _of_series(indicator: str, before: Json, after: Json) -> list[str]:
    """Return why something else is said of a trend: its own periods, or the others' tests."""
    old, new = _series(before, indicator), _series(after, indicator)
    causes = set()
    for period in {*old, *new}:
        was, now = old.get(period), new.get(period)
        if was is not None and now is not None and was["method"] != now["method"]:
            causes.add("factor" if _base(was["method"]) == _base(now["method"]) else "method")
        elif was is None or now is None or was["value"] != now["value"]:
            causes.add("row")
    return [cause for cause in CAUSES if cause in causes] or ["family"]


def _series(inputs: Json, indicator: str) -> dict[str, Json]:
    found = (s["points"] for s in inputs.get("series", ()) if s["indicator"] == indicator)
    return {point["period"]: point for point in next(found, ())}


def _definition(inputs: Json, indicator: str) -> Mapping[str, Any]:
    found = (d for d in inputs["definitions"] if d["indicator"] == indicator)
    return next(found, {})


def _figures(inputs: Json, indicator: str) -> dict[tuple[str, str], Json]:
    figures: Sequence[Json] = inputs["figures"]
    found = {(f["jurisdiction"], f["period"]): f for f in figures if f["indicator"] == indicator}
    terms = [term for term in inputs.get("terms", ()) if term["indicator"] == indicator]
    return found | {("", term["entry"]): term for term in terms}
