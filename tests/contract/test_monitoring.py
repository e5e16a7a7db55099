"""Rules for Prometheus: as the catalogues are, accepted, explained, and each fires and does not."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import promql_parser
import pytest
from ruamel.yaml import YAML

from deploy.monitoring import dashboards, environment, rules
from kembar_air import standards
from kembar_gateway.reckoning.deadlines import REASONS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MANUAL = (ROOT / "docs" / "operations.md").read_text("utf-8")
ALERTS = [
    rule
    for group in rules.groups(standards.build()).values()
    for rule in group
    if isinstance(rule, rules.Alert)
]


def run(*command):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def series(name, **labels):
    return f"{name}{{{','.join(f'{key}={json.dumps(value)}' for key, value in labels.items())}}}"


def index(code, category, value=150):
    of = {"index": code, "station": "S", "jurisdiction": "bandung", "origin": "real"}
    return {
        series("kembar_index", **of, instance="a"): f"{value}x40",
        series("kembar_index_category", **of, category=category, instance="a"): "1x40",
    }


def late(state, at="0"):
    of = {"station": "S", "parameter": "pm25", "material": "", "source": "", "origin": "real"}
    return {
        series("kembar_measurement_latest_state", **of, state=state): "1x40",
        series("kembar_measurement_latest_timestamp_seconds", **of): f"{at}x40",
    }


def overdue(what, reason, count):
    of = {"cooperation": "c", "what": what, "reason": reason}
    return {series("kembar_overdue", **of): f"{count}x90"}


def rejected(share):
    """Half an hour of one refused row in a hundred, then *share* of each hundred a minute."""
    return {
        series("kembar_upload_rows_total", service="air", result="rejected"): (
            f"0+1x30 31+{share}x30"
        ),
        series("kembar_upload_rows_total", service="air", result="inserted"): (
            f"0+99x30 3069+{100 - share}x30"
        ),
    }


def requests(status, per_minute):
    of = {"instance": "a", "route": "/x", "method": "GET"}
    name = "kembar_http_request_duration_seconds_count"
    return {
        series(name, **of, status="200"): "0+100x40",
        series(name, **of, status=status): f"0+{per_minute}x40",
    }


def durations(bound):
    """A hundred requests a minute that take up to *bound* seconds, of buckets of 0.5, 2.5 and 5."""
    name = "kembar_http_request_duration_seconds_bucket"
    return {
        series(name, instance="a", le=le): f"0+{100 if float(le) >= bound else 0}x40"
        for le in ("0.5", "2.5", "5", "+Inf")
    }


def counted(name, **results):
    """A counter that grows by so much a minute, for each result."""
    return {
        series(name, instance="a", task="figures", kind="secret", result=result): f"0+{n}x60"
        for result, n in results.items()
    }


def outcomes(code):
    return {
        series("kembar_figure_state", cooperation="c", figure=alert.labels["indicator"]): "1x40"
        for alert in ALERTS
        if alert.name == "KembarOutcomeMissing" and alert.labels["indicator"] != code
    }


OUTCOME = series("kembar_outcome_computed_timestamp_seconds", cooperation="c", indicator="i")
PLAN = series(
    "kembar_overdue_since_timestamp_seconds", cooperation="c", what="commitment",
    reason="only-a-plan",
)  # fmt: skip
USED, MOST = (
    series("kembar_database_connections", instance="a", state=state) for state in ("in_use", "most")
)
FREE, SIZE = (series(f"kembar_disk_{name}_bytes", instance="a") for name in ("free", "size"))
OTHERS = 'kembar_figure_state{cooperation="",figure="waste.generated"}'

# Name, what fires it, what does not, at which minute.
CASES = (
    ("KembarIndexBad", index("ispu", "tidak_sehat"), index("ispu", "sedang"), 1),
    ("KembarIndexBad", index("ispu", "berbahaya", 400), index("ispu", "baik", 20), 1),
    ("KembarIndexBad", index("pollution_index", "cemar_sedang", 6),
     index("pollution_index", "cemar_ringan", 3), 1),
    ("KembarIndexBad", index("pollution_index", "cemar_berat", 11),
     index("pollution_index", "memenuhi_baku_mutu", 1), 1),
    ("KembarIndexBad", index("storet", "cemar_sedang", -20),
     index("storet", "cemar_ringan", -5), 1),
    ("KembarIndexBad", index("storet", "cemar_berat", -40),
     index("storet", "memenuhi_baku_mutu", 0), 1),
    ("KembarStandardExceeded", index("pollution_index", "cemar_ringan", 3),
     index("pollution_index", "memenuhi_baku_mutu", 1), 1),
    ("KembarDataLate", late("no_data"), late("ok"), 20),
    ("KembarDataLate", late("no_data"), late("no_data", at="-2700000"), 20),
    ("KembarEvaluationOverdue", overdue("evaluation", "not-held", 1),
     overdue("evaluation", "not-held", 0), 70),
    ("KembarEvaluationOverdue", overdue("recommendation", "open", 2),
     overdue("commitment", "not-delivered", 2), 70),
    ("KembarPromiseOverdue", overdue("commitment", "not-delivered", 2),
     overdue("commitment", "only-a-plan", 2), 70),
    ("KembarPromiseOverdue", overdue("activity", "silent", 2),
     overdue("activity", "silent", 0), 70),
    ("KembarPlanOnly", {PLAN: "0x90"}, {PLAN: "9000x90"}, 70),
    ("KembarPullFailing", {'kembar_source_up{service="air"}': "0x40"},
     {'kembar_source_up{service="air"}': "1x40"}, 10),
    ("KembarOutcomeOld", {OUTCOME: "0x40"}, {OUTCOME: "0+60x40"}, 20),
    ("KembarOutcomeMissing", outcomes("waste.generated") | {OTHERS: "1x40"}, outcomes(None), 20),
    ("KembarUploadRejectionsRising", rejected(50), rejected(5), 48),
    ("KembarTokenFailures", counted("kembar_token_failures_total", x=10),
     counted("kembar_token_failures_total", x=5), 20),
    ("KembarAuditTrailShrank", {'kembar_audit_entries{instance="a"}': "9x10 5x10"},
     {'kembar_audit_entries{instance="a"}': "0+1x20"}, 12),
    ("KembarWebhooksFailing", counted("kembar_webhook_attempts_total", failed=1, delivered=0),
     counted("kembar_webhook_attempts_total", failed=1, delivered=1), 50),
    ("KembarDatabaseDown", {'kembar_database_up{instance="a"}': "0x10"},
     {'kembar_database_up{instance="a"}': "1x10"}, 5),
    ("KembarDatabaseBusy", {USED: "19x20", MOST: "20x20"}, {USED: "18x20", MOST: "20x20"}, 10),
    ("KembarDiskFull", {FREE: "9x40", SIZE: "100x40"}, {FREE: "20x40", SIZE: "100x40"}, 30),
    ("KembarDiskFull", {FREE: "900000-400x60", SIZE: "1000000x60"},
     {FREE: "900000-20x60", SIZE: "1000000x60"}, 50),
    ("KembarQueueLong", {'kembar_posts_waiting{instance="a"}': "300x20"},
     {'kembar_posts_waiting{instance="a"}': "20x20"}, 10),
    ("KembarBackupOld", {'kembar_backup_timestamp_seconds{instance="a"}': "0x4000"},
     {'kembar_backup_timestamp_seconds{instance="a"}': "0+60x4000"}, 3000),
    ("KembarOtherRules", {'kembar_rules_in_force{of="judgement"}': "0x40"},
     {'kembar_rules_in_force{of="judgement"}': "1x40"}, 20),
    ("KembarComputationBehind", {'kembar_computation_behind_events{what="figures"}': "2x20"},
     {'kembar_computation_behind_events{what="figures"}': "2x8 0x12"}, 15),
    ("KembarTaskFailing", counted("kembar_jobs_total", failed=1, done=0),
     counted("kembar_jobs_total", failed=1, done=1), 50),
    ("KembarProcessDown", {'up{job="kembar",instance="a"}': "0x10"},
     {'up{job="other",instance="a"}': "0x10"}, 5),
    ("KembarErrors", requests("503", 5), requests("429", 5), 20),
    ("KembarSlow", durations(5), durations(0.5), 30),
)  # fmt: skip


def of_cases():
    """Tests of the cases, each of which asks for its own alert; no two that share a metric."""
    tests: list[dict] = []
    told = [
        (at, alert, given, fires)
        for alert, firing, silent, at in CASES
        for given, fires in ((firing, True), (silent, False))
    ]
    for at, alert, given, fires in sorted(told, key=lambda each: each[0]):
        names = {name.partition("{")[0] for name in given}
        test = next((test for test in tests if not names & test["names"]), None)
        if test is None:
            test = {"names": set(), "interval": "1m", "input_series": [], "promql_expr_test": []}
            tests.append(test)
        test["names"] |= names
        test["input_series"] += [{"series": s, "values": v} for s, v in given.items()]
        firing_now = f'ALERTS{{alertname="{alert}", alertstate="firing"}}'
        found = [{"labels": f'{{alertname="{alert}"}}', "value": 1}] if fires else []
        test["promql_expr_test"].append(
            {
                "expr": f"count by (alertname) ({firing_now})",
                "eval_time": f"{at}m",
                "exp_samples": found,
            }
        )
    return [{key: value for key, value in test.items() if key != "names"} for test in tests]


def of_limits():
    """One test of all limits: of each a station just above it, and one that just keeps it."""
    given, asked = {}, []
    for number, alert in enumerate(ALERTS):
        found = re.search(r"> ([0-9.]+)$", alert.expr)
        if alert.name != "KembarStandardExceeded" or found is None:
            continue
        most = float(found[1])
        for station, value in ((f"above-{number}", most * 1.001), (f"kept-{number}", most)):
            of = {"station": station, "jurisdiction": "b", "origin": "real", "unit": "µg/m³"}
            of |= {name: alert.labels[name] for name in ("parameter", "statistic")}
            given[series("kembar_day_statistic", **of)] = f"{value!r}x3"
        chosen = f'station=~"(above|kept)-{number}", standard="{alert.labels["standard"]}"'
        fires = {"labels": f'{{station="above-{number}"}}', "value": 1}
        asked.append(
            {
                "expr": f'count by (station) (ALERTS{{alertstate="firing", {chosen}}})',
                "eval_time": "1m",
                "exp_samples": [fires],
            }
        )
    return {
        "interval": "1m",
        "input_series": [{"series": s, "values": v} for s, v in given.items()],
        "promql_expr_test": asked,
    }


@pytest.fixture(scope="module")
def promtool(needs):
    needs("promtool")
    return "promtool"


def test_the_rules_are_as_the_catalogues_are():
    text = rules.FILE.read_text("utf-8")

    assert text == rules.render(standards.build()), "run python -m deploy.monitoring.rules"


def test_limits_that_a_day_can_break_are_in_the_rules_as_the_law_has_them():
    rows = standards.build().limits
    judged = {
        (limit.standard, limit.parameter, environment.statistic_of(limit))
        for limit in rows
        if environment.statistic_of(limit)
    }
    alerts = {
        (alert.labels["standard"], alert.labels["parameter"], alert.labels["statistic"]): alert.expr
        for alert in ALERTS
        if alert.name == "KembarStandardExceeded" and "statistic" in alert.labels
    }

    assert alerts.keys() == judged
    assert alerts["pp-22-2021-vii", "pm25", "mean_24h"].endswith("> 55.0")
    assert alerts["pp-22-2021-vii", "o3", "max_8h"].endswith("> 100.0")
    assert alerts["who-2021", "co", "max_8h"].endswith("> 10000.0")
    # 0.1 ppm of sulphur dioxide at 25 °C: 100 · 64.064 / 24.465.
    assert float(alerts["jp-eqs-air", "so2", "max_1h"].rpartition(" ")[2]) == pytest.approx(
        261.86, abs=0.05
    )
    assert not any(key[1:] == ("pm25", "p98") for key in alerts)


def test_promtool_and_amtool_accept_them(promtool, needs):
    needs("amtool")

    run(promtool, "check", "rules", rules.FILE)
    run("amtool", "check-config", DEPLOY / "alertmanager" / "alertmanager.yml")


def test_every_alert_fires_when_it_should_and_only_then(promtool, tmp_path):
    assert {case[0] for case in CASES} == {alert.name for alert in ALERTS}
    tests = [of_limits()]
    assert len(tests[0]["promql_expr_test"]) >= 15
    tests += of_cases()
    # JSON is YAML; one alert as it arrives, with its sentence and the way to its runbook.
    tests.append(
        {
            "interval": "1m",
            "input_series": [
                {"series": s, "values": v} for s, v in index("ispu", "tidak_sehat").items()
            ],
            "alert_rule_test": [
                {
                    "eval_time": "1m",
                    "alertname": "KembarIndexBad",
                    "exp_alerts": [
                        {
                            "exp_labels": {
                                "severity": "warning", "index": "ispu", "station": "S",
                                "jurisdiction": "bandung", "origin": "real",
                                "category": "tidak_sehat",
                            },
                            "exp_annotations": {
                                "summary": "ispu 150 at S: tidak_sehat (real data)",
                                "runbook_url": "docs/operations.md#kembarindexbad",
                            },
                        }
                    ],
                }
            ],
        }
    )  # fmt: skip
    (tmp_path / "rules.yml").write_bytes(rules.FILE.read_bytes())
    written = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests}
    file = tmp_path / "tests.yml"
    file.write_text(json.dumps(written, ensure_ascii=False), "utf-8")

    run(promtool, "test", "rules", file)


def test_each_reason_for_being_overdue_has_an_alert(promtool):
    assert promtool
    listed = " ".join(alert.expr for alert in ALERTS if "kembar_overdue" in alert.expr)

    assert {what for what, _ in REASONS} <= set(re.findall(r"[a-z]+", listed))


def test_every_alert_has_a_runbook():
    headings = {line[4:].strip() for line in MANUAL.splitlines() if line.startswith("### ")}

    assert {alert.name for alert in ALERTS} <= headings
    for alert in ALERTS:
        section = MANUAL.split(f"### {alert.name}\n", 1)[1].partition("\n### ")[0]
        for part in ("**Means.**", "**Look.**", "**Do.**"):
            assert part in section, (alert.name, part)


def test_every_metric_that_a_rule_or_a_panel_names_is_in_the_manual():
    asked = [
        each["expr"]
        for rule in YAML(typ="safe").load(rules.FILE)["groups"]
        for each in rule["rules"]
    ]
    asked += [expr for _, expr in dashboards.expressions()]
    names = {
        name.removesuffix("_bucket").removesuffix("_count")
        for expr in asked
        for name in re.findall(r"(?<!:)\bkembar_\w+", expr)
    }

    assert [name for name in names if f"`{name}`" not in MANUAL] == []


def test_the_dashboards_are_as_they_are_written_and_no_others_lie_there():
    written = dict(dashboards.rendered())

    assert set(dashboards.FOLDER.glob("*/*")) == set(written)
    for file, text in written.items():
        assert file.read_text("utf-8") == text, "run python -m deploy.monitoring.dashboards"
    uids = [json.loads(text)["uid"] for text in written.values()]
    assert len(set(uids)) == len(uids) == 7


def test_every_expression_of_a_dashboard_is_promql():
    asked = list(dashboards.expressions())
    assert len(asked) > 60

    for _, expr in asked:
        promql_parser.parse(re.sub(r"\$\w+", ".+", expr))
    recorded = {rule.name for rule in rules.groups(standards.build())["kembar-recordings"]}
    named = {name for _, expr in asked for name in re.findall(r"\w+:kembar_\w+(?::\w+)?", expr)}
    assert named <= recorded


def test_grafana_finds_the_dashboards_and_their_source():
    folder = DEPLOY / "grafana" / "provisioning"
    (source,) = YAML(typ="safe").load(folder / "datasources" / "prometheus.yml")["datasources"]
    (provider,) = YAML(typ="safe").load(folder / "dashboards" / "kembar.yml")["providers"]

    assert source["uid"] == dashboards.SOURCE.uid
    assert provider["options"]["foldersFromFilesStructure"] is True
