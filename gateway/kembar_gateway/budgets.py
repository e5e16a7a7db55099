"""Route of the budget: what is needed, committed, disbursed and spent, in two currencies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from kembar_gateway import asking
from kembar_gateway.asking import CooperationQuery
from kembar_gateway.reckoning import budget
from kembar_gateway.register.parts import Text
from kembar_gateway.register.resources import BudgetLine, ExchangeRate
from kembar_gateway.registers import RegisterDep
from kembar_shared.chassis import caching
from kembar_shared.chassis.auth import CallerDep, Router, needs
from kembar_shared.chassis.pages import Page

router = Router(tags=["overviews"])

Rates = Mapping[str, ExchangeRate]


class BudgetRow(BaseModel):
    """One line of the budget in its own currency; null where nobody said how much."""

    code: str
    names: Text
    currency: str
    needed: int | None
    committed: int | None
    disbursed: int | None
    spent: int | None
    scopes: list[str]
    rate: str | None


class RateShown(BaseModel):
    """An exchange rate that a line names."""

    code: str
    on: str
    idr_per_jpy: float
    sources: list[dict[str, Any]]  # Any: sources as the register shows them


class ScopeBudget(BaseModel):
    """The lines of one scope, added up; a line of two scopes counts in each."""

    scope: str
    own: list[budget.Sums]
    together: list[budget.Sums]


class BudgetShown(Page[BudgetRow]):
    """The lines, their sums by currency, and all of them in either currency by dated rates."""

    cooperation: str
    scopes: list[ScopeBudget]
    own: list[budget.Sums]
    together: list[budget.Sums]
    rates: list[RateShown]


@router.get("/v1/budget", response_model=BudgetShown)
@needs("outcomes:read")
def show_budget(
    request: Request,
    register: RegisterDep,
    caller: CallerDep,
    cooperation: CooperationQuery = None,
) -> Response:
    """Show what is needed, committed, disbursed and spent, in rupiah and in yen."""
    code = asking.only(register, caller, cooperation)
    lines = register.of(code, "budget-lines", BudgetLine)
    rates = {rate.code: rate for rate in register.of(code, "exchange-rates", ExchangeRate)}
    shown = BudgetShown(
        cooperation=code,
        own=_own(lines),
        together=_together(lines, rates),
        scopes=list(_by_scope(lines, rates)),
        rates=[
            RateShown(
                code=rate.code,
                on=rate.on,
                idr_per_jpy=rate.idr_per_jpy,
                sources=[source.model_dump() for source in rate.sources],
            )
            for rate in rates.values()
            if any(line.rate == rate.code for line in lines)
        ],
        items=[
            BudgetRow(
                code=line.code,
                names=line.names,
                currency=line.currency,
                scopes=list(line.scopes),
                rate=line.rate,
                **{column: budget.amount(line, column) for column in budget.COLUMNS},
            )
            for line in lines
            if line.state != "cancelled"
        ],
        next=None,
    )
    return caching.json_response(request, shown)


def _own(lines: Sequence[BudgetLine]) -> list[budget.Sums]:
    return [budget.own(lines, currency) for currency in budget.CURRENCIES]


def _together(lines: Sequence[BudgetLine], rates: Rates) -> list[budget.Sums]:
    return [budget.together(lines, rates, currency) for currency in budget.CURRENCIES]


def _by_scope(lines: Sequence[BudgetLine], rates: Rates) -> Iterator[ScopeBudget]:
    for scope in dict.fromkeys(scope for line in lines for scope in line.scopes):
        own = [line for line in lines if scope in line.scopes]
        yield ScopeBudget(scope=scope, own=_own(own), together=_together(own, rates))
