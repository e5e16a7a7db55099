"""On PostgreSQL the role that serves does all its work, and cannot change the audit trail."""

from __future__ import annotations

import uuid

import httpx
import psycopg
import pytest
from psycopg import errors
from pydantic import SecretStr

from kembar_shared.chassis import migrate, rights
from kembar_shared.chassis.database import connect, writing
from kembar_shared.measurement import service
from kembar_shared.measurement.settings import PACKAGES
from kembar_water.app import domain_of
from kembar_water.settings import WaterSettings
from tests.loopback import PLAIN
from tests.service.measurement.conftest import HEADER, STATION

ROW = "CPM-01,bod,{}T10:00:00+07:00,{},mg/L,,\n"
FORBIDDEN = (
    "UPDATE audit_entry SET client = 'else'",
    "DELETE FROM audit_entry",
    "TRUNCATE audit_entry",
    "DROP TABLE audit_entry",
    "ALTER TABLE audit_entry ADD COLUMN more TEXT",
    "DELETE FROM audit_head",
    "INSERT INTO audit_head VALUES (2, 0, 0, '', '')",
    "UPDATE alembic_version SET version_num = 'x'",
)


@pytest.fixture
def schema():
    """Begin with an empty database: its owner migrates it."""
    return ()


@pytest.fixture
def roles(postgres_server, afterwards):
    """Make an owner and a role that serves; they go once the database has gone."""
    mark = uuid.uuid4().hex[:8]
    owner, serving = f"kembar_owner_{mark}", f"kembar_serving_{mark}"
    with psycopg.connect(postgres_server, autocommit=True) as conn:
        conn.execute(f"CREATE ROLE {serving} LOGIN PASSWORD 'canary'")
        conn.execute(f"CREATE ROLE {owner} LOGIN PASSWORD 'canary' IN ROLE {serving}")
    afterwards.callback(_drop, postgres_server, owner, serving)
    return owner, serving


def _drop(server, *roles):
    with psycopg.connect(server, autocommit=True) as conn:
        for role in roles:
            conn.execute(f"DROP ROLE {role}")


@pytest.fixture
def serving_url(roles, postgres_url):
    """Give the URL of a database for a role that may serve from it, though another owns it."""
    owner, serving = roles
    _, _, place = postgres_url.rpartition("@")
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        conn.execute(f"ALTER DATABASE {conn.info.dbname} OWNER TO {owner}")
    engine = connect(f"postgresql://{owner}:canary@{place}", timeout_s=30)
    for _ in range(2):  # as after every release
        migrate.upgrade(engine, PACKAGES)
        with writing(engine) as conn:
            rights.grant(conn, serving)
    engine.dispose()
    return f"postgresql://{serving}:canary@{place}"


@pytest.fixture
def client(serving_url, serve, signing):
    settings = WaterSettings(database_url=SecretStr(serving_url))
    app = service.build(settings, domain_of(settings), keys=signing.keys)
    base = str(serve(app).base_url)

    def as_(*scopes, **claims):
        headers = {"Authorization": f"Bearer {signing.token(list(scopes), **claims)}"}
        return httpx.Client(base_url=base, headers=headers, **PLAIN)

    return as_


def test_it_serves_everything_and_changes_nothing_of_the_trail(client, serving_url):
    scopes = "stations:write", "measurements:write", "measurements:read", "metrics:read"
    with client(*scopes) as agent, client("measurements:review", client_id="r") as reviewer:
        assert agent.post("/v1/stations", json=STATION).status_code == 201
        csv = {"Content-Type": "text/csv", "Idempotency-Key": "once-and-again"}
        # Each needs a partition that nobody made yet.
        for day, value in (("2024-03-01", 5), ("1999-01-01", 6)):
            answer = agent.post(
                "/v1/uploads", content=HEADER + ROW.format(day, value),
                headers=csv | {"Idempotency-Key": f"key-of-{day}"},
            )  # fmt: skip
            assert answer.status_code == 201, answer.text
        one = {"station": "CPM-01", "parameter": "bod", "time": "2024-04-01T10:00:00Z",
               "value": 6.5, "unit": "mg/L"}  # fmt: skip
        assert agent.post("/v1/uploads", json={"measurements": [one]}).status_code == 201
        corrected = agent.post(
            "/v1/uploads", content=HEADER + ROW.format("2024-03-01", 7), headers=csv
        )
        assert corrected.json()["corrected"] == 1
        judged = {"flag": 4, "reason": "Dry.", "stations": ["CPM-01"], "to": "2000-01-01"}
        assert reviewer.post("/v1/reviews", json=judged).status_code == 201
        taken = agent.post(
            f"/v1/uploads/{corrected.json()['id']}/retraction", json={"reason": "By mistake."}
        )
        assert taken.status_code == 201
        assert agent.get("/metrics").status_code == 200
        assert agent.get("/readyz").status_code == 200
    with client("audit:read") as overseer:
        entries = overseer.get("/v1/audit").json()["items"]

    assert [entry["action"] for entry in entries] == [
        "station", "upload", "upload", "upload", "upload", "correction", "review", "retraction"
    ]  # fmt: skip
    with psycopg.connect(serving_url, autocommit=True) as conn:
        found = conn.execute(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'measurement'::regclass"
        ).fetchone()
        assert found[0] > 3, "the service made its partitions itself"
        for statement in FORBIDDEN:
            with pytest.raises(errors.InsufficientPrivilege):
                conn.execute(statement)


def test_one_role_for_everything_cannot_change_an_entry_either(roles, postgres_url, serve, signing):
    """The tables' owner could grant itself the right again; a mistake or an injection does not."""
    owner, _ = roles
    _, _, place = postgres_url.rpartition("@")
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        conn.execute(f"ALTER DATABASE {conn.info.dbname} OWNER TO {owner}")
    url = f"postgresql://{owner}:canary@{place}"
    engine = connect(url, timeout_s=30)
    migrate.upgrade(engine, PACKAGES)
    engine.dispose()
    settings = WaterSettings(database_url=SecretStr(url))
    app = service.build(settings, domain_of(settings), keys=signing.keys)

    operator = serve(app, token=signing.token("stations:write"))
    assert operator.post("/v1/stations", json=STATION).status_code == 201
    with psycopg.connect(url, autocommit=True) as conn:
        assert conn.execute("SELECT count(*) FROM audit_entry").fetchone() == (1,)
        for statement in FORBIDDEN[:3]:
            with pytest.raises(errors.InsufficientPrivilege):
                conn.execute(statement)
