"""What passes between the parties, in words: recommendations, money, help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kembar_gateway.reckoning import budget
from kembar_gateway.reckoning.assistance import assistance
from kembar_gateway.register.resources import BudgetLine, Contribution
from kembar_gateway.telling.cells import Cell, Part, Teller

if TYPE_CHECKING:
    from kembar_gateway.reckoning.assistance import Balance
    from kembar_gateway.register.evaluations import Evaluation, Recommendation

UNITS: Final = frozenset({"person_days", "items", "kg", "IDR", "JPY", "unstated"})
"""Units that have words; any other is shown as it was entered."""


def recommendations(teller: Teller) -> Part:
    """Say what was recommended and is not settled."""
    rows = [
        _recommendation(teller, evaluation, each)
        for evaluation in teller.evaluations
        if evaluation.state != "cancelled"
        for each in evaluation.recommendations
        if not each.is_settled
    ]
    columns = [teller.say(f"col-{name}") for name in ("recommendation", "addressed", "state")]
    return Part("open", "", (), columns, rows, teller.say("no-recommendations"))


def _recommendation(teller: Teller, evaluation: Evaluation, each: Recommendation) -> list[Cell]:
    due = teller.say("no-due") if each.due is None else teller.say("due", on=each.due)
    whom = ", ".join(teller.parties[code] for code in each.addressed_to)
    return [
        Cell(each.text.say(teller.speech.language), note=teller.text(evaluation)),
        Cell(whom or teller.say("to-nobody")),
        Cell(
            teller.say(f"recommendation-{each.state}"),
            teller.json(f"evaluations/{evaluation.code}"),
            due,
        ),
    ]


def money(teller: Teller) -> Part:
    """Say what is needed, promised and spent, by currency."""
    lines = teller.register.of(teller.cooperation, "budget-lines", BudgetLine)
    sums = [budget.own(lines, currency) for currency in budget.CURRENCIES]
    rows = [
        [
            Cell(teller.say(f"money-{column}")),
            *(teller.value(s.columns[column], "budget") for s in sums),
        ]
        for column in budget.COLUMNS
    ]
    rows.append([Cell(teller.say("money-gap")), *(teller.value(s.gap, "budget") for s in sums)])
    rows.append(
        [Cell(teller.say("money-absorption")),
         *(teller.value(s.absorption, "budget", percent=True) for s in sums)]
    )  # fmt: skip
    columns = [teller.say("col-sum"), *(teller.say(f"money-{c}") for c in budget.CURRENCIES)]
    return Part("sums", "", [Cell(teller.say("money-lines"))], columns, rows)


def help_given(teller: Teller) -> Part:
    """Say who gave whom how much of what kind of help."""
    sides = teller.register.cooperations[teller.cooperation].parties[:2]
    if len(sides) < 2:
        return Part("balance", empty=teller.say("no-sides"))
    found = assistance(
        teller.register.of(teller.cooperation, "contributions", Contribution),
        (sides[0], sides[1]),
        lambda party: teller.register.side_of(teller.cooperation, party),
    )
    gave = [teller.say("gave", party=teller.parties[side]) for side in sides]
    columns = [teller.say("col-help"), *gave, teller.say("col-more")]
    rows = [_balance(teller, balance) for balance in found.balances]
    return Part("balance", "", [Cell(teller.say("help-lines"))], columns, rows)


def _balance(teller: Teller, balance: Balance) -> list[Cell]:
    if balance.dominant is not None:
        share = teller.value(balance.dominance, "assistance", percent=True)
        more = Cell(teller.parties[balance.dominant], share.href, share.text)
    elif balance.balance.value == 0:
        more = Cell(teller.say("more-equal"), teller.json("assistance"))
    else:
        more = teller.value(balance.balance, "assistance")
    given = [teller.value(each, "assistance") for each in balance.given]
    unit = teller.say(f"unit-{balance.unit}") if balance.unit in UNITS else balance.unit
    return [Cell(teller.say(f"help-{balance.kind}"), note=unit), *given, more]
