"""A bad day of air reaches a person: through Prometheus, its rules and Alertmanager, all real."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from deploy.monitoring import dashboards
from tests.loopback import PLAIN

DEPLOY = Path(__file__).parents[2] / "deploy"
MANUAL = (DEPLOY.parent / "docs" / "operations.md").read_text("utf-8")
PROCESSES = ("gateway", "waste", "water", "air")
STATION = {
    "name": "Synthetic, of a test",
    "latitude": -6.9,
    "longitude": 107.6,
    "altitude_m": 700.0,
    "timezone": "Asia/Jakarta",
    "jurisdiction": "bandung",
    "origin": "synthetic",
}
KINDS = {"waste": "facility", "water": "river", "air": "air"}
JAKARTA = timezone(timedelta(hours=7))
HEADER = "station,parameter,time,value,unit,period\n"
MISTAKE = "AIR-1,pm25,never,1,µg/m³,"


@dataclass
class Watched:
    """The running four, and who watches them."""

    up: object
    prometheus: httpx.Client
    told: list[dict]

    def ask(self, expr: str) -> list[dict]:
        answer = self.prometheus.post("/api/v1/query", data={"query": expr})
        assert answer.status_code == 200, (expr, answer.text)
        return answer.json()["data"]["result"]


@contextmanager
def receiver():
    """Listen as a webhook; yields its address and the alerts that arrive."""
    told = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.extend(json.loads(body)["alerts"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def running(*command: str, folder: Path):
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def configured(folder: Path, up, hook: str, alertmanager: int) -> None:
    """Write the shipped configuration with this machine's addresses, and in a hurry."""
    made = json.loads((up.var / "credentials.json").read_text())["clients"]["scraper"]
    (folder / "secret").write_text(made["client_secret"])
    targets = ", ".join(f"127.0.0.1:{up.port + place}" for place in range(4))
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8")
    for shipped, here in (
        ("scrape_interval: 15s", "scrape_interval: 1s"),
        ("evaluation_interval: 15s", "evaluation_interval: 1s"),
        ("gateway:8000, waste:8000, water:8000, air:8000", targets),
        ("alertmanager:9093", f"127.0.0.1:{alertmanager}"),
        ("client_id: scraper", f"client_id: {made['client_id']}"),
        ("/run/secrets/scraper_secret", str(folder / "secret")),
        ("http://gateway:8000", f"http://127.0.0.1:{up.port}"),
    ):
        assert shipped in text
        text = text.replace(shipped, here)
    (folder / "prometheus.yml").write_text(text, "utf-8")
    shutil.copy(DEPLOY / "prometheus" / "rules.yml", folder)
    text = (DEPLOY / "alertmanager" / "alertmanager.yml").read_text("utf-8")
    text = re.sub(r"http://(\w+)\.invalid", rf"{hook}/\1", text)
    (folder / "alertmanager.yml").write_text(text.replace("group_wait: 30s", "group_wait: 0s"))


@pytest.fixture(scope="module")
def watched(up_in, needs, tmp_path_factory):
    """Start everything, send a bad day, and let it be watched."""
    for program in ("prometheus", "prometheus-alertmanager", "promtool"):
        needs(program)
    folder = tmp_path_factory.mktemp("watched")
    alertmanager, prometheus = free_port(), free_port()
    with pytest.MonkeyPatch.context() as patched, receiver() as (hook, told):
        for service in ("WASTE", "WATER", "AIR"):
            patched.setenv(f"KEMBAR_{service}_FIGURES_PERIOD_S", "1")
        patched.setenv("KEMBAR_GATEWAY_BACKUP_FOLDER", str(folder / "backups"))
        with up_in(folder / "var") as up:
            configured(folder, up, hook, alertmanager)
            with (
                running(
                    "prometheus-alertmanager", "--config.file=alertmanager.yml",
                    "--storage.path=alertmanager", "--cluster.listen-address=",
                    f"--web.listen-address=127.0.0.1:{alertmanager}", folder=folder,
                ),
                running(
                    "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb",
                    "--enable-feature=exemplar-storage",
                    f"--web.listen-address=127.0.0.1:{prometheus}", folder=folder,
                ),
                httpx.Client(base_url=f"http://127.0.0.1:{prometheus}", **PLAIN) as client,
            ):  # fmt: skip
                send(up)
                yield Watched(up, client, told)


def send(up) -> None:
    """Two days of bad air by the hour, samples of a river, masses of waste, and a mistake."""
    for service, kind in KINDS.items():
        station = STATION | {"code": f"{service.upper()}-1", "kind": kind}
        if service == "water":
            station["water_class"] = "II"
        answer = up.as_("operator").post(f"/{service}/v1/stations", json=station)
        assert answer.status_code == 201, answer.text
    midnight = datetime.now(JAKARTA).replace(hour=0, minute=0, second=0, microsecond=0)
    hours = [midnight - timedelta(hours=n) for n in range(1, 49)]
    air = [
        f"AIR-1,{code},{at.isoformat()},{value},µg/m³,PT1H"
        for at in hours
        for code, value in (("pm25", 180), ("o3", 190))
    ]
    at = (midnight - timedelta(days=2)).isoformat()
    water = [
        f"WATER-1,{code},{at},{value},{unit},"
        for code, value, unit in (
            ("bod", 9, "mg/L"), ("cod", 60, "mg/L"), ("tss", 80, "mg/L"), ("do", 3, "mg/L"),
            ("ph", 7, "pH"),
        )
    ]  # fmt: skip
    waste = [
        f"WASTE-1,generated,{(midnight - timedelta(days=n)).isoformat()},900,kg,"
        for n in range(1, 90)
    ]
    silent = [f"AIR-1,so2,{(midnight - timedelta(days=5)).isoformat()},9,µg/m³,PT1H"]
    for service, lines in (
        ("air", [*air, *silent, MISTAKE]), ("water", water), ("waste", waste),
    ):  # fmt: skip
        answer = up.upload(service, HEADER + "\n".join(lines))
        assert answer.status_code == 201, answer.text


def test_a_bad_day_of_air_is_told_to_the_webhook(watched, eventually):
    def bad():
        return {
            (alert["labels"]["alertname"], alert["labels"].get("standard", ""))
            for alert in watched.told
            if alert["labels"].get("station") == "AIR-1"
        }

    wanted = {("KembarIndexBad", ""), ("KembarStandardExceeded", "pp-22-2021-vii")}
    eventually(bad, wanted.issubset, within_s=60)
    told = next(a for a in watched.told if a["labels"]["alertname"] == "KembarIndexBad")
    assert told["labels"] | {"severity": "critical"} == told["labels"]
    assert "sangat_tidak_sehat (synthetic data)" in told["annotations"]["summary"]
    assert told["annotations"]["runbook_url"].endswith("#kembarindexbad")
    # Kawasaki's law is no business of a station in Bandung.
    assert not any(alert["labels"].get("authority") == "jp" for alert in watched.told)


def test_every_panel_has_something_to_show(watched, eventually):
    empty = {
        expr: where
        for where, expr in dashboards.expressions()
        if not where.startswith(("id", "ja"))
    }
    assert len(empty) > 35
    # What is counted has to be seen growing: a refused token, a refused row, and a row known.
    with httpx.Client(base_url=f"http://127.0.0.1:{watched.up.port}", **PLAIN) as stranger:
        assert stranger.get("/v1/outcomes").status_code == 401
    at = (datetime.now(JAKARTA) - timedelta(hours=1)).isoformat()
    lines = (f"AIR-1,pm10,{at},20,µg/m³,PT1H", MISTAKE)
    assert watched.up.upload("air", HEADER + "\n".join(lines)).status_code == 201

    def look():
        for expr in list(empty):
            if watched.ask(re.sub(r"\$\w+", ".+", expr)):
                del empty[expr]
        return empty

    eventually(look, lambda left: not left, within_s=40)


def test_what_each_process_shows_is_valid_and_in_the_manual(watched):
    listed = {}
    for line in MANUAL.splitlines():
        if line.startswith("| `kembar_"):
            _, names, labels, *_ = line.split("|")
            for name in re.findall(r"`(kembar_\w+)`", names):
                listed[name] = listed.get(name, "") + labels
    shown = set()
    for process in PROCESSES:
        path = "/metrics" if process == "gateway" else f"/{process}/metrics"
        scraper = watched.up.as_("scraper")
        text = scraper.get(path).text
        checked = subprocess.run(
            ["promtool", "check", "metrics"], input=text, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert checked.returncode == 0, checked.stdout + checked.stderr
        types = {"Accept": "application/openmetrics-text; version=1.0.0"}
        both = {
            family.name.removesuffix("_total"): family
            for family in openmetrics(scraper.get(path, headers=types).text)
        }
        for family in plain(text):
            assert family.name.removesuffix("_total") in both
            if family.name.startswith("kembar_"):
                name = f"{family.name}_total" if family.type == "counter" else family.name
                shown.add(name)
                assert name in listed, f"{name} is not in docs/operations.md"
                labels = {label for sample in family.samples for label in sample.labels} - {"le"}
                assert all(label in listed[name] or "…" in listed[name] or "same" in listed[name]
                           for label in labels), (name, labels, listed[name])  # fmt: skip
    assert set(listed) == shown


def test_a_slow_bucket_leads_to_a_request(watched):
    now = datetime.now(JAKARTA)
    answer = watched.prometheus.get(
        "/api/v1/query_exemplars",
        params={
            "query": "kembar_http_request_duration_seconds_bucket",
            "start": (now - timedelta(minutes=5)).timestamp(),
            "end": (now + timedelta(minutes=1)).timestamp(),
        },
    )

    series = answer.json()["data"]
    assert {label for each in series for e in each["exemplars"] for label in e["labels"]} == {
        "request_id"
    }


def test_a_new_prometheus_is_shown_the_past(watched, tmp_path):
    file = tmp_path / "past.om"
    asked = ["backfill", str(file), "--lang", "en", "--json", "--var", str(watched.up.var)]
    asked += ["--url", f"http://127.0.0.1:{watched.up.port}"]

    done = kembar(*asked)
    assert done.returncode == 0, done.stdout + done.stderr
    blocks = promtool("create-blocks-from", "openmetrics", file, tmp_path / "tsdb")
    # What only a running Prometheus has, and promtool looks for.
    (tmp_path / "tsdb" / "wal").mkdir()
    dump = promtool("dump", tmp_path / "tsdb")
    refused = kembar(*asked, "--from", "2024-01-02", "--to", "2024-01-02")

    assert json.loads(done.stdout)["samples"] == dump.stdout.count("\n") > 0, blocks.stdout
    midnight = datetime.now(JAKARTA).replace(hour=0, minute=0, second=0, microsecond=0)
    wanted = {
        ("kembar_index", "ispu", "", midnight),
        ("kembar_index", "ispu", "", midnight - timedelta(days=1)),
        ("kembar_day_statistic", "", "mean_24h", midnight),
        ("kembar_day_statistic", "", "max_8h", midnight),
    }
    found = set()
    for line in dump.stdout.splitlines():
        labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
        at = datetime.fromtimestamp(int(line.rpartition(" ")[2]) / 1000, JAKARTA)
        assert at <= datetime.now(JAKARTA)
        if labels.get("station") == "AIR-1":
            name, index = labels["__name__"], labels.get("index", "")
            found.add((name, index, labels.get("statistic", ""), at))
    assert wanted <= found
    assert (refused.returncode, refused.stdout[:1]) == (2, "{")


def kembar(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "kembar_client", *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def promtool(*arguments):
    done = subprocess.run(
        ["promtool", "tsdb", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done
