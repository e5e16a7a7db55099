import contextlib
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from kembar_shared.chassis.database import connect, cut_log, is_sqlite, reading, writing
from kembar_shared.chassis.problems import BadRequest, DatabaseUnavailable


@pytest.fixture
def open_engine():
    engines = []

    def open_(url, timeout_s=10.0):
        engines.append(connect(url, timeout_s=timeout_s))
        return engines[-1]

    yield open_
    for engine in engines:
        engine.dispose()


@pytest.fixture
def engine(database_url, open_engine):
    engine = open_engine(database_url)
    with writing(engine) as conn:
        conn.execute(sa.text("CREATE TABLE well (code TEXT PRIMARY KEY, depth INTEGER)"))
    return engine


def codes(conn):
    return list(conn.execute(sa.text("SELECT code FROM well ORDER BY code")).scalars())


def add(conn, code):
    conn.execute(sa.text("INSERT INTO well (code) VALUES (:code)"), {"code": code})


def fail_after(conn, statement):
    conn.execute(sa.text(statement))
    raise ZeroDivisionError


def test_what_is_written_stays_and_what_fails_does_not(engine):
    with writing(engine) as conn:
        add(conn, "A1")
    with pytest.raises(ZeroDivisionError), writing(engine) as conn:
        fail_after(conn, "INSERT INTO well (code) VALUES ('A2')")

    with reading(engine) as conn:
        assert codes(conn) == ["A1"]


def test_a_schema_change_is_part_of_its_transaction(engine):
    with pytest.raises(ZeroDivisionError), writing(engine) as conn:
        fail_after(conn, "CREATE TABLE pump (code TEXT)")

    assert sa.inspect(engine).get_table_names() == ["well"]


def test_a_reader_sees_one_moment(engine):
    with reading(engine) as reader:
        assert codes(reader) == []
        with writing(engine) as writer:
            add(writer, "A1")
        assert codes(reader) == []
    with reading(engine) as reader:
        assert codes(reader) == ["A1"]


def test_a_reader_cannot_write(engine):
    with pytest.raises(DatabaseUnavailable), reading(engine) as conn:
        add(conn, "A1")
    with writing(engine) as conn:
        add(conn, "A2")

    with reading(engine) as conn:
        assert codes(conn) == ["A2"]


def test_a_mistake_in_our_sql_is_no_outage(engine):
    for statement in ("SELECT nothing FROM nowhere", "SELECT FROM FROM"):
        with pytest.raises(sa.exc.DBAPIError), reading(engine) as conn:
            conn.execute(sa.text(statement))
    with writing(engine) as conn:
        conn.execute(sa.text("CREATE TABLE pump (depth INTEGER CHECK (depth > 0))"))
    with pytest.raises(sa.exc.IntegrityError), writing(engine) as conn:
        conn.execute(sa.text("INSERT INTO pump VALUES (0)"))


def test_many_writers_wait_for_each_other(engine):
    def work(name):
        for number in range(20):
            with writing(engine) as conn:
                seen = len(codes(conn))
                conn.execute(
                    sa.text("INSERT INTO well VALUES (:code, :depth)"),
                    {"code": f"{name}-{number}", "depth": seen},
                )

    threads = [threading.Thread(target=work, args=(name,)) for name in "ABCD"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with reading(engine) as conn:
        assert len(codes(conn)) == 80


def test_waiting_for_a_lock_ends(engine, database_url, open_engine):
    impatient = open_engine(database_url, timeout_s=2)
    with writing(engine) as conn:
        if is_sqlite(conn):
            add(conn, "A1")
        else:
            conn.execute(sa.text("LOCK TABLE well"))
        began = time.monotonic()
        with pytest.raises(DatabaseUnavailable) as outage, writing(impatient) as other:
            add(other, "A2")

    assert 0.3 < time.monotonic() - began < 5
    assert outage.value.headers == {"Retry-After": "5"}


def test_a_turn_to_write_is_waited_for_no_longer_than_it_takes(sqlite_url, open_engine):
    engine = open_engine(sqlite_url, timeout_s=1)
    with writing(engine):
        began = time.monotonic()
        with pytest.raises(DatabaseUnavailable), writing(engine):
            pass
        assert 0.3 < time.monotonic() - began < 5
    with writing(engine):
        pass


def test_a_secret_is_in_no_error(postgres_url, open_engine):
    url = postgres_url.replace("kembar@", "kembar:hush@")
    with pytest.raises(sa.exc.DBAPIError) as error, reading(open_engine(url)) as conn:
        conn.execute(sa.text("SELECT nothing WHERE :secret = ''"), {"secret": "hush"})

    assert "hush" not in str(error.value)
    assert "hush" not in repr(open_engine(url).url)


def test_a_nul_is_the_senders_mistake(postgres_url, open_engine):
    with pytest.raises(BadRequest), reading(open_engine(postgres_url)) as conn:
        conn.execute(sa.text("SELECT :text"), {"text": "a\0b"})


# SQLite


def test_sqlite_keeps_what_it_acknowledges(tmp_path, open_engine):
    engine = open_engine(f"sqlite:///{tmp_path}/new/folder/test.sqlite")
    with writing(engine) as conn:
        pragmas = {
            name: conn.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 2_000,
    }


def test_the_log_of_a_large_transaction_is_cut_unless_someone_reads_it(tmp_path, open_engine):
    file = tmp_path / "a.sqlite"
    log = tmp_path / "a.sqlite-wal"
    engine = open_engine(f"sqlite:///{file}", timeout_s=10)
    with writing(engine, is_large=True) as conn:
        conn.exec_driver_sql("CREATE TABLE large (t TEXT)")
        conn.exec_driver_sql("INSERT INTO large VALUES (?)", [("x" * 1000,)] * 5000)
    assert log.stat().st_size > 5_000_000 > file.stat().st_size

    with reading(engine) as conn:
        count = "SELECT count(*) FROM large"
        assert conn.exec_driver_sql(count).scalar() == 5000
        with writing(engine) as other:
            other.exec_driver_sql("INSERT INTO large VALUES ('y')")
        began = time.monotonic()
        cut_log(engine)
        assert time.monotonic() - began < 5
        assert conn.exec_driver_sql(count).scalar() == 5000
    cut_log(engine)
    assert log.stat().st_size == 0
    with reading(engine) as conn:
        assert conn.exec_driver_sql(count).scalar() == 5001
        assert conn.exec_driver_sql("PRAGMA busy_timeout").scalar() == 2000
        assert conn.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar() == 1000


def test_a_key_that_another_took_first_asks_for_a_retry(engine):
    with writing(engine) as conn:
        add(conn, "A1")
    with pytest.raises(DatabaseUnavailable), writing(engine) as conn:
        conn.execute(sa.text("INSERT INTO well (code) VALUES ('A2'), ('A1')"))

    with reading(engine) as conn:
        assert codes(conn) == ["A1"]


def test_a_file_that_is_no_database_is_an_outage(tmp_path, open_engine):
    (tmp_path / "text").write_text("this is no database" * 100)

    with pytest.raises(DatabaseUnavailable), reading(open_engine(f"sqlite:///{tmp_path}/text")):
        pass


def test_a_full_disk_is_an_outage_and_heals(tmp_path, open_engine):
    engine = open_engine(f"sqlite:///{tmp_path}/test.sqlite")
    with writing(engine) as conn:
        conn.execute(sa.text("CREATE TABLE well (code TEXT)"))
        conn.exec_driver_sql("PRAGMA max_page_count = 3")
    with pytest.raises(DatabaseUnavailable), writing(engine) as conn:
        add(conn, "x" * 100_000)
    engine.dispose()
    with writing(engine) as conn:
        add(conn, "x" * 100_000)


# PostgreSQL


def copy_in(conn, *codes):
    with conn.connection.cursor().copy("COPY well (code) FROM STDIN") as copy:
        copy.write("".join(f"{code}\n" for code in codes))


def test_a_key_that_a_copy_finds_taken_asks_for_a_retry(postgres_url, open_engine):
    engine = open_engine(postgres_url)
    with writing(engine) as conn:
        conn.execute(sa.text("CREATE TABLE well (code TEXT PRIMARY KEY)"))
        copy_in(conn, "A1")
    with pytest.raises(DatabaseUnavailable), writing(engine) as conn:
        copy_in(conn, "A2", "A1")

    with reading(engine) as conn:
        assert codes(conn) == ["A1"]


def test_a_trouble_without_a_name_asks_for_a_retry(postgres_url, open_engine):
    """As a node of a Citus cluster tells of a key that is taken."""
    told = "DO $$ BEGIN RAISE EXCEPTION 'duplicate key' USING ERRCODE = 'XX000'; END $$"
    with pytest.raises(DatabaseUnavailable), writing(open_engine(postgres_url)) as conn:
        conn.exec_driver_sql(told)


def test_postgresql_is_bounded_and_speaks_utc(postgres_url, open_engine):
    with writing(open_engine(postgres_url, timeout_s=7)) as conn:
        settings = {
            name: conn.exec_driver_sql(f"SHOW {name}").scalar()
            for name in (
                "statement_timeout",
                "lock_timeout",
                "idle_in_transaction_session_timeout",
                "synchronous_commit",
                "timezone",
            )
        }

    assert list(settings.values()) == ["7s", "4200ms", "7s", "on", "UTC"]


def test_a_slow_statement_ends(postgres_url, open_engine):
    began = time.monotonic()
    with (
        pytest.raises(DatabaseUnavailable),
        reading(open_engine(postgres_url, timeout_s=0.5)) as conn,
    ):
        conn.exec_driver_sql("SELECT pg_sleep(20)")

    assert time.monotonic() - began < 5


def test_a_server_that_is_away_is_an_outage(open_engine):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"postgresql://kembar@127.0.0.1:{closed.getsockname()[1]}/kembar"
        with pytest.raises(DatabaseUnavailable), reading(open_engine(url)):
            pass


def test_a_frozen_server_is_given_up_and_found_again(postgres_url, open_engine):
    with Tap(postgres_url) as tap:
        engine = open_engine(tap.url, timeout_s=0.5)
        with reading(engine) as conn:
            assert conn.exec_driver_sql("SELECT 1").scalar() == 1
        tap.is_open.clear()
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(DatabaseUnavailable), reading(engine) as conn:
                conn.exec_driver_sql("SELECT 1")
            assert time.monotonic() - began < 6
        tap.is_open.set()

        with reading(engine) as conn:
            assert conn.exec_driver_sql("SELECT 1").scalar() == 1


class Tap:
    """A proxy that passes bytes on while it is open, and nothing while it is closed."""

    def __init__(self, url):
        parts = urlsplit(url)
        self._target = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = url.replace(f":{parts.port}/", f":{port}/")
        self.is_open = threading.Event()
        self.is_open.set()
        self._wires = []

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.is_open.set()
        for wire in (self._listener, *self._wires):
            with contextlib.suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)
            wire.close()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            self._wires += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source, sink):
        try:
            while piece := source.recv(65536):
                self.is_open.wait()
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
