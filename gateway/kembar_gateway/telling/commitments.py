"""Commitments in words: how far they came, how long it took, what is only a plan or late."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from kembar_gateway.reckoning import realisation
from kembar_gateway.reckoning.deadlines import overdue
from kembar_gateway.reckoning.stages import stages_of
from kembar_gateway.register.activities import STEPS
from kembar_gateway.telling.cells import NOTHING, Cell, Part, Teller

if TYPE_CHECKING:
    from kembar_gateway.reckoning.deadlines import Overdue
    from kembar_gateway.reckoning.stages import Stage
    from kembar_gateway.register.parts import Entry

PLAN_MONTHS: Final = 12
SILENT_MONTHS: Final = 12


def steps(teller: Teller) -> Part:
    """Say how many commitments came how far, what stands where, and how long it took."""
    tally = realisation.tally(teller.commitments)
    stages = stages_of(teller.commitments, today=teller.today)
    after = {stage.after: stage for stage in stages}
    waiting = {stage.before: stage.waiting for stage in stages}
    rows = [
        [
            Cell(teller.say(f"step-{step}")),
            teller.number(tally.funnel[step], "realisation"),
            teller.number(waiting.get(step, tally.funnel[step]), "realisation"),
            _duration(teller, after.get(step)),
        ]
        for step in STEPS
    ]
    rows += [
        [
            Cell(teller.say(f"step-{end}")),
            teller.number(count, "realisation"),
            Cell(NOTHING),
            Cell(NOTHING),
        ]
        for end, count in (("suspended", tally.suspended), ("cancelled", tally.cancelled))
    ]
    lines = [
        teller.ratio("delivered-of", tally.realised, "realisation"),
        teller.ratio("delivered-evidenced", tally.evidenced, "realisation"),
    ]
    columns = [teller.say(f"col-{name}") for name in ("step", "reached", "standing", "duration")]
    return Part("funnel", "", lines, columns, rows)


def _duration(teller: Teller, stage: Stage | None) -> Cell:
    if stage is None:
        return Cell(NOTHING)
    least, most = stage.median_least_days, stage.median_most_days
    if least is None or most is None:
        return Cell(teller.say("days-unknown"))
    low, high = teller.speech.amount(least), teller.speech.amount(most)
    text = low if low == high else teller.say("days-between", least=low, most=high)
    note = teller.say("days-of", n=teller.speech.amount(stage.n))
    return Cell(text, teller.json("realisation"), note, is_number=True)


def plans(teller: Teller) -> Part:
    """Say what has been only a plan for long."""
    plans = realisation.plan_only(teller.commitments, today=teller.today, months=PLAN_MONTHS)
    query = {"older_than_months": str(PLAN_MONTHS)}
    rows = [
        [
            Cell(teller.text(plan), teller.json(f"commitments/{plan.code}")),
            Cell(plan.steps[0].on),
            teller.number(months, "realisation", **query),
        ]
        for plan, months in plans
    ]
    columns = [teller.say(f"col-{name}") for name in ("commitment", "since", "months")]
    title = teller.say("plans", months=PLAN_MONTHS)
    return Part("plans", title, (), columns, rows, teller.say("no-plans"))


def late(teller: Teller) -> Part:
    """Say what should have happened by today."""
    found = overdue(
        teller.evaluations,
        teller.commitments,
        teller.activities,
        today=teller.today,
        plan_months=PLAN_MONTHS,
        silent_months=SILENT_MONTHS,
    )
    # What is only a plan has a table of its own.
    late = [each for each in found if each.reason != "only-a-plan"]
    rows = [
        [
            Cell(_named(teller, each), note=teller.say(f"reason-{each.reason}")),
            Cell(teller.speech.day(each.due_on)),
            teller.number(each.days, "overdue"),
        ]
        for each in late
    ]
    columns = [teller.say(f"col-{name}") for name in ("what", "due", "days")]
    return Part("late", "", (), columns, rows, teller.say("no-overdue"))


def _named(teller: Teller, late: Overdue) -> str:
    """Return the name of what is late, of a recommendation its words."""
    entry, _, item = late.code.partition("/")
    language = teller.speech.language
    if late.what == "recommendation":
        told = {
            f"{evaluation.code}/{each.code}": each.text
            for evaluation in teller.evaluations
            for each in evaluation.recommendations
        }
        return told[f"{entry}/{item}"].say(language)
    entries: dict[str, Sequence[Entry]] = {
        "evaluation": teller.evaluations,
        "commitment": teller.commitments,
        "activity": teller.activities,
    }
    return next(each.names for each in entries[late.what] if each.code == entry).say(language)
