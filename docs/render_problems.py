"""Write docs/problems.md from the Problem classes of all packages and what they say.

Run it from the root: .venv/bin/python docs/render_problems.py
"""

from __future__ import annotations

import importlib
import pkgutil
from importlib import resources
from pathlib import Path

from kembar_shared.chassis.messages import Messages
from kembar_shared.chassis.problems import Problem

PACKAGES = (
    "kembar_shared.chassis",
    "kembar_shared.measurement",
    "kembar_waste",
    "kembar_water",
    "kembar_air",
    "kembar_gateway",
)
PAGE = Path(__file__).parent / "problems.md"
HEAD = """\
# Problems

Every refusal is `application/problem+json` (RFC 9457) with the type `urn:kembar:problem:` and one
of these names; names and statuses never change, sentences may. `docs/render_problems.py` writes
this page from the code.

| name | status | title | meaning |
|---|---|---|---|
"""


def problem_classes() -> list[type[Problem]]:
    """Import every module of every package and return the problems that have a name."""
    for package in PACKAGES:
        parent = importlib.import_module(package)
        for module in pkgutil.walk_packages(parent.__path__, f"{package}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found, unseen = set(), [Problem]
    while unseen:
        derived = unseen.pop().__subclasses__()
        unseen += derived
        found |= {each for each in derived if each.__module__.split(".")[0].startswith("kembar_")}
    return sorted(found, key=lambda each: (each.status, each.slug))


def messages() -> Messages:
    """Return the messages of every package that has some."""
    return Messages.of(*(each for each in PACKAGES if _speaks(each)))


def render() -> str:
    """Return the page."""
    said = messages()
    rows = [
        f"| `{each.slug}` | {each.status} | {said.say(f'problem.{each.slug}.title', 'en')} "
        f"| {(each.__doc__ or '').splitlines()[0]} |"
        for each in problem_classes()
    ]
    return HEAD + "\n".join(rows) + "\n"


def _speaks(package: str) -> bool:
    return resources.files(package).joinpath("messages.toml").is_file()


if __name__ == "__main__":
    PAGE.write_text(render(), "utf-8")
