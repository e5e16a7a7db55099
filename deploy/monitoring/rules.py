"""Write deploy/prometheus/rules.yml: `python -m deploy.monitoring.rules`.

What is judged by a law has its limit from the table that the services judge by; an operator who
amends that table (`STANDARDS_FILE`) gives the air service's file here with `--standards`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deploy.monitoring import environment, platform
from deploy.monitoring.kinds import Alert, Recording, Rule
from kembar_air import standards

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kembar_shared.measurement.standards import Standards

FILE: Final = Path(__file__).parents[1] / "prometheus" / "rules.yml"
MANUAL: Final = "docs/operations.md"
HEAD: Final = "# Written by deploy/monitoring/rules.py from the catalogues; do not edit.\n"


def groups(judged_by: Standards) -> dict[str, list[Rule]]:
    """Return every rule by group."""
    return {
        "kembar-recordings": list(platform.recordings()),
        "kembar-environment": [
            *environment.indices(),
            *environment.exceeded(judged_by.limits),
            *environment.late(),
        ],
        "kembar-cooperation": [*environment.cooperation(), *environment.outcomes()],
        "kembar-platform": [*platform.uploads(), *platform.storage(), *platform.process()],
    }


def render(judged_by: Standards) -> str:
    """Return the file of rules, as YAML."""
    lines = [HEAD, "groups:\n"]
    for name, rules in groups(judged_by).items():
        lines += [f"  - name: {name}\n", "    rules:\n"]
        for rule in rules:
            lines += _recording(rule) if isinstance(rule, Recording) else _alert(rule)
    return "".join(lines)


def _recording(rule: Recording) -> Iterator[str]:
    yield f"      - record: {rule.name}\n"
    yield f"        expr: {_text(rule.expr)}\n"


def _alert(rule: Alert) -> Iterator[str]:
    yield f"      - alert: {rule.name}\n"
    yield f"        expr: {_text(rule.expr)}\n"
    yield f"        for: {rule.wait}\n"
    yield "        labels:\n"
    for name, value in {"severity": rule.severity, **rule.labels}.items():
        yield f"          {name}: {_text(value)}\n"
    yield "        annotations:\n"
    yield f"          summary: {_text(rule.summary)}\n"
    yield f"          runbook_url: {_text(f'{MANUAL}#{rule.name.lower()}')}\n"


def _text(value: str) -> str:
    """Write a text as YAML reads it: JSON's strings are YAML's."""
    return json.dumps(value, ensure_ascii=False)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--standards", type=Path, help="the operator's TOML file of the air service"
    )
    parser.add_argument("--out", type=Path, default=FILE)
    asked = parser.parse_args()
    judged_by = standards.build()
    if asked.standards:
        judged_by = judged_by.overridden(asked.standards.read_text("utf-8"))
    asked.out.write_text(render(judged_by), "utf-8")


if __name__ == "__main__":
    main()
