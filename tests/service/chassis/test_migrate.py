import threading
import time

import pytest
import sqlalchemy as sa

from kembar_shared.chassis import migrate
from kembar_shared.chassis.database import connect, writing
from kembar_shared.chassis.problems import DatabaseUnavailable, SchemaNewer

PACKAGES = ["kembar_shared.chassis"]


@pytest.fixture
def engine(database_url):
    engine = connect(database_url, timeout_s=10)
    yield engine
    engine.dispose()


def write_package(folder, name, revisions):
    versions = folder / name / "migrations" / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    (folder / name / "__init__.py").write_text("")
    before = None
    for number, body in enumerate(revisions, 1):
        revision = f"{name}{number}"
        (versions / f"{revision}.py").write_text(
            f"import sqlalchemy as sa\nfrom alembic import op\n\n"
            f"revision = {revision!r}\ndown_revision = {before!r}\n"
            f"branch_labels = {(name,) if before is None else None!r}\ndepends_on = None\n\n"
            f"def upgrade():\n    {body}\n"
        )
        before = revision
    return name


def test_an_empty_database_becomes_current_once(engine):
    assert not migrate.is_current(engine, PACKAGES)
    migrate.upgrade(engine, PACKAGES)
    assert migrate.is_current(engine, PACKAGES)
    migrate.upgrade(engine, PACKAGES)

    assert set(sa.inspect(engine).get_table_names()) == {
        "alembic_version", "audit_entry", "audit_head", "idempotency_key", "job_lease"
    }  # fmt: skip


def test_packages_are_branches_of_their_own(engine, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    wells = write_package(tmp_path, "wells", ["op.create_table('well', sa.Column('a', sa.Text()))"])
    migrate.upgrade(engine, PACKAGES)
    assert not migrate.is_current(engine, [*PACKAGES, wells])

    migrate.upgrade(engine, [*PACKAGES, wells])
    assert migrate.is_current(engine, [*PACKAGES, wells])
    assert "well" in sa.inspect(engine).get_table_names()


def test_a_failing_upgrade_leaves_nothing(engine, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    create = "op.create_table('pump', sa.Column('a', sa.Text()))"
    pumps = write_package(tmp_path, "pumps", [create, create])
    with pytest.raises(sa.exc.DBAPIError):
        migrate.upgrade(engine, [*PACKAGES, pumps])

    assert sa.inspect(engine).get_table_names() == []


def test_two_at_once_wait_for_each_other(engine, database_url):
    failures = []

    def work():
        own = connect(database_url, timeout_s=10)
        try:
            migrate.upgrade(own, PACKAGES)
        except Exception as error:  # noqa: BLE001  reported below, in the main thread
            failures.append(error)
        finally:
            own.dispose()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert migrate.is_current(engine, PACKAGES)


def test_a_newer_database_is_left_alone(engine):
    migrate.upgrade(engine, PACKAGES)
    with writing(engine) as conn:
        conn.execute(sa.text("UPDATE alembic_version SET version_num = 'from-tomorrow'"))

    with pytest.raises(SchemaNewer):
        migrate.is_current(engine, PACKAGES)
    with pytest.raises(SchemaNewer):
        migrate.upgrade(engine, PACKAGES)


def test_who_serves_waits_for_a_migration_for_a_moment_only(postgres_url, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    engine = connect(postgres_url, timeout_s=120)
    create = "op.create_table('mill', sa.Column('a', sa.Text()))"
    mills = write_package(tmp_path, "mills", [create])
    migrate.upgrade(engine, [*PACKAGES, mills])
    grow = "op.add_column('mill', sa.Column('b', sa.Text()))"
    write_package(tmp_path, "mills", [create, grow])
    look = sa.text("SELECT count(*) FROM mill")

    with engine.connect() as reader, engine.connect() as another:
        reader.execute(look)
        migration = threading.Thread(
            target=migrate.upgrade, args=(engine, [*PACKAGES, mills]), kwargs={"queues_s": 0.2}
        )
        migration.start()
        asked = []
        for _ in range(5):
            began = time.monotonic()
            another.execute(look)
            another.rollback()
            asked.append(time.monotonic() - began)
            time.sleep(0.1)
        assert migration.is_alive()
        reader.rollback()
        migration.join(60)

    assert max(asked) < 20, "far less than the reader takes"
    assert migrate.is_current(engine, [*PACKAGES, mills])
    engine.dispose()


def test_a_migration_gives_up_where_a_table_is_never_free(postgres_url, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    engine = connect(postgres_url, timeout_s=10)
    migrate.upgrade(engine, PACKAGES)
    pumps = write_package(tmp_path, "tanks", ["op.drop_table('job_lease')"])

    with engine.connect() as reader:
        reader.execute(sa.text("SELECT count(*) FROM job_lease"))
        with pytest.raises(DatabaseUnavailable):
            migrate.upgrade(engine, [*PACKAGES, pumps], queues_s=0.1, patience_s=0.1)
    engine.dispose()


def test_a_database_that_is_missing_is_made(postgres_url):
    engine = connect(postgres_url, timeout_s=10)
    other = connect(f"{postgres_url}_new", timeout_s=10)
    try:
        with pytest.raises(DatabaseUnavailable):
            migrate.is_current(other, PACKAGES)
        migrate.upgrade(other, PACKAGES)
        assert migrate.is_current(other, PACKAGES)
    finally:
        other.dispose()
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql(f'DROP DATABASE IF EXISTS "{other.url.database}"')
        engine.dispose()
