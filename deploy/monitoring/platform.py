"""Rules about the processes, what is sent to them and what they store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from deploy.monitoring.kinds import Alert, Recording

if TYPE_CHECKING:
    from collections.abc import Iterator

_SLOW_S: Final = 1


def recordings() -> Iterator[Recording]:
    """Yield what alerts and dashboards share."""
    count, bucket = (f"kembar_http_request_duration_seconds_{name}" for name in ("count", "bucket"))
    yield Recording(
        "instance_route_status:kembar_http_requests:rate5m",
        f"sum by (instance, route, status) (rate({count}[5m]))",
    )
    yield Recording(
        "instance:kembar_http_request_duration_seconds:p95_5m",
        f"histogram_quantile(0.95, sum by (instance, le) (rate({bucket}[5m])))",
    )
    for window in ("15m", "1d"):
        rows = f"sum by (service) (increase(kembar_upload_rows_total[{window}]))"
        refused = rows.replace("_total[", '_total{result="rejected"}[')
        yield Recording(
            f"service:kembar_upload_rejected:ratio{window}", f"{refused} / ({rows} > 0)"
        )
    yield Recording(
        "cooperation_indicator:kembar_outcome_age_seconds:max",
        "time() - min by (cooperation, indicator) (kembar_outcome_computed_timestamp_seconds)",
    )


def uploads() -> Iterator[Alert]:
    """Yield alerts of what is sent, refused and passed on."""
    ratio = "service:kembar_upload_rejected:ratio"
    yield Alert(
        "KembarUploadRejectionsRising",
        f"{ratio}15m > 0.1 and {ratio}15m > 2 * {ratio}1d "
        "and sum by (service) (increase(kembar_upload_rows_total[15m])) >= 20",
        "{{ $value | humanizePercentage }} of the rows sent to {{ $labels.service }} are refused",
        wait="5m",
    )
    yield Alert(
        "KembarTokenFailures",
        "sum by (instance, kind) (increase(kembar_token_failures_total[5m])) > 30",
        "{{ $value | printf `%.0f` }} proofs of identity were refused by {{ $labels.instance }} "
        "within five minutes ({{ $labels.kind }})",
        wait="5m",
    )
    yield Alert(
        "KembarAuditTrailShrank",
        "kembar_audit_entries < kembar_audit_entries offset 5m",
        "The audit trail of {{ $labels.instance }} has fewer entries than five minutes ago",
        "critical",
    )
    failed, delivered = (
        f'sum by (instance) (increase(kembar_webhook_attempts_total{{result="{result}"}}[30m]))'
        for result in ("failed", "delivered")
    )
    yield Alert(
        "KembarWebhooksFailing",
        f"{failed} > 0 unless {delivered} > 0",
        "No webhook of {{ $labels.instance }} has been delivered for half an hour",
        wait="5m",
    )


def storage() -> Iterator[Alert]:
    """Yield alerts of database, disk, queues and timed work."""
    yield Alert(
        "KembarDatabaseDown",
        "kembar_database_up == 0",
        "The database of {{ $labels.instance }} does not answer",
        "critical",
        "1m",
    )
    used, most = (f'kembar_database_connections{{state="{s}"}}' for s in ("in_use", "most"))
    yield Alert(
        "KembarDatabaseBusy",
        f"{used} / ignoring (state) {most} > 0.9",
        "{{ $value | humanizePercentage }} of the connections of {{ $labels.instance }} are taken",
        wait="5m",
    )
    free, size = "kembar_disk_free_bytes", "kembar_disk_size_bytes"
    yield Alert(
        "KembarDiskFull",
        f"{free} / {size} < 0.1 or predict_linear({free}[6h], 2 * 86400) < 0",
        "The disk of {{ $labels.instance }} is full, or will be within two days",
        wait="15m",
    )
    yield Alert(
        "KembarQueueLong",
        "kembar_posts_waiting > 200",
        "{{ $value }} small uploads wait to be stored by {{ $labels.instance }}",
        wait="5m",
    )
    yield Alert(
        "KembarComputationBehind",
        "kembar_computation_behind_events > 0",
        "{{ $labels.what }} of {{ $labels.instance }} lack {{ $value }} events",
        wait="10m",
    )
    yield Alert(
        "KembarTaskFailing",
        'sum by (instance, task) (increase(kembar_jobs_total{result="failed"}[30m])) > 0 '
        'unless sum by (instance, task) (increase(kembar_jobs_total{result="done"}[30m])) > 0',
        "{{ $labels.task }} of {{ $labels.instance }} has only failed for half an hour",
        wait="5m",
    )
    newest = "kembar_backup_timestamp_seconds"
    yield Alert(
        "KembarBackupOld",
        f"time() - {newest} > 2 * 86400",
        "{{ $labels.instance }} has had no verified backup for two days",
        "critical",
        "1h",
    )
    yield Alert(
        "KembarOtherRules",
        "kembar_rules_in_force == 0",
        "{{ $labels.instance }} computes nothing: other rules of {{ $labels.of }} are in force",
        wait="15m",
    )


def process() -> Iterator[Alert]:
    """Yield alerts of processes that are down, failing or slow."""
    rate = "instance_route_status:kembar_http_requests:rate5m"
    yield Alert(
        "KembarProcessDown",
        'up{job="kembar"} == 0',
        "{{ $labels.instance }} does not answer scrapes",
        "critical",
        "2m",
    )
    yield Alert(
        "KembarErrors",
        f'sum by (instance) ({rate}{{status=~"5.."}}) / sum by (instance) ({rate}) > 0.01',
        "{{ $value | humanizePercentage }} of the requests to {{ $labels.instance }} fail",
        wait="5m",
    )
    yield Alert(
        "KembarSlow",
        f"instance:kembar_http_request_duration_seconds:p95_5m > {_SLOW_S}",
        "One request in twenty to {{ $labels.instance }} takes longer than "
        "{{ $value | humanizeDuration }}",
        wait="15m",
    )
