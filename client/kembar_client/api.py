"""Kembar's public HTTP API as the command line uses it.

Failure              what the command ends on
    Misused          exit 2: a file, role or option that cannot be
    Unreachable      exit 3: nobody answers, or the server is not able to now
    Refused          exit 1: the server said no, with a problem document
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

import httpx

from kembar_client import messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import Self

MEDIA_TYPES: Final = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".parquet": "application/vnd.apache.parquet",
}
PATIENT: Final = httpx.Timeout(600, connect=5)
"""Of an upload: the server answers when every row is stored."""
TRIES: Final = 4
CHUNK_BYTES: Final = 1 << 18

Json = dict[str, Any]  # an answer: members are read by name, unknown ones are kept


class Failure(Exception):
    """A command cannot do what it was asked; its text is for the person who asked."""

    exit_code: ClassVar[int]


class Misused(Failure):
    """The command was called with something that cannot be."""

    exit_code = 2


class Unreachable(Failure):
    """No server answers, or it says that it cannot serve now."""

    exit_code = 3


class Refused(Failure):
    """The server refused the request."""

    exit_code = 1

    def __init__(self, problem: Json) -> None:
        self.problem = problem
        sentences = (problem.get(member) for member in ("title", "detail", "fix"))
        super().__init__(" ".join(str(sentence) for sentence in sentences if sentence))


def read_credentials(file: Path, role: str, *, language: str = "en") -> tuple[str, str]:
    """Return client id and secret of *role* from the credentials that the gateway wrote.

    Raises:
        Misused: The file is not there, or knows no such role.
    """
    try:
        clients = {
            name: (client["client_id"], client["client_secret"])
            for name, client in json.loads(file.read_text("utf-8"))["clients"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as cause:
        raise Misused(messages.say("error.no-credentials", language, file=file)) from cause
    if role not in clients:
        known = ", ".join(sorted(clients))
        raise Misused(
            messages.say("error.unknown-role", language, file=file, role=role, roles=known)
        )
    return clients[role]


@dataclass
class Api:
    """The API at *url*, used as one role; a token is fetched at need and kept while it lasts."""

    url: str
    credentials: Path
    role: str
    language: str = "en"
    pause: Callable[[float], None] = time.sleep
    _client: httpx.Client = field(init=False, repr=False)
    _token: tuple[str, float] | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        self.url = self.url.rstrip("/")
        # A proxy of the environment has no business between a person and loopback.
        self._client = httpx.Client(
            timeout=httpx.Timeout(30, connect=5),
            headers={"Accept-Language": self.language},
            trust_env=httpx.URL(self.url).host not in {"127.0.0.1", "localhost", "::1"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def fetch_token(self) -> Json:
        """Ask the gateway for an access token of the role; its answer, RFC 6749 section 5.1."""
        client = read_credentials(self.credentials, self.role, language=self.language)
        answer: Json = self._send(
            "POST", "/oauth/token", auth=client, data={"grant_type": "client_credentials"}
        ).json()
        return answer

    def get(self, path: str, **query: str | None) -> Json:
        """Return what GET *path* answers; a query value of None is left out."""
        answer: Json = self._authorised("GET", path, params=_given(query)).json()
        return answer

    def pages(self, path: str, **query: str | None) -> Iterator[Json]:
        """Yield the items of a list, page after page."""
        cursor: str | None = None
        while True:
            page = self.get(path, **query, cursor=cursor)
            yield from page["items"]
            cursor = page.get("next")
            if cursor is None:
                return

    def post(
        self, path: str, body: Json | None = None, *, key: str | None = None, **query: str | None
    ) -> Json:
        """Return what POST *path* answers to a JSON *body*; *key* makes a repetition safe."""
        headers = {} if key is None else {"Idempotency-Key": key}
        answer: Json = self._authorised(
            "POST", path, headers, json=body, params=_given(query)
        ).json()
        return answer

    def change(self, path: str, body: Json) -> Json:
        """Return what PATCH *path* answers to a JSON *body*, sent for the version read just now."""
        _, etag = self.tagged(path)
        return self.replace(path, body, etag=etag)

    def tagged(self, path: str, **query: str | None) -> tuple[Json, str]:
        """Return what GET *path* answers, and its entity tag."""
        answer = self._authorised("GET", path, params=_given(query))
        return answer.json(), answer.headers["ETag"]

    def replace(self, path: str, body: Json, *, etag: str, **query: str | None) -> Json:
        """Return what PATCH *path* answers to a JSON *body*, sent for the version of *etag*."""
        headers = {"If-Match": etag}
        answer: Json = self._authorised(
            "PATCH", path, headers, json=body, params=_given(query)
        ).json()
        return answer

    def put(self, path: str, file: Path, **query: str | None) -> Json:
        """Return what PUT *path* answers to *file*, which is sent as it is."""
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(file.stat().st_size),
        }
        answer: Json = self._authorised(
            "PUT",
            path,
            headers,
            content=lambda: _chunks(file),
            params=_given(query),
            timeout=PATIENT,
        ).json()
        return answer

    def download(self, path: str, **query: str | None) -> bytes:
        """Return the file that GET *path* answers."""
        return self._authorised("GET", path, params=_given(query), timeout=PATIENT).content

    def upload(
        self,
        service: str,
        file: Path,
        *,
        key: str,
        query: Mapping[str, str],
        sent: Callable[[int], None] = lambda _: None,
    ) -> Json:
        """Send *file* to *service* and return the receipt.

        Args:
            service: `waste`, `water` or `air`.
            file: What to send; its ending tells the media type, and `.gz` after it that it is
                packed.
            key: Idempotency key: however often it is sent, the file is stored once.
            query: The sender's declarations (`timezone`, `decimal`, …).
            sent: Told how many bytes of the file have left so far.

        Raises:
            Misused: The file's ending is no known format.
        """
        is_packed = file.suffix.lower() == ".gz"
        ending = (file.with_suffix("") if is_packed else file).suffix.lower()
        if ending not in MEDIA_TYPES:
            raise Misused(
                messages.say(
                    "error.unknown-format", self.language, file=file, endings=" ".join(MEDIA_TYPES)
                )
            )
        answer: Json = self._authorised(
            "POST",
            f"/{service}/v1/uploads",
            params=query,
            content=lambda: _chunks(file, sent),
            headers={
                "Content-Type": MEDIA_TYPES[ending],
                **({"Content-Encoding": "gzip"} if is_packed else {}),
                "Content-Length": str(file.stat().st_size),
                "Idempotency-Key": key,
            },
            timeout=PATIENT,
        ).json()
        return answer

    def _authorised(
        self, method: str, path: str, headers: Mapping[str, str] = {}, **request: Any
    ) -> httpx.Response:
        if self._token is None or self._token[1] < time.monotonic():
            answer = self.fetch_token()
            lasting_s = float(answer.get("expires_in", 60))
            self._token = answer["access_token"], time.monotonic() + lasting_s - 30
        return self._send(
            method,
            path,
            headers={**headers, "Authorization": f"Bearer {self._token[0]}"},
            **request,
        )

    # Any: keyword arguments of httpx.Client.request, whose types httpx keeps to itself.
    def _send(
        self,
        method: str,
        path: str,
        content: Callable[[], Iterator[bytes]] | None = None,
        **request: Any,
    ) -> httpx.Response:
        """Send a request, after a pause once more where the server asks for it."""
        for tries_left in reversed(range(TRIES)):
            body = None if content is None else content()
            try:
                answer = self._client.request(method, self.url + path, content=body, **request)
            except httpx.TransportError as cause:
                raise Unreachable(
                    messages.say("error.unreachable", self.language, url=self.url, cause=cause)
                ) from cause
            if not tries_left or not _may_repeat(answer):
                break
            self.pause(_wait_s(answer))
        if answer.is_success:
            return answer
        problem = _problem_of(answer)
        if answer.status_code >= 500:
            said = str(Refused(problem))
            raise Unreachable(
                messages.say("error.unreachable", self.language, url=self.url, cause=said)
            )
        raise Refused(problem)


def _given(query: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in query.items() if value is not None}


def _chunks(file: Path, sent: Callable[[int], None] = lambda _: None) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk
            sent(stream.tell())


def _may_repeat(answer: httpx.Response) -> bool:
    """Say whether the same may be sent again: a proxy's 502 leaves open whether it took effect."""
    if answer.status_code in {429, 503}:
        return True
    request = answer.request
    return answer.status_code in {502, 504} and (
        request.method == "GET" or "Idempotency-Key" in request.headers
    )


def _wait_s(answer: httpx.Response) -> float:
    """Return how long the server wants us to wait, at most 10 s."""
    asked = answer.headers.get("Retry-After", "1")
    return min(10.0, float(asked)) if asked.isdecimal() else 1.0


def _problem_of(answer: httpx.Response) -> Json:
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if isinstance(problem, dict):
        return problem
    return {"title": f"{answer.status_code} {answer.reason_phrase}", "status": answer.status_code}


def is_ready(url: str) -> bool:
    """Say whether the server at *url* answers that it can do its work."""
    try:
        return httpx.get(f"{url}/readyz", timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False
