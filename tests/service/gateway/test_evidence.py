"""Files of evidence: sent by who enters, kept exactly, fetched by who may."""

import hashlib

import pytest
import sqlalchemy as sa

from kembar_gateway.settings import PACKAGES
from kembar_shared.chassis import backup
from kembar_shared.chassis.database import connect
from tests.service.gateway.entries import BOTH, Planner, entry, fact

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 400


def digest(content):
    return hashlib.sha256(content).hexdigest()


def name_it(planner, code, content, **members):
    """Enter a party that names *content* as evidence."""
    shown = {"title": "Minutes", "sha256": digest(content)}
    said = fact(status="evidenced", evidence=[shown])
    body = entry(code, **(said | {"kind": "agency", "country": "ID"} | members))
    assert planner.post("parties", body).status_code == 201


def send(planner, content, sha256=None, headers=None, **query):
    query = {"cooperation": BOTH} | query
    path = f"/v1/evidence/{sha256 or digest(content)}"
    sent = planner.headers | (headers or {})
    return planner.client.put(path, content=content, params=query, headers=sent)


def test_a_file_comes_back_as_it_was_sent_and_is_never_shown(shared_gateway, shared_planner):
    name_it(shared_planner, "ev-kept", PDF)
    path = f"/v1/evidence/{digest(PDF)}"

    first = send(shared_planner, PDF, name="Notulen 会議.pdf")
    again = send(shared_planner, PDF, name="other.pdf")
    got = shared_planner.get(path, cooperation=BOTH)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["named_by"] == ["parties/ev-kept"]
    assert first.json()["file"]["media_type"] == "application/pdf"
    assert got.content == PDF
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith("attachment; filename*=UTF-8''Notulen%20")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in got.headers["content-security-policy"]
    tag = {"If-None-Match": got.headers["etag"]} | shared_planner.headers
    assert (
        shared_planner.client.get(path, params={"cooperation": BOTH}, headers=tag).status_code
        == 304
    )
    sample = shared_planner.get("/v1/audit-sample", cooperation=BOTH, seed="s", size=500).json()
    (chain,) = (each for each in sample["items"] if each["code"] == "ev-kept")
    assert chain["file"] == f"{path}?cooperation={BOTH}"
    assert shared_planner.client.get(chain["file"], headers=shared_planner.headers).content == PDF
    trail = shared_gateway.get("/v1/audit", "audit:read", params={"action": "register"}).json()
    told = [e["detail"] for e in trail["items"] if e["subject"] == f"evidence/{BOTH}/{digest(PDF)}"]
    assert [("bytes" in each, "taken" in each) for each in told] == [
        (True, False),
        (False, True),
        (False, True),
    ]


def test_what_is_another_file_named_by_nobody_or_no_evidence_is_refused(shared_planner):
    program, unnamed = b"MZ\x90\x00program", b"nobody names this"
    name_it(shared_planner, "ev-program", program)
    name_it(shared_planner, "ev-text", b"right")
    cases = [
        (send(shared_planner, b"wrong", digest(b"right")), 422, "evidence-differs"),
        (send(shared_planner, unnamed), 422, "evidence-unnamed"),
        (send(shared_planner, b"", digest(b"right")), 422, "evidence-empty"),
        (send(shared_planner, program), 415, "unsupported-media-type"),
        (send(shared_planner, b"right", headers={"Content-Encoding": "gzip"}), 415,
         "unsupported-media-type"),
        (send(shared_planner, b"right", name="../etc/passwd"), 422, "invalid-request"),
    ]  # fmt: skip
    for answer, status, slug in cases:
        assert answer.status_code == status, answer.text
        assert answer.json()["type"].endswith(slug), answer.text
    assert digest(b"wrong") in cases[0][0].json()["detail"]
    rows = shared_planner.get("/v1/evidence", cooperation=BOTH).json()["items"]
    (row,) = (row for row in rows if row["sha256"] == digest(b"right"))
    assert (row["file"], row["title"]) == (None, "Minutes")


def test_who_may_not_look_is_not_shown(shared_gateway, shared_planner, made):
    content = b"attendance: Budi, Siti"
    name_it(shared_planner, "ev-people", content)
    assert send(shared_planner, content).status_code == 201
    path = f"/v1/evidence/{digest(content)}"
    others = Planner(shared_gateway, cooperations=(made.code,))

    def status(scope):
        return Planner(shared_gateway, scope).get(path, cooperation=BOTH).status_code

    assert [status("outcomes:read audit:read"), status("outcomes:read measurements:read")] == [
        200
    ] * 2
    assert [status("outcomes:read"), status("measurements:read audit:read")] == [403, 403]
    # Another cooperation learns neither the file nor that there is one.
    assert others.get(path, cooperation=BOTH).status_code == 404
    assert others.get(path).status_code == 404
    assert send(others, content, cooperation=made.code).json()["type"].endswith("evidence-unnamed")


def test_pages_follow_each_other(shared_planner, made):
    contents = [b"page %d" % number for number in range(3)]
    for number, content in enumerate(contents):
        body = fact(status="evidenced", evidence=[{"title": "P", "sha256": digest(content)}])
        made.enter("parties", entry(f"ev-page-{number}", **body, kind="agency", country="ID"))
    seen, cursor = [], None
    while True:
        page = shared_planner.get(
            "/v1/evidence", cooperation=made.code, limit=2, **({"cursor": cursor} if cursor else {})
        ).json()
        seen += [row["sha256"] for row in page["items"]]
        if (cursor := page["next"]) is None:
            break

    assert seen == sorted(map(digest, contents))


def test_a_backup_restores_it_nothing_changes_it_and_none_is_too_large(start_gateway, tmp_path):
    gateway = start_gateway(evidence_bytes=len(PDF))
    planner = Planner(gateway)
    name_it(planner, "ev-saved", PDF)
    name_it(planner, "ev-large", PDF + b"x")

    assert send(planner, PDF + b"x").status_code == 413
    assert send(planner, iter([PDF, b"x"]), digest(PDF + b"x")).status_code == 413
    assert send(planner, PDF).status_code == 201
    engine = gateway.app.state.engine

    backup.create(engine, tmp_path / "saved", service="gateway", files={}, told=lambda _: None)
    other = connect(f"sqlite:///{tmp_path / 'other.sqlite'}", timeout_s=30)
    backup.restore(
        other, PACKAGES, tmp_path / "saved", service="gateway", files={}, told=lambda _: None
    )
    with other.connect() as conn:
        pieces = conn.execute(
            sa.text("SELECT content FROM evidence_piece ORDER BY number")
        ).scalars()
        assert b"".join(pieces) == PDF
    other.dispose()
    for change in ("UPDATE evidence_piece SET number = number + 9", "DELETE FROM evidence_file"):
        with pytest.raises(sa.exc.DBAPIError, match="never changed"), engine.begin() as conn:
            conn.execute(sa.text(change))
