"""What was agreed: agreements and their scopes, focus areas, decisions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kembar_gateway.register.dates import Day, PartialDate
from kembar_gateway.register.parts import (
    AgreementRef,
    Code,
    Entry,
    Evidence,
    Fact,
    FindingRef,
    FocusAreaRef,
    Many,
    PartyRef,
    ScopeRef,
    Text,
)


class Scope(Fact):
    """One point of an agreement; `named` is false where the source counts but does not name it."""

    code: Code
    names: Text
    named: bool = True
    continues_as: FocusAreaRef | None = None


class ScopeChange(Fact):
    """What a renewal made of scopes of the agreement before: `from` there, `to` here."""

    change: Literal["kept", "merged", "dropped", "new", "unclear"]
    before: Many[Code] = Field(default=(), description="Scopes of the agreement replaced.")
    after: Code | None = Field(default=None, description="A scope of this agreement.")
    note: Text | None = None

    @model_validator(mode="after")
    def _has_the_sides_it_needs(self) -> ScopeChange:
        few, many = len(self.before) == 1, len(self.before) > 1
        fits = {
            "kept": few and self.after is not None,
            "merged": (few or many) and self.after is not None,
            "dropped": (few or many) and self.after is None,
            "unclear": (few or many) and self.after is None and self.note is not None,
            "new": not self.before and self.after is not None,
        }
        if not fits[self.change]:
            raise PydanticCustomError("scope-change-sides", "wrong sides")
        return self


class Agreement(Entry):
    """What the parties signed."""

    kind: Literal["memorandum", "letter_of_intent", "implementation", "other"]
    signed_on: Day | None = None
    ended: PartialDate | None = None
    offered_by: PartyRef | None = None
    accepted_by: PartyRef | None = None
    parties: Many[PartyRef] = ()
    replaces: AgreementRef | None = None
    note: Text | None = None
    state: Literal["draft", "signed", "in_force", "ended", "cancelled"] = "signed"
    document: Evidence | None = None
    scopes: Many[Scope] = ()
    renewal: Many[ScopeChange] = Field(
        default=(), description="What became of each scope of the agreement that it replaces."
    )

    @model_validator(mode="after")
    def _scopes_are_told_apart(self) -> Agreement:
        codes = [scope.code for scope in self.scopes]
        if len(set(codes)) != len(codes):
            raise PydanticCustomError("code-twice", "a code is given twice")
        if self.renewal and self.replaces is None:
            raise PydanticCustomError("renewal-of-nothing", "nothing is replaced")
        return self


class FocusArea(Entry):
    """One of the fields an agreement narrows the cooperation to."""

    agreement: AgreementRef
    state: Literal["active", "ended"] = "active"


class Decision(Entry):
    """What the parties decided after an evaluation, and which scopes it changed."""

    decided_on: PartialDate | None = None
    by: Many[PartyRef] = ()
    findings: Many[FindingRef] = ()
    agreement: AgreementRef | None = Field(
        default=None, description="The agreement that carries the decision out."
    )
    scopes: Many[ScopeRef] = ()
    text: Text
    state: Literal["made", "revoked"] = "made"
