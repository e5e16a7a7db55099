"""What a report takes from the register, as plain JSON: the only module that knows its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kembar_gateway.register.activities import Activity
from kembar_gateway.register.agreements import Agreement
from kembar_gateway.register.kinds import KINDS
from kembar_gateway.register.parties import Party
from kembar_gateway.register.programmes import Programme
from kembar_gateway.register.resources import BudgetLine
from kembar_gateway.reports import content

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from kembar_gateway.reckoning.targets import Revision
    from kembar_gateway.register.book import Register
    from kembar_gateway.register.judging import Indicator
    from kembar_gateway.register.parts import Amount, Halt, When
    from kembar_gateway.reports.canonical import Json

TOLD: Final = tuple(kind for kind in KINDS if kind not in {"cooperations", "indicators"})
"""The kinds of entries that a report tells; indicators stand beside their outcomes."""

_CHOSEN: Final = (
    "code", "focus_area", "names", "meaning", "unit", "unit_names", "percent", "digits",
    "direction", "measure", "fed_by", "help", "baseline", "baseline_note", "targets",
    "period_targets", "targets_note", "progress_note", "note",
)  # fmt: skip
_MOVED: Final = ("committed", "disbursed", "spent")


def facts_of(register: Register, cooperation: str, *, today: date) -> Json:
    """Return who cooperates, what was agreed and what is done, each fact with its sources.

    Args:
        register: The register as it is now.
        cooperation: Whose facts.
        today: The day on which the report is made, where the cooperation keeps its calendar.
    """
    own = register.cooperations[cooperation]
    told: Json = {
        kind.replace("-", "_"): [
            part.model_dump(mode="json")
            for part in register.of(cooperation, kind, KINDS[kind].model)
        ]
        for kind in TOLD
    }
    return {"cooperation": own.model_dump(mode="json"), **told} | {
        "iati": _Activities(register, cooperation, today).all()
    }


def indicator_of(indicator: Indicator, revisions: Iterable[Revision] = ()) -> Json:
    """Return what an indicator is called and means, why it lacks what it lacks, and its targets.

    Args:
        indicator: As the register has it now.
        revisions: Every target that it ever had, the oldest first.
    """
    shown = indicator.model_dump(mode="json", include=set(_CHOSEN))
    is_words = indicator.fed_by == "evaluations"
    return {
        **{name: shown[name] for name in _CHOSEN},
        "measure": "qualitative" if is_words else shown["measure"],
        # What was delivered is an output, never an outcome (domain E1).
        "result": "output" if indicator.is_reckoned else "outcome",
        "target_revisions": [
            {
                "period": each.period,
                "value": each.value,
                "former": each.former,
                "since": content.instant(each.changed_at),
                "reason": each.reason,
            }
            for each in revisions
        ],
    }


class _Activities:
    """What is told as activities of IATI: the cooperation, its programmes, its activities."""

    def __init__(self, register: Register, cooperation: str, today: date) -> None:
        self._own, self._today = register.cooperations[cooperation], today
        self._agreements = register.of(cooperation, "agreements", Agreement)
        self._programmes = register.of(cooperation, "programmes", Programme)
        self._activities = register.of(cooperation, "activities", Activity)
        lines = register.of(cooperation, "budget-lines", BudgetLine)
        self._lines = [line for line in lines if line.state != "cancelled"]
        areas = {a for i in register.indicators_of(cooperation) for a in i.jurisdictions}
        parties = register.of(cooperation, "parties", Party)
        self._countries = sorted({party.country for party in parties if party.code in areas})

    def all(self) -> list[Json]:
        """Return all of them, the cooperation first."""
        areas = {programme.code: programme.focus_area for programme in self._programmes}
        return [
            self._whole(),
            *(self._programme(programme) for programme in self._programmes),
            *(self._activity(each, areas) for each in self._activities),
        ]

    def _whole(self) -> Json:
        standing = [a for a in self._agreements if a.state not in {"draft", "cancelled"}]
        signed = min((a.signed_on for a in standing if a.signed_on is not None), default=None)
        start = [] if signed is None else [_date("start", str(signed), actual=True)]
        return self._made(
            self._own.code,
            None,
            self._own,
            texts=[_words(agreement.names) for agreement in standing],
            parties=[[code, "implementing"] for code in self._own.parties],
            dates=start,
            status="closed" if self._own.state == "ended" else "running",
            lines=[line for line in self._lines if line.programme is None],
        )

    def _programme(self, programme: Programme) -> Json:
        start, end = _stated(programme.dates, "start"), _stated(programme.dates, "end")
        dates = []
        if start is not None:
            # A source says that it began; that it ended as planned, none does.
            dates.append(_date("start", start.on, actual=start.span.last <= self._today))
        if end is not None:
            dates.append(_date("end", end.on, actual=False))
        owners = [] if programme.owner is None else [programme.owner]
        parties = [[code, "implementing"] for code in dict.fromkeys((*owners, *programme.partners))]
        if programme.ceiling is not None:
            parties.append([programme.ceiling.paid_by, "funding"])
        status = "running"
        if start is not None and start.span.first > self._today:
            status = "planned"
        elif end is not None and end.span.last < self._today:
            status = "ending"
        return self._made(
            programme.code,
            programme.parent or self._own.code,
            programme,
            focus_area=programme.focus_area,
            texts=[_words(statement.text) for statement in programme.statements],
            parties=parties,
            dates=dates,
            status=_halted(programme.halt, status),
            lines=[line for line in self._lines if line.programme == programme.code],
        )

    def _activity(self, activity: Activity, areas: dict[str, str | None]) -> Json:
        dates = []
        for name in ("planned_start", "actual_start", "planned_end", "actual_end"):
            found, (kind, event) = _stated(activity.dates, name), name.split("_")
            # What is only surely over later is told as planned: nobody can have seen it.
            if found is not None and (kind == "planned" or found.span.last <= self._today):
                dates.append(_date(event, found.on, actual=kind == "actual"))
        ends = {(date["event"], date["actual"]) for date in dates}
        status = "running" if ("start", True) in ends else "planned"
        owners = [] if activity.organiser is None else [activity.organiser]
        area = activity.focus_area or areas.get(activity.programme or "")
        return self._made(
            f"activity-{activity.code}",
            activity.programme or self._own.code,
            activity,
            focus_area=area,
            texts=[] if activity.topic is None else [_words(activity.topic)],
            parties=[
                [code, "implementing"] for code in dict.fromkeys((*owners, *activity.parties))
            ],
            dates=dates,
            status=_halted(activity.halt, "closed" if ("end", True) in ends else status),
            lines=[],
        )

    def _made(
        self,
        code: str,
        parent: str | None,
        entry: Any,  # Any: whatever has names
        *,
        lines: Sequence[BudgetLine],
        focus_area: str | None = None,
        **members: Any,
    ) -> Json:
        return {
            "code": code,
            "parent": parent,
            "focus_area": focus_area,
            "names": _words(entry.names),
            **members,
            "countries": self._countries,
            "budgets": [
                {"value": a.amount, "currency": line.currency, "from": a.on, "to": a.on,
                 "status": "1"}
                for line in lines
                for a in line.needed
                if a.span.first != a.span.last
            ],
            "transactions": [
                {"kind": kind, "value": a.amount, "currency": line.currency, "on": a.on,
                 "payer": a.payer}
                for line in lines
                for kind in _MOVED
                for a in self._past(getattr(line, kind))
            ],
        }  # fmt: skip

    def _past(self, amounts: Iterable[Amount]) -> list[Amount]:
        return [amount for amount in amounts if amount.span.first <= self._today]


def _stated(dates: Iterable[Any], event: str) -> When | None:
    """Return the date of an event; of several, one with evidence or by the parties themselves."""
    order = ("evidenced", "published", "claimed")
    ordered = sorted(dates, key=lambda date: order.index(date.status))
    return next((date for date in ordered if date.event == event), None)


def _date(event: str, on: str, *, actual: bool) -> Json:
    return {"event": event, "on": on, "actual": actual}


def _halted(halt: Halt | None, status: str) -> str:
    return status if halt is None else halt.state


def _words(text: Any) -> Json:  # Any: a text of the register
    """Return the same words in each language, in another where one has none."""
    return {language: text.say(language) for language in ("en", "id", "ja")}
