"""Agreements in words: their points, what became of each, what a renewal made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kembar_gateway.reckoning import realisation
from kembar_gateway.telling.cells import NOTHING, Cell, Part, Teller

if TYPE_CHECKING:
    from kembar_gateway.reckoning.realisation import ScopeRow
    from kembar_gateway.register.agreements import Agreement, ScopeChange


def of_agreements(teller: Teller) -> Iterator[Part]:
    """Say of each agreement what became of its points, and what a renewal made of them."""
    for agreement in teller.agreements:
        rows = realisation.by_scope([agreement], teller.commitments)
        yield Part(
            f"agreement-{agreement.code}",
            teller.text(agreement),
            list(_about(teller, agreement, rows)),
            [teller.say(f"col-{name}") for name in ("scope", "became", "delivered")],
            [_scope(teller, agreement, row) for row in rows],
            teller.say("no-scopes"),
        )
        if agreement.renewal:
            yield Part(
                f"renewal-{agreement.code}",
                teller.say("renewal"),
                columns=[teller.say(f"col-{name}") for name in ("before", "change", "after")],
                rows=[_change(teller, agreement, change) for change in agreement.renewal],
            )


def _about(teller: Teller, agreement: Agreement, rows: Sequence[ScopeRow]) -> Iterator[Cell]:
    said = [teller.say(f"agreement-{agreement.state}")]
    if agreement.signed_on is not None:
        said.append(teller.say("signed-on", on=agreement.signed_on))
    if agreement.offered_by is not None:
        said.append(teller.say("offered-by", party=teller.parties[agreement.offered_by]))
    yield Cell(" · ".join(said))
    realised, evidenced = realisation.scopes_realised(rows)
    if realised.denominator:
        yield teller.ratio("realised-of", realised, "realisation")
        yield teller.ratio("evidenced-of", evidenced, "realisation")


def _scope(teller: Teller, agreement: Agreement, row: ScopeRow) -> list[Cell]:
    (scope,) = (scope for scope in agreement.scopes if scope.code == row.scope)
    became = "evidenced" if row.is_evidenced else "claimed" if row.is_realised else "not"
    note = "" if row.named else teller.say("unnamed")
    query = {"scope": f"{agreement.code}/{row.scope}"}
    return [
        Cell(scope.names.say(teller.speech.language), note=note),
        Cell(teller.say(f"became-{became}")),
        teller.ratio("of", row.tally.realised, "commitments", **query),
    ]


def _change(teller: Teller, agreement: Agreement, change: ScopeChange) -> list[Cell]:
    before = next((a for a in teller.agreements if a.code == agreement.replaces), None)
    names = {
        scope.code: scope.names.say(teller.speech.language)
        for scope in (before.scopes if before else ())
    }
    now = {scope.code: scope.names.say(teller.speech.language) for scope in agreement.scopes}
    note = "" if change.note is None else change.note.say(teller.speech.language)
    return [
        Cell(" / ".join(names.get(code, code) for code in change.before) or NOTHING),
        Cell(teller.say(f"change-{change.change}"), note=note),
        Cell(now.get(change.after or "", NOTHING)),
    ]
