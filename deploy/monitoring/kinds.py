"""A rule of Prometheus, as it is written down."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Alert:
    """One alerting rule.

    Attributes:
        name: Its runbook is the section of that name.
        expr: PromQL.
        summary: One sentence for the person who is woken; may use `$labels` and `$value`.
        severity: `info`, `warning` or `critical`.
        wait: How long it has to hold.
        labels: Further labels.
    """

    name: str
    expr: str
    summary: str
    severity: str = "warning"
    wait: str = "0m"
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording rule."""

    name: str
    expr: str


Rule = Alert | Recording
