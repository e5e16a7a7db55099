"""What the page of the register is made of, and how a register is put into words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from kembar_gateway.register.activities import Activity, Commitment
from kembar_gateway.register.agreements import Agreement
from kembar_gateway.register.evaluations import Evaluation
from kembar_gateway.register.parties import Party

if TYPE_CHECKING:
    from datetime import date

    from kembar_gateway.reckoning.values import Ratio, Value
    from kembar_gateway.register.book import Register
    from kembar_gateway.register.parts import Entry
    from kembar_gateway.speech import Speech

NOTHING: Final = "\N{EN DASH}"
"""What stands where a row has nothing to say."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Words; a number leads to its JSON."""

    text: str
    href: str = ""
    note: str = ""
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Lines of words and a table, or what is said where the table has no row."""

    code: str
    title: str = ""
    lines: Sequence[Cell] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Cell]] = ()
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page under its own heading."""

    code: str
    title: str
    parts: Sequence[Part]


class Teller:
    """Says what the register holds of one cooperation on a day, in one language."""

    def __init__(self, register: Register, cooperation: str, speech: Speech, today: date) -> None:
        self.register, self.cooperation = register, cooperation
        self.speech, self.today = speech, today
        self.agreements = register.of(cooperation, "agreements", Agreement)
        self.commitments = register.of(cooperation, "commitments", Commitment)
        self.activities = register.of(cooperation, "activities", Activity)
        self.evaluations = register.of(cooperation, "evaluations", Evaluation)
        parties = register.of(cooperation, "parties", Party)
        self.parties = {party.code: party.names.say(speech.language) for party in parties}

    def section(self, code: str, parts: Sequence[Part]) -> Section:
        """Return a section with its heading."""
        return Section(code, self.say(code), parts)

    def say(self, key: str, **params: object) -> str:
        """Return a message of this page."""
        return self.speech.say(f"register.{key}", **params)

    def text(self, entry: Entry) -> str:
        """Return an entry's name."""
        return entry.names.say(self.speech.language)

    def json(self, view: str, **query: str) -> str:
        """Return the address of what programs are answered."""
        return f"/v1/{view}?{urlencode({'cooperation': self.cooperation} | query)}"

    def number(self, value: float, view: str, **query: str) -> Cell:
        """Say a number that is known."""
        return Cell(self.speech.amount(value), self.json(view, **query), is_number=True)

    def ratio(self, key: str, ratio: Ratio, view: str, **query: str) -> Cell:
        """Say how many of how many."""
        text = self.say(key, n=ratio.numerator, m=ratio.denominator)
        if not ratio.denominator:
            text = self.say("none-entered")
        return Cell(text, self.json(view, **query), is_number=True)

    def value(self, value: Value, view: str, *, percent: bool = False) -> Cell:
        """Say a number, or why there is none; a state never becomes a number."""
        if value.value is None:
            why = f"why-{value.reason}" if value.reason else f"state-{value.state.value}"
            return Cell(self.say(why), self.json(view))
        speech = self.speech
        said = speech.percent(value.value) if percent else speech.amount(value.value)
        note = self.say(f"why-{value.reason}") if value.reason else ""
        return Cell(said, self.json(view), note, is_number=True)
