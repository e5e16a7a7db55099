"""The register of the cooperations: the shape of each kind of entry, and what is looked up in it.

parts          what every kind is made of: words, sources, facts, dates, evidence, references
dates          how certain a date is
parties, agreements, programmes, activities, commitments, resources, judging, evaluations,
interventions
the kinds themselves
kinds          the table of kinds: address, shape, filters
references     what an entry points at
checks         rules that need more than one entry
book           all entries at one moment, looked up
profile        the file that a first start fills the register from
"""

from __future__ import annotations

from kembar_gateway.register.book import Entered, Register
from kembar_gateway.register.profile import ProfileRejected, load

__all__ = ["Entered", "ProfileRejected", "Register", "load"]
