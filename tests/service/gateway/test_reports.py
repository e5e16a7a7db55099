"""Reports from the figures of three services to a bundle that anybody can check."""

from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from kembar_client import verifying
from kembar_gateway import feed, identity, keyring, signatures, store
from kembar_gateway.register import profile
from kembar_gateway.reports import making
from kembar_gateway.reports import store as report_store
from kembar_gateway.settings import PACKAGES, GatewaySettings
from kembar_gateway.wire import Period
from kembar_shared.chassis import backup, migrate
from kembar_shared.chassis.database import connect, reading
from kembar_shared.chassis.database import writing as transaction
from kembar_shared.chassis.pages import decode_cursor
from tests.reporting import FIGURES, TEXTS, new_key
from tests.service.gateway.entries import Planner, amount, commitment, entry, step

COOPERATION = "bandung-kawasaki"
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Of what puts nothing else to the database than other tests do."""

PERIOD = {"cooperation": COOPERATION, "period": "2023"}


@pytest.fixture
def air(services, figure):
    """Offer a year of air; called again, its first month is another."""

    def offer(**members):
        months = [
            figure("air.ispu_good_share", f"2023-{m:02}", m / 30, numerator=float(m),
                   denominator=30.0, n=30, expected=30.0, digest=f"d{m}")
            for m in range(1, 13)
        ]  # fmt: skip
        months[0] |= members
        services["air"].offer(*months)

    offer()
    return offer


@pytest.fixture
def gateway(start_gateway, air):  # noqa: ARG001  its figures are pulled at the start
    gateway = start_gateway()
    deadline = time.monotonic() + 5
    while any(
        source["fetched_at"] is None and source["service"] != "register"
        for item in gateway.get("/v1/outcomes").json()["items"]
        for source in item["sources"]
    ):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return gateway


def post(gateway, path, body=None, *, scope="reports:publish", client="maker", **headers):
    headers = {"Authorization": f"Bearer {gateway.token(scope, client=client)}", **headers}
    return gateway.client.post(path, headers=headers, json=body)


def generated(gateway):
    answer = post(gateway, "/v1/reports", PERIOD)
    assert answer.status_code == 201, answer.text
    return answer.json()["code"]


def reviewed(gateway):
    code = generated(gateway)
    assert post(gateway, f"/v1/reports/{code}/review", client="other").status_code == 200
    return code


def published(gateway):
    code = reviewed(gateway)
    answer = post(gateway, f"/v1/reports/{code}/publish")
    assert answer.status_code == 200, answer.text
    return code


def plain(gateway, path, **arguments):
    """Ask without a token."""
    return gateway.client.get(path, **arguments)


def opened(gateway, code):
    with zipfile.ZipFile(io.BytesIO(plain(gateway, f"/v1/reports/{code}.zip").content)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def problem(answer):
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def pulled_again(gateway, clock):
    """Let the gateway pull what its services say now, as its timer does an hour later."""
    clock.ahead += timedelta(hours=2)
    before = len(changes(gateway)[0])
    gateway.app.state.pulls.pull("air")
    return changes(gateway)[0][before:]


def changes(gateway, cursor=None, **query):
    query |= {"cursor": cursor} if cursor else {}
    page = gateway.get("/v1/changes", params=query).json()
    return page["items"], page["next"]


def test_a_report_is_made_reviewed_signed_and_checked_without_the_server(gateway):
    code = published(gateway)

    shown = plain(gateway, f"/v1/reports/{code}").json()
    (signature,) = shown["signatures"]
    assert (shown["status"], shown["supersedes"]) == ("published", None)
    assert (signature["role"], signature["withdrawn_at"]) == ("publisher", None)
    jwks = plain(gateway, "/.well-known/jwks.json").json()
    assert signature["kid"] in {key["kid"] for key in jwks["keys"]}
    for form in ("zip", "json"):
        content = plain(gateway, f"/v1/reports/{code}.{form}").content
        verdict = verifying.verify(content, {signature["kid"]})
        assert verdict.failures == []
        assert verdict.digest == shown["digest"]
    said = {o["indicator"]: o for o in json.loads(opened(gateway, code)["report.json"])["outcomes"]}
    for item in gateway.get("/v1/outcomes", params={"period": "2023"}).json()["items"]:
        of_report = said[item["indicator"]]
        assert {n: of_report[n] for n in ("value", "state", "progress", "coverage", "n")} == {
            n: item[n] for n in ("value", "state", "progress", "coverage", "n")
        }


@ON_SQLITE
def test_its_forms_are_public_and_asked_for_once(gateway):
    code = published(gateway)

    for form, kind in (
        ("json", "application/json"), ("csv", "text/csv"), ("xml", "application/xml"),
        ("zip", "application/zip"),
    ):  # fmt: skip
        answer = plain(gateway, f"/v1/reports/{code}.{form}")
        assert answer.headers["content-type"].startswith(kind)
        tag = {"If-None-Match": answer.headers["etag"]}
        assert plain(gateway, f"/v1/reports/{code}.{form}", headers=tag).status_code == 304
    listed = plain(gateway, "/v1/reports").json()
    assert [item["code"] for item in listed["items"]] == [code]
    assert listed["items"][0]["created_by"] is None, "who made it is not for the public"


@ON_SQLITE
def test_the_same_bytes_whatever_the_language(gateway):
    code = published(gateway)

    answers = {
        plain(gateway, f"/v1/reports/{code}.zip", headers={"Accept-Language": lang}).content
        for lang in ("en", "id", "ja")
    }
    assert len(answers) == 1


@ON_SQLITE
def test_a_draft_is_for_those_alone_who_may_see_it(gateway):
    code = generated(gateway)

    for path in (f"/v1/reports/{code}", f"/v1/reports/{code}.zip"):
        assert plain(gateway, path).status_code == 404
        assert gateway.get(path, scope="metrics:read").status_code == 404
        assert gateway.get(path).status_code == 200
    assert plain(gateway, "/v1/reports").json()["items"] == []
    assert [i["status"] for i in gateway.get("/v1/reports").json()["items"]] == ["generated"]
    elsewhere = gateway.token("outcomes:read", cooperations=("another-*",))
    headers = {"Authorization": f"Bearer {elsewhere}"}
    assert plain(gateway, f"/v1/reports/{code}", headers=headers).status_code == 404
    assert plain(gateway, "/v1/reports", headers=headers).json()["items"] == []
    # A token that is no good is as good as none.
    assert plain(gateway, "/v1/reports", headers={"Authorization": "Bearer x"}).json() == {
        "items": [],
        "next": None,
    }


@ON_SQLITE
def test_the_steps_come_in_order_and_by_two_people(gateway):
    code = generated(gateway)
    step = f"/v1/reports/{code}"

    assert problem(post(gateway, f"{step}/publish")) == (409, "report-not-reviewed")
    assert problem(post(gateway, f"{step}/review")) == (409, "own-report")
    assert post(gateway, f"{step}/review", client="other").status_code == 200
    assert problem(post(gateway, f"{step}/review", client="third")) == (409, "report-reviewed")
    assert post(gateway, f"{step}/publish").status_code == 200
    assert problem(post(gateway, f"{step}/publish")) == (409, "report-published")
    assert problem(post(gateway, f"{step}/review", client="third")) == (409, "report-published")
    for method in ("PATCH", "PUT", "DELETE"):
        assert gateway.client.request(method, step).status_code == 405, "nobody edits a report"
    assert problem(post(gateway, "/v1/reports/none_2023_1/review")) == (404, "not-found")


def test_a_retry_makes_no_second_report(gateway):
    again = {"Idempotency-Key": "key-of-report"}
    first = post(gateway, "/v1/reports", PERIOD, **again)
    second = post(gateway, "/v1/reports", PERIOD, **again)
    other = post(gateway, "/v1/reports", PERIOD | {"period": "2022"}, **again)

    assert (first.status_code, second.status_code, other.status_code) == (201, 200, 409)
    assert second.json() == first.json() | {"replayed": True}
    assert len(gateway.get("/v1/reports").json()["items"]) == 1


@ON_SQLITE
def test_what_is_no_period_is_refused(gateway):
    for period in ("", "20", "2023-13", "0001", "9999", "1949", "2023/2024"):
        answer = post(gateway, "/v1/reports", PERIOD | {"period": period})
        assert answer.status_code == 422, period
    nowhere = post(gateway, "/v1/reports", PERIOD | {"cooperation": "nowhere"})
    assert nowhere.status_code == 404


@ON_SQLITE
def test_a_number_that_json_cannot_carry_is_no_fault_of_ours(gateway, air, clock):
    air(n=2**60)
    pulled_again(gateway, clock)

    assert problem(post(gateway, "/v1/reports", PERIOD)) == (409, "not-reportable")


def test_a_newer_report_lists_what_changed_and_why(gateway, air, clock):
    first = published(gateway)
    air(value=0.5, numerator=15.0, digest="corrected")
    told = pulled_again(gateway, clock)
    assert [(t["change"], t["indicator"], t["detail"]["period"]) for t in told] == [
        ("figure", "air.ispu_good_share", "2023-01")
    ]
    early, late = reviewed(gateway), reviewed(gateway)

    assert post(gateway, f"/v1/reports/{late}/publish").status_code == 200

    report = json.loads(opened(gateway, late)["report.json"])
    assert report["restatement"]["supersedes"] == first
    (change,) = report["restatement"]["changes"]
    assert (change["indicator"], change["member"]) == ("air.ispu_good_share", "value")
    assert (change["after"], change["causes"]) == (92 / 360, ["row"])
    assert plain(gateway, f"/v1/reports/{first}").json()["superseded_by"] == late
    assert problem(post(gateway, f"/v1/reports/{early}/publish")) == (409, "report-superseded")


@ON_SQLITE
def test_a_newer_report_tells_method_factor_target_and_entries_apart(gateway, air, clock):
    planner = Planner(gateway)
    line = {"committed": [amount(50, on="2022")], "spent": [amount(5, on="2022")]}
    planner.post("budget-lines", entry("yen", currency="JPY", **line))
    planner.post("budget-lines", entry("idr", currency="IDR", **line))
    rate = {k: v for k, v in entry("june", on="2022-06-03", idr_per_jpy=100.0).items()
            if k != "names"}  # fmt: skip
    assert planner.post("exchange-rates", rate).status_code == 201
    planner.change("/v1/budget-lines/yen", {"rate": "june", "spent": [amount(10, on="2022")]})
    first = published(gateway)
    air(value=0.5, numerator=15.0, method="m@2", digest="d1")
    pulled_again(gateway, clock)
    planner.change("/v1/exchange-rates/june", {"idr_per_jpy": 200.0})
    targets = planner.get("/v1/indicators/water.citarum_ika").json()["targets"]
    raised = [t | {"value": 60.0} if t["year"] == 2023 else t for t in targets]
    planner.change("/v1/indicators/water.citarum_ika", {"targets": raised})
    planner.post("commitments", commitment("one-more", step("delivered", "2022")))

    code = published(gateway)
    restated = json.loads(opened(gateway, code)["report.json"])["restatement"]
    causes = {(c["indicator"], c["member"]): c["causes"] for c in restated["changes"]}
    assert restated["supersedes"] == first
    assert causes["air.ispu_good_share", "value"] == ["method"]
    assert causes["cooperation.budget_absorption", "value"] == ["factor"]
    assert causes["water.citarum_ika", "target"] == ["target"]
    assert causes["water.citarum_ika", "progress"] == ["target"]
    assert causes["cooperation.realisation_rate", "value"] == ["row"]
    content = plain(gateway, f"/v1/reports/{code}.zip").content
    assert verifying.verify(content).failures == []


def test_no_statement_changes_what_is_published(gateway, settings):
    code, draft = published(gateway), generated(gateway)
    engine = connect(settings.database_url.get_secret_value(), timeout_s=10)

    for statement in (
        f"UPDATE report SET status = 'generated' WHERE code = '{code}'",
        f"UPDATE report SET document = '{{}}' WHERE code = '{draft}'",
        f"DELETE FROM report WHERE code = '{code}'",
        "UPDATE report_file SET content = ''",
        "DELETE FROM report_file",
        "UPDATE report_signature SET party = 'x'",
        "DELETE FROM report_signature",
        "UPDATE outcome_change SET seq = seq + 1000",
        "DELETE FROM outcome_change",
    ):
        with (
            engine.connect() as conn,
            pytest.raises(sa.exc.DBAPIError, match="never changed"),
            conn.begin(),
        ):
            conn.exec_driver_sql(statement)
    engine.dispose()


def test_the_partner_countersigns_by_a_registered_key(gateway, settings):
    code = published(gateway)
    engine = connect(settings.database_url.get_secret_value(), timeout_s=10)
    with reading(engine) as conn:
        document = report_store.document(conn, code).encode()
    with transaction(engine) as conn:
        known = store.KnownClient(
            "partner-1", "Kawasaki", "partner", "x", None, None, datetime.now(UTC), "t"
        )
        store.add_client(conn, known)
    engine.dispose()
    key = new_key()
    public = {name: key.as_dict(private=False)[name] for name in ("kty", "crv", "x")}
    wanted = {"cooperation": COOPERATION, "party": "kawasaki", "client": "partner-1", "key": public}

    def countersign(signed, client="partner-1"):
        body = {name: signed[name] for name in ("kid", "protected", "signature")}
        path = f"/v1/reports/{code}/countersignatures"
        return post(gateway, path, body, scope="outcomes:read", client=client)

    signed = signatures.sign(document, key, at=datetime.now(UTC))
    assert problem(countersign(signed)) == (422, "signature-refused"), "not registered yet"
    for wrong in ({"party": "jica"}, {"client": "nobody"}):
        answer = post(gateway, "/v1/partner-keys", wanted | wrong, scope="clients:manage")
        assert problem(answer) == (422, "key-refused")
    made = post(gateway, "/v1/partner-keys", wanted, scope="clients:manage")
    assert (made.status_code, made.json()["kid"]) == (201, key.kid)
    another = signatures.sign(document + b" ", key, at=datetime.now(UTC))
    assert problem(countersign(another)) == (422, "signature-refused")
    assert problem(countersign(signed, client="partner-2")) == (422, "signature-refused")
    for days in (-1, 1):
        at = datetime.now(UTC) + timedelta(days=days)
        misdated = signatures.sign(document, key, at=at)
        assert problem(countersign(misdated)) == (422, "signature-refused"), days
    before = plain(gateway, f"/v1/reports/{code}").json()

    assert countersign(signed).status_code == 201
    assert countersign(signed).status_code == 201, "the same again changes nothing"

    shown = plain(gateway, f"/v1/reports/{code}").json()
    assert [(s["role"], s["party"]) for s in shown["signatures"]] == [
        ("publisher", None), ("countersigner", "kawasaki"),
    ]  # fmt: skip
    assert shown["digest"] == before["digest"]
    verdict = verifying.verify(plain(gateway, f"/v1/reports/{code}.zip").content)
    assert (len(verdict.signers), verdict.failures) == (2, [])
    assert changes(gateway)[0][-1]["change"] == "report-countersigned"

    path = f"/v1/partner-keys/{key.kid}/withdrawal"
    assert post(gateway, path, scope="clients:manage").json()["withdrawn_at"] is not None
    shown = plain(gateway, f"/v1/reports/{code}").json()["signatures"][1]
    assert shown["before_withdrawal"] in (True, False)
    assert len(gateway.get("/v1/partner-keys").json()["items"]) == 1


@ON_SQLITE
def test_a_key_that_signed_reports_stays_known_and_a_leaked_one_shows(gateway, monkeypatch):
    monkeypatch.setattr(identity, "LOOK_S", 0)
    code = published(gateway)
    (signed,) = plain(gateway, f"/v1/reports/{code}").json()["signatures"]
    file, now = gateway.settings.keys_file, time.time()
    keyring.rotate(file, after_s=0, now=now - 10_000)
    keyring.rotate(file, after_s=0, now=now)

    keys = {k["kid"]: k for k in plain(gateway, "/.well-known/jwks.json").json()["keys"]}
    assert keys[signed["kid"]]["use"] == "report", "no token counts by it"
    jwk = {name: keys[signed["kid"]][name] for name in ("kty", "crv", "x")}
    assert signatures.thumbprint(jwk) == signed["kid"]

    keyring.withdraw(file, signed["kid"], now=now + 60)
    shown = plain(gateway, f"/v1/reports/{code}").json()["signatures"][0]
    assert (shown["withdrawn_at"] is not None, shown["before_withdrawal"]) == (True, True)
    content = plain(gateway, f"/v1/reports/{code}.zip").content
    assert verifying.verify(content).signers[0].withdrawn_at is not None
    assert '"d"' not in json.dumps(plain(gateway, "/.well-known/jwks.json").json())


def test_the_feed_tells_everything_once_and_goes_on(gateway, air, clock):
    first, cursor = changes(gateway, limit=5)
    rest, end = changes(gateway, cursor)
    assert len(first) == 5
    assert [item["seq"] for item in first + rest] == list(range(1, 13))
    assert changes(gateway, end) == ([], end)

    code = published(gateway)
    (report,), end = changes(gateway, end)
    assert (report["change"], report["detail"]["code"]) == ("report-published", code)
    air(value=None, numerator=None, state="insufficient")
    (told,) = pulled_again(gateway, clock)
    assert (told["detail"]["value"], told["detail"]["state"]) == (None, "insufficient")
    elsewhere = gateway.token("outcomes:read", cooperations=("another-*",))
    headers = {"Authorization": f"Bearer {elsewhere}"}
    page = plain(gateway, "/v1/changes", headers=headers).json()
    assert page["items"] == []
    assert decode_cursor(page["next"])["seq"] == told["seq"]
    bad = gateway.get("/v1/changes", params={"cursor": "eyJzZXEiOiJ4In0"})
    assert problem(bad) == (400, "bad-cursor")


def test_a_change_is_never_numbered_behind_one_that_can_be_seen(settings):
    """Whoever appends first holds the numbers until it commits; a second one waits."""
    engine, at = connect(settings.database_url.get_secret_value(), timeout_s=10), datetime.now(UTC)

    def append(kind):
        with transaction(engine) as conn:
            feed.append(conn, [feed.News(kind, {}, cooperation="x")], at=at)

    second = threading.Thread(target=append, args=(feed.COUNTERSIGNED,))
    with transaction(engine) as conn:
        feed.append(conn, [feed.News(feed.PUBLISHED, {}, cooperation="x")], at=at)
        second.start()
        second.join(0.2)
        assert second.is_alive()
    second.join(10)

    with reading(engine) as conn:
        told, _ = feed.read(conn, after=0, limit=9, cooperations=["x"], areas={})
        assert feed.newest(conn) == 2
    engine.dispose()
    assert [(each.seq, each.news.kind) for each in told] == [
        (1, feed.PUBLISHED), (2, feed.COUNTERSIGNED),
    ]  # fmt: skip


def test_what_was_known_before_there_was_a_feed_begins_it(
    sqlite_templates, postgres_templates, tmp_path
):
    for url in (sqlite_templates.new(tmp_path / "old.sqlite", ()), postgres_templates.new(())):
        engine = connect(url, timeout_s=10)
        with transaction(engine) as conn:
            migrate.upgrade_within(conn, PACKAGES, ("c003", "g002"))
            for place, (period, ended) in enumerate((("2022", "2026-01-02"), ("2021", None))):
                conn.execute(
                    sa.text(
                        "INSERT INTO figure (service, indicator, jurisdiction, period, value, unit,"
                        " state, n, expected, origin, method, stations, detail, digest, valid_from,"
                        " valid_to) VALUES ('waste', 'waste.generated', 'bandung', :period, 1.5,"
                        " 't', 'ok', 1, 1.0, 'real', 'm@1', '[]', '{}', 'd', :at, :ended)"
                    ).bindparams(
                        sa.bindparam("at", type_=sa.DateTime(timezone=True)),
                        sa.bindparam("ended", type_=sa.DateTime(timezone=True)),
                    ),
                    {
                        "period": period,
                        "at": datetime(2026, 1, 1 + place, tzinfo=UTC),
                        "ended": ended and datetime.fromisoformat(ended).replace(tzinfo=UTC),
                    },
                )
        migrate.upgrade(engine, PACKAGES)

        with reading(engine) as conn:
            (told,), last = feed.read(
                conn, after=0, limit=9, cooperations=(), areas={"waste.generated": ["bandung"]}
            )
            assert feed.read(
                conn, after=0, limit=9, cooperations=(), areas={"waste.generated": ["kawasaki"]}
            ) == ([], last)
            assert feed.newest(conn) == told.seq == 1
        engine.dispose()
        assert told.at == datetime(2026, 1, 2, tzinfo=UTC)
        assert told.news.detail == {
            "jurisdiction": "bandung", "period": "2021", "unit": "t", "value": 1.5,
            "state": "ok", "method": "m@1", "digest": "d", "ended": False,
        }  # fmt: skip


def test_both_databases_give_the_same_bytes(sqlite_templates, postgres_templates, tmp_path, schema):
    known, at = profile.load(None), datetime(2026, 11, 24, 9, 0, 0, 123456, tzinfo=UTC)
    documents, files = set(), []
    for url in (
        sqlite_templates.new(tmp_path / "same.sqlite", schema),
        postgres_templates.new(schema),
    ):
        engine = connect(url, timeout_s=10)
        with transaction(engine) as conn:
            for service in ("waste", "water", "air"):
                own = [f for f in FIGURES if f.indicator.startswith(service)]
                store.keep_figures(conn, service, own, at=at)
            made = making.generate(
                conn,
                known,
                GatewaySettings(issuer="https://kembar.example"),
                TEXTS,
                cooperation=COOPERATION,
                period=Period.parse("2023"),
                client="maker",
                now=at,
            )
        with reading(engine) as conn:
            documents.add(report_store.document(conn, made.code))
            files.append(report_store.files(conn, made.code))
        engine.dispose()

    assert len(documents) == 1
    assert files[0] == files[1]


@ON_SQLITE
def test_every_step_is_in_the_audit_trail(gateway):
    code = published(gateway)

    items = gateway.get("/v1/audit", scope="audit:read", params={"action": "report"}).json()
    assert [(i["client"], i["subject"], i["detail"]["did"]) for i in items["items"]] == [
        ("maker", code, "generated"), ("other", code, "reviewed"), ("maker", code, "published"),
    ]  # fmt: skip


@ON_SQLITE
def test_a_backup_brings_reports_to_the_other_database_as_they_were(
    gateway, settings, postgres_templates, schema, tmp_path
):
    code = published(gateway)
    engine = connect(settings.database_url.get_secret_value(), timeout_s=10)
    kept = {"service": "gateway", "files": {}, "told": lambda _: None}
    backup.create(engine, tmp_path / "backup", **kept)
    with reading(engine) as conn:
        document, packed = report_store.document(conn, code), report_store.files(conn, code)
    engine.dispose()

    other = connect(postgres_templates.new(()), timeout_s=10)
    backup.restore(other, schema, tmp_path / "backup", **kept)

    with reading(other) as conn:
        assert report_store.document(conn, code) == document
        assert report_store.files(conn, code) == packed
        assert len(report_store.signatures(conn, code)) == 1
    with pytest.raises(sa.exc.DBAPIError, match="never changed"), other.begin() as conn:
        conn.exec_driver_sql("DELETE FROM report")
    other.dispose()
