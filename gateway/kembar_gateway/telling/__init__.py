"""The register in words: what was agreed and what became of it, each number with its JSON.

cells        what a page is made of, and whoever fills it
agreements   what was agreed
commitments  how far promises came, and what is late
exchange     recommendations, money, help
"""

from __future__ import annotations

from kembar_gateway.telling.agreements import of_agreements
from kembar_gateway.telling.cells import Section, Teller
from kembar_gateway.telling.commitments import late, plans, steps
from kembar_gateway.telling.exchange import help_given, money, recommendations

__all__ = ["Section", "Teller", "sections_of"]


def sections_of(teller: Teller) -> list[Section]:
    """Return everything that the page shows, in its order."""
    return [
        teller.section("agreements", list(of_agreements(teller))),
        teller.section("steps", [steps(teller), plans(teller)]),
        teller.section("overdue", [late(teller)]),
        teller.section("recommendations", [recommendations(teller)]),
        teller.section("money", [money(teller)]),
        teller.section("help", [help_given(teller)]),
    ]
