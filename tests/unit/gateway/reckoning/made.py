"""Entries in their shapes, made from a few words."""

from __future__ import annotations

from kembar_gateway.register.activities import Activity, Commitment
from kembar_gateway.register.agreements import Agreement
from kembar_gateway.register.evaluations import Evaluation
from kembar_gateway.register.programmes import Programme
from kembar_gateway.register.resources import BudgetLine, Contribution, ExchangeRate

WORDS = {"en": "Words"}


def fact(**members):
    return {"sources": [{"title": "Minutes"}], "status": "published"} | members


def evidenced(**members):
    return fact(status="evidenced", evidence=[{"title": "t", "sha256": "0" * 64}]) | members


def entry(code, **members):
    return fact(code=code, cooperation="c", names=WORDS) | members


def step(name, on="2024", **members):
    is_shown = name in {"evidenced", "effect_shown"}
    shown = {"indicator": "water.x"} if name == "effect_shown" else {}
    return (evidenced if is_shown else fact)(step=name, on=on) | shown | members


def commitment(code, *steps, **members):
    taken = [step(each) if isinstance(each, str) else each for each in steps]
    return Commitment.model_validate(entry(code, steps=taken) | members)


def agreement(code, *scopes):
    shaped = [fact(code=scope, names=WORDS) for scope in scopes]
    return Agreement.model_validate(entry(code, kind="memorandum", scopes=shaped))


def programme(code, parent=None, **members):
    return Programme.model_validate(entry(code, parent=parent) | members)


def contribution(code, giver, receiver, quantity, **members):
    usual = {"kind": "technical", "unit": "person_days", "quantity": quantity}
    shaped = entry(code, giver=giver, receiver=receiver) | usual | members
    return Contribution.model_validate(shaped)


def line(code, currency, *, rate=None, **columns):
    stated = {name: [fact(amount=value, on="2024")] for name, value in columns.items()}
    return BudgetLine.model_validate(entry(code, currency=currency, rate=rate) | stated)


def exchange_rate(code, idr_per_jpy):
    shaped = fact(code=code, cooperation="c", on="2024-06-03", idr_per_jpy=idr_per_jpy)
    return ExchangeRate.model_validate(shaped)


def activity(code, kind, *dates, **members):
    shaped = [fact(event=event, on=on) for event, on in dates]
    return Activity.model_validate(entry(code, kind=kind, dates=shaped) | members)


def evaluation(code, **members):
    return Evaluation.model_validate(entry(code, kind="periodic") | members)
