"""What kinds of activities there were: how many only shared knowledge, how many had vendors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import fsum

from kembar_gateway.reckoning.values import Ratio, Value, known, ratio, unknown
from kembar_gateway.register.activities import IMPLEMENTATION, SOFT, Activity
from kembar_gateway.wire import State


@dataclass(frozen=True, slots=True)
class Composition:
    """Counts of activities that were begun, and shares of them.

    Attributes:
        total: Activities with an actual date that were not cancelled.
        planned: Activities that are only planned.
        kinds: How many of each kind were begun.
        soft: Share that shared knowledge or made plans.
        implementation: Share that changed or measured something in the field.
        vendor_linked: Share with a declared vendor, of those of which anything was declared.
        person_days: Of all participants, where every activity of people states them.
    """

    total: int
    planned: int
    kinds: Mapping[str, int]
    soft: Ratio
    implementation: Ratio
    vendor_linked: Ratio
    person_days: Value


def composition(activities: Iterable[Activity]) -> Composition:
    """Count *activities* by what they were."""
    standing = [a for a in activities if a.halt is None or a.halt.state != "cancelled"]
    begun = [activity for activity in standing if is_begun(activity)]
    declared = [a.vendor_interest for a in begun if a.vendor_interest is not None]
    return Composition(
        total=len(begun),
        planned=len(standing) - len(begun),
        kinds=dict(Counter(activity.kind for activity in begun)),
        soft=ratio(sum(a.kind in SOFT for a in begun), len(begun)),
        implementation=ratio(sum(a.kind in IMPLEMENTATION for a in begun), len(begun)),
        vendor_linked=ratio(sum(d.declared == "vendor" for d in declared), len(declared)),
        person_days=_person_days([a for a in begun if a.kind == "training"]),
    )


def is_begun(activity: Activity) -> bool:
    """Say whether any source says that it took place, or began to."""
    return any(each.event != "planned_start" and each.event != "planned_end"
               for each in activity.dates)  # fmt: skip


def _person_days(trainings: list[Activity]) -> Value:
    """Add up the person-days of trainings; one of which nobody stated them leaves no sum."""
    if not trainings:
        return unknown("person_days", State.NO_DATA)
    stated = [each.person_days for training in trainings for each in training.participants]
    is_complete = all(training.participants for training in trainings)
    if not is_complete or any(days is None for days in stated):
        return unknown("person_days", State.CANNOT_ASSESS, "participants-unstated")
    return known(fsum(days for days in stated if days is not None), "person_days")
