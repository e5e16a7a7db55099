"""`kembar register` against a gateway: what a planner types, reads and is refused."""

import hashlib
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.service.gateway.entries import entry, evidenced


@pytest.fixture(scope="module")
def kembar(shared_gateway, tmp_path_factory):
    """Run `kembar register …` as the planner and the partner of one installation."""
    var = tmp_path_factory.mktemp("var")
    headers = {"Authorization": f"Bearer {shared_gateway.token('clients:manage')}"}
    clients = {
        role: shared_gateway.client.post(
            "/v1/clients", json={"name": role, "role": role}, headers=headers
        ).json()
        for role in ("planner", "partner")
    }
    (var / "credentials.json").write_text(json.dumps({"clients": clients}))
    places = {"KEMBAR_URL": str(shared_gateway.client.base_url), "KEMBAR_VAR": str(var)}
    typist = subprocess.Popen(
        [sys.executable, "-m", "tests.service.gateway.typing_in"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUTF8": "1"},
    )

    def run(*arguments, lang="C", stdin=None):
        environment = places | {"LC_ALL": lang, "COLUMNS": "250"}
        asked = {"arguments": ["register", *arguments], "env": environment, "stdin": stdin}
        typist.stdin.write(json.dumps(asked) + "\n")
        typist.stdin.flush()
        return SimpleNamespace(**json.loads(typist.stdout.readline()))

    yield run
    typist.stdin.close()
    assert typist.wait(10) == 0
    typist.stdout.close()


def test_an_entry_is_made_changed_and_its_history_read(kembar, tmp_path):
    file = tmp_path / "party.json"
    file.write_text(json.dumps(entry("cli-made", kind="agency", country="ID")))

    tried = kembar("new", "parties", "--file", str(file), "--dry-run")
    assert (tried.exit_code, kembar("show", "parties", "cli-made").exit_code) == (0, 1)
    assert "would become version 1" in tried.stdout
    made = kembar("new", "parties", "--file", str(file), "--set", "names.ja=環境局")
    assert made.exit_code == 0, made.stderr
    change = ("change", "parties", "cli-made", "--replaces", "1", "--reason", "A new name.")
    member = ("--set", "names.id=Dinas Baru")
    tried = kembar(*change, *member, "--dry-run", "--json")
    assert json.loads(tried.stdout)["version"] == 2
    changed = kembar(*change, *member)
    assert changed.exit_code == 0, changed.stderr
    shown = json.loads(kembar("show", "parties", "cli-made").stdout)
    history = json.loads(kembar("history", "parties", "cli-made", "--json").stdout)["items"]

    assert shown["names"] == {"en": "cli-made", "id": "Dinas Baru", "ja": "環境局"}
    assert [(each["version"], each["reason"]) for each in history][1] == (2, "A new name.")
    assert [each["version"] for each in history] == [1, 2]
    listed = kembar("list", "parties", "--where", "kind=agency", lang="id")
    assert "Dinas Baru" in listed.stdout
    assert "diubah oleh" in listed.stdout


def test_who_looked_at_an_older_version_must_look_again(kembar):
    body = json.dumps(entry("cli-raced", kind="agency", country="ID"))
    kembar("new", "parties", "--file", "-", stdin=body)
    change = ("change", "parties", "cli-raced", "--reason", "Observes.", "--set")

    first = kembar(*change, "is_observer=true", "--replaces", "1")
    late = kembar(*change, "is_observer=false", "--replaces", "1", lang="ja")

    assert (first.exit_code, late.exit_code) == (0, 1)
    assert "第 2 版" in late.stderr
    assert json.loads(kembar("show", "parties", "cli-raced").stdout)["is_observer"] is True


@pytest.mark.parametrize(
    ("lang", "said"), [("C", "What to fix"), ("id", "Yang perlu"), ("ja", "直す必要")]
)
def test_a_refusal_names_each_place_in_the_readers_language(kembar, lang, said):
    body = json.dumps(entry("cli-bad", kind="agency", country="ID", part_of="nobody"))

    done = kembar("new", "parties", "--file", "-", "--dry-run", lang=lang, stdin=body)

    assert done.exit_code == 1
    for word in (said, "body.part_of", "unknown-reference"):
        assert word in done.stdout


def test_calls_that_cannot_be_end_with_their_code(kembar):
    cases = [
        (("kinds", "kings"), 2, "commitments"),
        (("new", "parties"), 2, "--set"),
        (("new", "parties", "--set", "code"), 2, "NAME=VALUE"),
        (("new", "parties", "--file", "-"), 2, "not read as JSON"),
        (("show", "parties", "nobody"), 1, "Not found"),
        (("list", "kings"), 1, "Not found"),
        (("new", "parties", "--set", "code=x", "--role", "partner"), 1, "register:write"),
        (("list", "parties", "--url", "http://127.0.0.1:9"), 3, "No answer"),
    ]
    for command, code, said in cases:
        done = kembar(*command, stdin="[]")

        assert done.exit_code == code, (command, done)
        assert said in done.stderr, (command, done)


def test_evidence_is_attached_listed_and_fetched(kembar, tmp_path):
    file, copy = tmp_path / "minutes.txt", tmp_path / "copy.txt"
    file.write_text("Signed by both.")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    body = evidenced(evidence=[{"title": "Minutes", "sha256": digest}])
    early = kembar("attach", str(file))
    sent = json.dumps(entry("cli-shown", kind="agency", country="ID") | body)
    assert kembar("new", "parties", "--file", "-", stdin=sent).exit_code == 0

    kept, listed = kembar("attach", str(file)), kembar("evidence", lang="ja")
    fetched, again = (kembar("fetch", digest, "--to", str(copy)) for _ in range(2))

    assert (early.exit_code, "Nothing names" in early.stderr) == (1, True)
    assert (kept.exit_code, fetched.exit_code, again.exit_code) == (0, 0, 2)
    assert "parties/cli-shown" in kept.stdout
    assert digest in listed.stdout
    assert copy.read_text() == "Signed by both."


def test_the_kinds_and_their_members_are_told(kembar):
    kinds = json.loads(kembar("kinds", "--json").stdout)["items"]
    members = kembar("kinds", "commitments").stdout

    assert {"kind": "budget-lines"} in kinds
    assert "When it shall be delivered." in members
