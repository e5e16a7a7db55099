"""What a definition states, baseline and targets, and how near a value comes to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kembar_client.periods import months_of

if TYPE_CHECKING:
    from kembar_client.canonical import Json
    from kembar_client.periods import Months

LATER: Final = ("target_period", "findings")
"""Members that outcomes of the first rule do not have."""


def stated(definition: Json, value: float | None, period: Months) -> Json:
    """Return the members of an outcome that are stated, and those that compare with them."""
    baseline, target = definition["baseline"], _target(definition, period)
    return {
        "baseline": baseline and baseline["value"],
        "baseline_year": baseline and baseline["year"],
        "target": target and target["value"],
        "target_year": target and target["year"],
        "target_period": target and target["period"],
        "progress": _progress(value, baseline, target),
        "achievement": _achievement(value, target),
        "findings": _findings(baseline, target),
    }


def _target(definition: Json, period: Months) -> Json | None:
    """Return what was stated for the period itself, else the first year's from its last one on."""
    last = (period[1] - 1) // 12
    for each in definition.get("period_targets", ()):
        if months_of(each["period"]) == period:
            return {**each, "year": last}
    if definition["measure"] == "total" and period[1] - period[0] != 12:
        return None
    ahead = [target for target in definition["targets"] if target["year"] >= last]
    first = min(ahead, key=lambda target: float(target["year"]), default=None)
    return first and {**first, "period": f"{int(first['year']):04}"}


def _progress(value: float | None, baseline: Json | None, target: Json | None) -> float | None:
    if value is None or baseline is None or target is None or target["value"] == baseline["value"]:
        return None
    done: float = (value - baseline["value"]) / (target["value"] - baseline["value"])
    return done


def _achievement(value: float | None, target: Json | None) -> float | None:
    if value is None or target is None or not target["value"]:
        return None
    reached: float = value / target["value"]
    return reached


def _findings(baseline: Json | None, target: Json | None) -> list[str]:
    found = [] if target is not None else ["no-target"]
    if baseline is None:
        return [*found, "no-baseline"]
    is_same = target is not None and target["value"] == baseline["value"]
    return [*found, "baseline-is-target"] if is_same else found
