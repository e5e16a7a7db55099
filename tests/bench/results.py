"""What was measured, beside what, and what was to be reached."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

Of = Literal["ratio", "rate", "value"]
TIMES: Final = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True)
class Goal:
    """A number to reach.

    Attributes:
        of: The median itself, its ratio to what ran beside it, or rows a second.
        bound: The number.
        is_most: Whether it is an upper bound.
    """

    of: Of
    bound: float
    is_most: bool = True

    def __str__(self) -> str:
        sign = "≤" if self.is_most else "≥"
        unit = {"ratio": f" {TIMES}", "rate": " rows/s", "value": ""}[self.of]
        return f"{sign} {_plain(self.bound)}{unit}"


@dataclass(frozen=True)
class Result:
    """One case on one database: a number per round.

    Attributes:
        what: The case, in words.
        database: `postgresql`, `sqlite` or nothing.
        unit: Of the samples.
        samples: One number per round.
        rows: Rows worked on, where a rate is of interest.
        beside: The floor's numbers, one per round, taken in turn with the samples.
        floor: What the floor was.
        goals: What is to be reached; empty where nothing was promised.
        load: The machine's load average when the case ended.
    """

    what: str
    database: str
    unit: str
    samples: Sequence[float]
    rows: int = 0
    beside: Sequence[float] = ()
    floor: str = ""
    goals: Sequence[Goal] = ()
    load: float = field(default_factory=lambda: round(os.getloadavg()[0], 1))

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def ratio(self) -> float | None:
        """Median to the floor's median."""
        return self.median / statistics.median(self.beside) if self.beside else None

    @property
    def rate(self) -> float | None:
        """Rows a second."""
        return self.rows / self.median if self.rows else None

    def of(self, goal: Goal) -> float:
        """Return the number that *goal* is about."""
        number = {"ratio": self.ratio, "rate": self.rate, "value": self.median}[goal.of]
        assert number is not None, f"{self.what}: nothing to compare {goal} with"
        return number

    def reaches(self, goal: Goal) -> bool:
        """Say whether *goal* is reached."""
        number = self.of(goal)
        return number <= goal.bound if goal.is_most else number >= goal.bound

    @property
    def is_reached(self) -> bool | None:
        """Whether every goal is reached; None where there is none."""
        return all(map(self.reaches, self.goals)) if self.goals else None


@dataclass(frozen=True)
class Run:
    """Everything that one command measured."""

    at: str
    machine: dict[str, Any]
    options: dict[str, Any]
    results: list[Result]

    def as_json(self) -> dict[str, Any]:
        """Return what the file of results holds."""
        return {**asdict(self), "results": [asdict(each) for each in self.results]}

    @classmethod
    def of_json(cls, kept: dict[str, Any]) -> Run:
        """Return what `as_json` wrote."""
        results = [
            Result(**{**each, "goals": [Goal(**goal) for goal in each["goals"]]})
            for each in kept["results"]
        ]
        return cls(**{**kept, "results": results})


def now() -> str:
    """Return the minute, in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def machine(postgresql: str) -> dict[str, Any]:
    """Return what the numbers depend on."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    git = ["git", "describe", "--always", "--dirty"]
    version = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gib": round(memory),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "postgresql": postgresql,
        "kembar": version,
    }


def percentile(numbers: Sequence[float], share: float) -> float:
    """Return the number that *share* of *numbers* do not exceed."""
    ordered = sorted(numbers)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def shown(number: float | None) -> str:
    """Return a number with three digits that mean something."""
    if number is None:
        return ""
    if abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.3g}" if abs(number) < 100 else f"{number:.0f}"


def _plain(number: float) -> str:
    return f"{number:,.10g}"
