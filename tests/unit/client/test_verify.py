"""`kembar verify`: tampering with an input, the report or a key fails, each in its own way."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kembar_client import bundles, verifying
from kembar_client.commands import app
from kembar_gateway.combining import Disrupted
from kembar_gateway.reports import bundle, canonical, content
from kembar_gateway.wire import Period
from tests.reporting import AT, envelope, figure, made, new_key, packed, signature_of

SCRIPT = Path(__file__).parents[3] / "docs" / "recompute.py"


@pytest.fixture(scope="module")
def key():
    return new_key()


@pytest.fixture(scope="module")
def partner():
    return new_key()


@pytest.fixture(scope="module")
def signed(key, partner):
    return packed(key, partner=partner)


@pytest.fixture
def files(signed):
    return dict(signed)


@pytest.fixture
def kembar(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    def run(content, *options, language="en", form="zip"):
        file = tmp_path / f"report.{form}"
        file.write_bytes(content if isinstance(content, bytes) else zipped(content))
        given = ["verify", str(file), "--lang", language, *map(str, options)]
        return CliRunner().invoke(app, given)

    return run


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def failures(files, **arguments):
    verdict = verifying.verify(zipped(files), **arguments)
    return {(each.code, each.place) for each in verdict.failures}


def codes(files, **arguments):
    return {code for code, _ in failures(files, **arguments)}


def changed(content, old, new):
    assert content.count(old) >= 1
    return content.replace(old, new, 1)


@pytest.mark.parametrize("form", ["zip", "json"])
def test_a_report_as_published_is_authentic_intact_and_recomputed(kembar, files, key, form):
    content = files if form == "zip" else envelope(files)

    done = kembar(content, "--json", "--key", key.kid, form=form)

    told = json.loads(done.stdout)
    assert done.exit_code == 0, done.output
    assert (told["authentic"], told["intact"], told["recomputed"]) == (True, True, True)
    assert told["code"] == "bandung-kawasaki_2023_1"
    assert [(s["role"], s["trust"], s["party"]) for s in told["signatures"]] == [
        ("publisher", "pinned", None),
        ("countersigner", "none", "kawasaki"),
    ]


@pytest.mark.parametrize(
    ("language", "said"), [("en", "authentic:"), ("id", "otentik:"), ("ja", "真正")]
)
def test_it_is_said_in_each_language(kembar, files, language, said):
    done = kembar(files, language=language)

    assert done.exit_code == 0
    assert said in done.stdout


def test_without_a_key_of_ones_own_it_says_what_that_means(kembar, files, key):
    done = kembar(files)

    assert f"Published by the key {key.kid}" in done.stdout
    assert "whose key this is" in done.stdout


def test_what_it_says_of_trends_disruptions_and_the_register_is_recomputed(key, tmp_path):
    falling = tuple(
        figure("air.pm25_mean", f"{2020 + k // 12}-{k % 12 + 1:02}", 60 - 0.4 * k + 7 * k % 5 / 5)
        for k in range(83)
    )
    flood = {"air.pm25_mean": [Disrupted("flood", Period.parse("2023-02/2023-05"))]}
    files = packed(key, figures=falling, disrupted=flood)
    said = {o["indicator"]: o for o in json.loads(files["report.json"])["outcomes"]}
    dust = said["air.pm25_mean"]
    assert (dust["trend"]["change"], dust["undisrupted"]["months"]) == ("improved", 8)
    assert said["cooperation.realisation_rate"]["value"] == 0.4

    assert failures(files) == set()
    file = tmp_path / "falling.zip"
    file.write_bytes(zipped(files))
    done = subprocess.run([sys.executable, SCRIPT, file], capture_output=True, text=True)
    assert (done.returncode, "authentic" in done.stdout) == (0, True), done.stdout
    for name, old, new, place in (
        ("report.json", b'"change":"improved"', b'"change":"worsened"',
         "air.pm25_mean trend.change"),
        ("inputs.json", b'"entry":"commitments/mou-2016-energy"', b'"entry":"commitments/other"',
         "cooperation.evidenced_rate commitments/other"),
    ):  # fmt: skip
        tampered = failures({**files, name: changed(files[name], old, new)})
        assert place in {where for _, where in tampered}
        file.write_bytes(zipped({**files, name: changed(files[name], old, new)}))
        done = subprocess.run([sys.executable, SCRIPT, file], capture_output=True, text=True)
        assert done.returncode == 1


def as_it_was_before(document, inputs):
    """Turn a report into one of the first rule: without what was added since."""
    later = {"numerator", "denominator", "disruptions", "undisrupted", "findings", "trend",
             "target_period", "target_revision"}  # fmt: skip
    known = {i["code"] for i in document["indicators"] if i["fed_by"] != "reckoning"}
    inputs = {name: inputs[name] for name in ("format", "period", "this_month", "figures")} | {
        "definitions": [
            {n: v for n, v in each.items() if n not in {"period_targets", "disrupted"}}
            | {"rule": "combine@1"}
            for each in inputs["definitions"]
            if each["indicator"] in known
        ]
    }
    digests = {d["indicator"]: canonical.digest_of(d) for d in inputs["definitions"]}
    outcomes = [
        {n: v for n, v in each.items() if n not in later}
        | {
            "rule": "combine@1",
            "definition": digests[each["indicator"]],
            "figures": [
                canonical.digest_of(f)
                for f in inputs["figures"]
                if f["indicator"] == each["indicator"]
            ],
        }
        for each in document["outcomes"]
        if each["indicator"] in known
    ]
    indicators = [i for i in document["indicators"] if i["code"] in known]
    return document | {"outcomes": outcomes, "indicators": indicators}, inputs


def test_a_report_of_the_first_rule_is_checked_as_it_was(key, tmp_path):
    document, inputs = as_it_was_before(*made())
    files = bundle.files_of(document, inputs)
    report = content.sealed(document, bundle.digests_of(files))
    signed = signature_of(report, key, role="publisher")
    files |= {
        bundle.REPORT: report,
        bundle.SIGNATURES: bundle.signatures_file([signed]),
        bundle.KEYS: bundle.keys_file([signed["jwk"]]),
    }
    file = tmp_path / "old.zip"

    assert failures(files) == set()
    file.write_bytes(zipped(files))
    done = subprocess.run([sys.executable, SCRIPT, file], capture_output=True, text=True)
    assert (done.returncode, "9 outcomes recomputed" in done.stdout) == (0, True), done.stdout
    files["inputs.json"] = changed(files["inputs.json"], b'"value":40001.5', b'"value":40001.6')
    assert ("number-differs", "waste.generated value") in failures(files)


def test_tampering_with_an_input_names_the_input(kembar, files):
    files["inputs.json"] = changed(files["inputs.json"], b'"value":40001.5', b'"value":40001.6')

    assert failures(files) == {
        ("file-changed", "inputs.json"),
        ("input-changed", "waste.generated bandung 2023-01"),
        ("input-changed", "waste.generated"),
        ("number-differs", "waste.generated value"),
    }
    done = kembar(files, "--json")
    told = json.loads(done.stdout)
    assert done.exit_code == 1
    assert (told["authentic"], told["intact"], told["recomputed"]) == (True, False, False)
    assert (
        "Input changed, added or missing: waste.generated bandung 2023-01" in kembar(files).stdout
    )


def test_tampering_with_one_digit_of_the_report_names_the_number(kembar, files, key):
    files["report.json"] = changed(files["report.json"], b'"value":400060', b'"value":400061')

    assert failures(files) == {
        ("report-changed", key.kid),
        *((code, place) for code, place in failures(files) if code == "countersignature"),
        ("number-differs", "waste.generated value"),
    }
    told = json.loads(kembar(files, "--json").stdout)
    assert (told["authentic"], told["intact"], told["recomputed"]) == (False, True, False)
    (number,) = [f for f in told["failures"] if f["code"] == "number-differs"]
    assert (number["said"], number["found"]) == (400061, 400060)


def test_tampering_with_the_key_is_told_from_both(kembar, files, key):
    x = key.as_dict(private=False)["x"].encode()
    files["keys.json"] = changed(
        files["keys.json"], x, new_key().as_dict(private=False)["x"].encode()
    )

    assert failures(files) == {("key-changed", key.kid)}
    done = kembar(files)
    assert done.exit_code == 1
    assert "was exchanged" in done.stdout


def test_a_report_signed_anew_by_another_key_is_seen_where_the_key_is_known(kembar, files, key):
    other = new_key()
    again = signature_of(files["report.json"], other)
    files["report.jws"] = json.dumps({"signatures": [again]}).encode()
    files["keys.json"] = json.dumps({"keys": [again["jwk"]]}).encode()

    assert codes(files) == set()
    assert failures(files, trusted={key.kid}) == {("key-untrusted", other.kid)}
    assert kembar(files, "--key", key.kid).exit_code == 1


def test_an_honest_signature_over_a_wrong_number_does_not_pass(files, key):
    """Whoever holds the key can sign anything; the inputs tell."""
    files["report.json"] = changed(files["report.json"], b'"value":400060', b'"value":400061')
    files["report.jws"] = json.dumps(
        {"signatures": [signature_of(files["report.json"], key)]}
    ).encode()

    assert failures(files) == {("number-differs", "waste.generated value")}


@pytest.mark.parametrize("name", ["outcomes.csv", "iati.xml", "README.id.txt"])
def test_every_other_file_counts_too(files, name):
    files[name] += b" "
    assert failures(files) == {("file-changed", name)}
    del files[name]
    assert failures(files) == {("file-changed", name)}


def test_a_file_that_the_report_does_not_name_is_told(files):
    files["extra.txt"] = b"look here"

    assert failures(files) == {("file-changed", "extra.txt")}


def test_a_figure_added_or_left_out_is_named(files):
    inputs = json.loads(files["inputs.json"])
    gone = inputs["figures"].pop(0)
    files["inputs.json"] = json.dumps(inputs).encode()

    assert ("input-changed", gone["indicator"]) in failures(files)


def test_without_a_signature_nothing_is_authentic(files):
    files["report.jws"] = b'{"signatures":[]}'

    assert failures(files) == {("unsigned", "report.jws")}


def test_a_partners_signature_must_fit_as_well(files, partner):
    signatures = json.loads(files["report.jws"])
    signatures["signatures"][1]["signature"] = signatures["signatures"][0]["signature"]
    files["report.jws"] = json.dumps(signatures).encode()

    assert failures(files) == {("countersignature", partner.kid)}


@pytest.mark.parametrize("header", [{"typ": "at+jwt"}, {"alg": "none"}, {"alg": "EdDSA"}])
def test_a_signature_of_another_kind_does_not_count(files, key, header):
    document = files["report.json"]
    usual = {"alg": "Ed25519", "typ": "kembar-report+jws", "kid": key.kid, "iat": 1}
    protected = bundles.encoded(json.dumps(usual | header).encode())
    raw = key.private_key.sign(f"{protected}.{bundles.encoded(document)}".encode())
    one = {"protected": protected, "signature": bundles.encoded(raw)}
    files["report.jws"] = json.dumps({"signatures": [one]}).encode()

    assert failures(files) == {("report-changed", key.kid)}


@pytest.mark.parametrize(("ahead", "expected"), [(-1, {"key-withdrawn"}), (1, set())])
def test_a_withdrawn_key_shows(kembar, tmp_path, files, key, ahead, expected):
    at = int((AT + timedelta(seconds=ahead)).timestamp())
    jwk = {**key.as_dict(private=False), "use": "report", "revoked_at": at}
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps({"keys": [jwk]}))

    done = kembar(files, "--jwks", keys, "--json")

    told = json.loads(done.stdout)
    assert {failure["code"] for failure in told["failures"]} == expected
    assert done.exit_code == len(expected)
    assert told["signatures"][0]["withdrawn_at"] is not None
    assert "was withdrawn at" in kembar(files, "--jwks", keys).stdout


def test_a_rule_that_is_not_known_is_not_passed_over(files):
    report, inputs = (json.loads(files[name]) for name in ("report.json", "inputs.json"))
    inputs["definitions"][0]["rule"] = "combine@3"
    files["inputs.json"] = json.dumps(inputs).encode()

    assert ("rule-unknown", report["outcomes"][0]["indicator"]) in failures(files)


@pytest.mark.parametrize(
    "content",
    [b"", b"PK", b"{}", b"[]", b"not json", b"PK\x03\x04" + b"\0" * 60, b'{"report":{}}', b"\xff"],
)
def test_what_is_no_report_is_said_to_be_none(kembar, content):
    done = kembar(content)

    assert done.exit_code == 1
    assert "no report that can be read" in done.stderr


def test_a_file_that_is_not_there_is_a_slip_of_usage(tmp_path):
    assert CliRunner().invoke(app, ["verify", str(tmp_path / "none.zip")]).exit_code == 2


def test_a_key_set_that_is_none_is_a_slip_of_usage(kembar, files, tmp_path):
    (tmp_path / "jwks.json").write_text("[]")

    assert kembar(files, "--jwks", tmp_path / "jwks.json").exit_code == 2


TAMPERED = {
    "nothing": (dict, ""),
    "an input": (
        lambda f: f.update({"inputs.json": f["inputs.json"].replace(b"40001.5", b"40001.6")}),
        "input-changed: waste.generated 2023-01",
    ),
    "the report": (
        lambda f: f.update({"report.json": f["report.json"].replace(b"400060", b"400061")}),
        "number-differs: waste.generated value",
    ),
    "the signature": (
        lambda f: f.update({"report.json": f["report.json"].replace(b'"2023"', b'"2024"', 1)}),
        "report-changed",
    ),
    "the key": (
        lambda f: f.update({"keys.json": f["keys.json"].replace(b'"x":"', b'"x":"A')}),
        "key-changed",
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_the_script_of_the_manual_says_the_same(files, tmp_path, what):
    tamper, told = TAMPERED[what]
    tamper(files)
    (tmp_path / "report.zip").write_bytes(zipped(files))

    done = subprocess.run(
        [sys.executable, SCRIPT, tmp_path / "report.zip"],
        capture_output=True,
        text=True,
        check=False,
    )

    agrees = verifying.verify(zipped(files))
    assert done.returncode == (1 if agrees.failures else 0) == (1 if told else 0), done
    assert told in done.stdout
    assert len(SCRIPT.read_text("utf-8").splitlines()) <= 200
