"""Codes fixed by standards or by the contract: quality flags, states, origins, qualifiers."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Flag(IntEnum):
    """Quality flag of one measurement (QARTOD; IOOS QARTOD Project Plan, 2017)."""

    GOOD = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


COUNTED_FLAGS = (Flag.GOOD, Flag.NOT_EVALUATED)
"""Flags whose measurements enter statistics; SUSPECT is shown, FAIL is hidden but kept."""


class State(StrEnum):
    """What a figure's value can be relied on for; only OK and PROVISIONAL carry a number."""

    OK = "ok"
    PROVISIONAL = "provisional"
    BELOW_LIMIT = "below_limit"
    ABOVE_LIMIT = "above_limit"
    INSUFFICIENT = "insufficient"
    NO_DATA = "no_data"
    NOT_YET_DUE = "not_yet_due"
    SUSPENDED = "suspended"
    CANNOT_ASSESS = "cannot_assess"


class Origin(StrEnum):
    """Where a station's measurements come from; figures inherit the least real of their inputs."""

    REAL = "real"
    STAND_IN = "stand-in"
    SYNTHETIC = "synthetic"


class Qualifier(StrEnum):
    """A value known only to lie below or above a limit of the method."""

    BELOW = "<"
    ABOVE = ">"


class Grain(StrEnum):
    """The length of the local calendar period a rollup stands for."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
