"""The table of kinds: each one's address, its shape, and what its list can be filtered by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from kembar_gateway.register.activities import STEPS, Activity, Commitment
from kembar_gateway.register.agreements import Agreement, Decision, FocusArea
from kembar_gateway.register.evaluations import Evaluation
from kembar_gateway.register.interventions import Intervention
from kembar_gateway.register.judging import Disruption, Indicator
from kembar_gateway.register.parties import Cooperation, Party
from kembar_gateway.register.parts import Part
from kembar_gateway.register.programmes import Pilot, Programme
from kembar_gateway.register.resources import BudgetLine, Contribution, ExchangeRate

Body = Mapping[str, Any]  # Any: an entry's members differ from kind to kind
Filter = Callable[[Body], Iterable[object]]


class Filed(Protocol):
    """What every entry has."""

    @property
    def code(self) -> str:
        """Its code, unique among its kind in its cooperation."""

    @property
    def cooperation(self) -> str:
        """The cooperation it belongs to."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of entry.

    Attributes:
        name: Its plural, as in its address and in the store.
        singular: One of it, as in the names of its operations.
        model: Its shape.
        filters: By name, what of an entry is compared with the value asked for.
        derived: What is shown beside its members because it follows from them.
    """

    name: str
    singular: str
    model: type[Part]
    filters: Mapping[str, Filter] = field(default_factory=dict)
    derived: Callable[[Body], dict[str, Any]] = lambda _: {}


def _step(body: Body) -> dict[str, Any]:
    """Return how far a commitment has come, and its last step."""
    taken = [step["step"] for step in body["steps"]]
    return {"reached": next((s for s in reversed(taken) if s in STEPS), None), "step": taken[-1]}


def _success(body: Body) -> dict[str, Any]:
    """Say whether a measured result shows that a pilot worked."""
    outcome = body["outcome"]
    return {"successful": outcome is not None and outcome["verdict"] == "successful"}


def _member(name: str) -> Filter:
    return lambda body: (body.get(name),)


def _members(name: str) -> Filter:
    return lambda body: body.get(name) or ()


def _of_items(list_name: str, name: str) -> Filter:
    return lambda body: {item.get(name) for item in body.get(list_name) or ()}


_KINDS: Final = (
    Kind("cooperations", "cooperation", Cooperation, {"state": _member("state")}),
    Kind("parties", "party", Party, {"kind": _member("kind"), "part_of": _member("part_of")}),
    Kind("agreements", "agreement", Agreement, {"state": _member("state")}),
    Kind("focus-areas", "focus_area", FocusArea, {"agreement": _member("agreement")}),
    Kind(
        "programmes",
        "programme",
        Programme,
        {"focus_area": _member("focus_area"), "parent": _member("parent")},
    ),
    Kind(
        "activities",
        "activity",
        Activity,
        {
            "kind": _member("kind"),
            "programme": _member("programme"),
            "focus_area": _member("focus_area"),
            "scope": _members("scopes"),
        },
    ),
    Kind(
        "commitments",
        "commitment",
        Commitment,
        {
            "programme": _member("programme"),
            "scope": _members("scopes"),
            "party": _members("parties"),
            "reached": lambda body: (_step(body)["reached"],),
        },
        _step,
    ),
    Kind(
        "contributions",
        "contribution",
        Contribution,
        {
            "kind": _member("kind"),
            "giver": _member("giver"),
            "receiver": _member("receiver"),
            "programme": _member("programme"),
        },
    ),
    Kind(
        "budget-lines",
        "budget_line",
        BudgetLine,
        {"programme": _member("programme"), "scope": _members("scopes")},
    ),
    Kind("exchange-rates", "exchange_rate", ExchangeRate, {"on": _member("on")}),
    Kind("pilots", "pilot", Pilot, {"programme": _member("programme")}, _success),
    Kind(
        "indicators",
        "indicator",
        Indicator,
        {"focus_area": _member("focus_area"), "fed_by": _member("fed_by")},
    ),
    Kind("disruptions", "disruption", Disruption, {"kind": _member("kind")}),
    Kind(
        "evaluations",
        "evaluation",
        Evaluation,
        {
            "kind": _member("kind"),
            "evaluator": _member("evaluator"),
            "subject": _members("subjects"),
            "finding_kind": _of_items("findings", "kind"),
        },
    ),
    Kind("decisions", "decision", Decision, {"agreement": _member("agreement")}),
    Kind(
        "interventions",
        "intervention",
        Intervention,
        {
            "indicator": _member("indicator"),
            "programme": _member("programme"),
            "activity": _members("activities"),
        },
    ),
)
KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in _KINDS}
