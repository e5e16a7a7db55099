"""What the platform team's dashboard shows."""

from __future__ import annotations

from typing import Final

from deploy.monitoring.boards import Board, Kind, Panel, Row, Steps, Variable

_UP: Final[Steps] = ((None, "red"), (1, "green"))


def board() -> Board:
    """Return the dashboard; those who read it read English."""
    return Board(
        "platform",
        ("Kembar: platform",) * 3,
        (Variable("instance", ("Process",) * 3, 'label_values(up{job="kembar"}, instance)'),),
        (_requests(), _work(), _storage(), _processes()),
        languages=("en",),
        period="now-6h",
    )


def _panel(
    title: str,
    expr: str,
    kind: Kind = "line",
    legend: str = "{{instance}}",
    unit: str = "none",
    *,
    steps: Steps = (),
    exemplar: bool = False,
) -> Panel:
    return Panel((title,) * 3, expr, kind, legend, unit, steps, exemplar)


def _requests() -> Row:
    rate = 'instance_route_status:kembar_http_requests:rate5m{instance=~"$instance"}'
    bucket = "kembar_http_request_duration_seconds_bucket"
    return Row(
        ("Requests",) * 3,
        (
            _panel("Processes", 'up{job="kembar"}', "number", steps=_UP),
            _panel("Requests by status", f"sum by (status) ({rate})", "line", "{{status}}",
                   "reqps"),
            _panel("One in twenty takes longer than",
                   "instance:kembar_http_request_duration_seconds:p95_5m"
                   '{instance=~"$instance"}', "line", "{{instance}}", "s"),
            _panel("Slowest routes: 95 % are faster than",
                   "topk(10, histogram_quantile(0.95, sum by (le, route) "
                   f'(rate({bucket}{{instance=~"$instance"}}[5m]))))', "line", "{{route}}", "s",
                   exemplar=True),
            _panel("Refused proofs of identity",
                   "sum by (kind) (increase(kembar_token_failures_total"
                   '{instance=~"$instance"}[5m]))', "line", "{{kind}}"),
            _panel("Requests that were refused or failed",
                   'sum by (route, status) (instance_route_status:kembar_http_requests:rate5m'
                   '{instance=~"$instance", status=~"4..|5.."})', "line", "{{route}} {{status}}",
                   "reqps"),
        ),
    )  # fmt: skip


def _work() -> Row:
    return Row(
        ("What is received and computed",) * 3,
        (
            _panel("Rows a second", "sum by (service, result) (rate(kembar_upload_rows_total[5m]))",
                   "line", "{{service}}: {{result}}"),
            _panel("Share of refused rows", "service:kembar_upload_rejected:ratio15m", "line",
                   "{{service}}", "percentunit"),
            _panel("Small uploads that wait", "kembar_posts_waiting"),
            _panel("Events not computed with", "kembar_computation_behind_events", "line",
                   "{{instance}} {{what}}"),
            _panel("Timed work", "sum by (task, result) (increase(kembar_jobs_total[1h]))", "line",
                   "{{task}}: {{result}}"),
            _panel("Since timed work was done",
                   "time() - max by (instance, task) (kembar_job_last_success_timestamp_seconds)",
                   "line", "{{instance}} {{task}}", "s"),
            _panel("Pulls in an hour",
                   "sum by (service, result) (increase(kembar_pulls_total[1h]))", "line",
                   "{{service}}: {{result}}"),
            _panel("Webhooks in an hour",
                   "sum by (result) (increase(kembar_webhook_attempts_total[1h]))", "line",
                   "{{result}}"),
        ),
    )  # fmt: skip


def _storage() -> Row:
    return Row(
        ("Database and disk",) * 3,
        (
            _panel("Databases that answer", "kembar_database_up", "number", steps=_UP),
            _panel("Connections", 'kembar_database_connections{instance=~"$instance"}', "line",
                   "{{instance}} {{state}}"),
            _panel("Size of the databases", "kembar_database_size_bytes", "line", "{{instance}}",
                   "bytes"),
            _panel("Free share of the disk", "kembar_disk_free_bytes / kembar_disk_size_bytes",
                   "line", "{{instance}}", "percentunit"),
            _panel("Entries of the audit trails", "kembar_audit_entries"),
        ),
    )  # fmt: skip


def _processes() -> Row:
    return Row(
        ("Processes",) * 3,
        (
            _panel("Memory", 'process_resident_memory_bytes{job="kembar"}', "line", "{{instance}}",
                   "bytes"),
            _panel("Processor", 'rate(process_cpu_seconds_total{job="kembar"}[5m])', "line",
                   "{{instance}}", "percentunit"),
            _panel("Open files", 'process_open_fds{job="kembar"}'),
            _panel("Duration of a scrape", 'scrape_duration_seconds{job="kembar"}', "line",
                   "{{instance}}", "s"),
            _panel("Samples of a scrape", 'scrape_samples_scraped{job="kembar"}'),
        ),
    )  # fmt: skip
