import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from joserfc.jwk import ECKey, OKPKey

from kembar_shared.chassis import revocations
from kembar_shared.chassis.keys import LEAST_PAUSE_S, RemoteKeys
from kembar_shared.chassis.problems import KeysUnavailable


def key(kid):
    return OKPKey.generate_key("Ed25519", {"kid": kid})


class Issuer(ThreadingHTTPServer):
    """Publishes keys, and counts how often it is asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.keys = [key("first")]
        self.body = None
        self.status = 200
        self.revoked = {}
        self.signer = None
        self.asked = 0
        self.holds = None
        self.url = f"http://127.0.0.1:{self.server_port}/jwks.json"
        self.list_url = f"http://127.0.0.1:{self.server_port}/revocations"

    def content(self, path):
        if path == "/revocations":
            return revocations.sign(self.revoked, self.signer or self.keys[0]).encode()
        members = [each.as_dict(private=False) for each in self.keys]
        return self.body if self.body is not None else json.dumps({"keys": members}).encode()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked += 1
        if self.server.holds is not None:
            self.server.holds.wait(10)
        content = self.server.content(self.path)
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        return


@pytest.fixture
def issuer():
    server = Issuer()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def wait_until(condition):
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_known_key_costs_no_question(issuer, clock):
    keys = RemoteKeys(issuer.url, None, 300, clock=clock)

    for _ in range(100):
        assert keys.find("first").kid == "first"
    assert issuer.asked == 1


def test_unknown_keys_cost_one_question_per_pause(issuer, clock):
    keys = RemoteKeys(issuer.url, None, 300, clock=clock)
    assert [keys.find(f"' OR {n}") for n in range(50)] == [None] * 50
    assert issuer.asked == 1

    clock.now += LEAST_PAUSE_S
    issuer.keys.append(key("second"))
    assert keys.find("second").kid == "second"
    assert keys.find("third") is None
    assert issuer.asked == 2


def test_an_old_set_is_renewed_behind_the_scenes_and_a_withdrawn_key_goes(issuer, clock):
    keys = RemoteKeys(issuer.url, None, 60, clock=clock)
    keys.find("first")
    issuer.keys = [key("second")]
    clock.now += 61

    assert keys.find("first") is not None
    wait_until(lambda: keys.find("first") is None)
    assert keys.find("second") is not None


def test_the_last_set_serves_while_the_issuer_is_away(issuer, clock, tmp_path):
    file = tmp_path / "folder" / "keys.json"
    RemoteKeys(issuer.url, file, 60, clock=clock).find("first")
    assert "d" not in json.loads(file.read_text())["keys"][0]
    assert [path.name for path in file.parent.iterdir()] == ["keys.json"]

    issuer.status = 503
    restarted = RemoteKeys(issuer.url, file, 60, clock=clock)
    for _ in range(3):
        assert restarted.find("first").kid == "first"
        clock.now += 1000


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b'{"keys": 1}',
        b'{"keys": [1]}',
        b"",
        b'{"keys": [{"kty": "OKP"}]}',
        b"\xff",
        b"x" * 1_000_000,
        b'{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "!"}]}',
    ],
    ids=range(9),
)
def test_rubbish_never_replaces_a_key_set(issuer, clock, tmp_path, body):
    file = tmp_path / "keys.json"
    keys = RemoteKeys(issuer.url, file, 60, clock=clock)
    keys.find("first")
    kept = file.read_bytes()

    issuer.body = body
    clock.now += LEAST_PAUSE_S
    assert keys.find("other") is None
    assert keys.find("first") is not None
    assert file.read_bytes() == kept


def test_keys_of_other_kinds_are_passed_over(issuer, clock):
    issuer.keys.append(ECKey.generate_key("P-256", {"kid": "elliptic"}))
    keys = RemoteKeys(issuer.url, None, 60, clock=clock)

    assert keys.find("elliptic") is None
    assert keys.find("first") is not None


def test_without_any_set_tokens_cannot_be_checked(issuer, clock, tmp_path):
    (tmp_path / "keys.json").write_text("torn")
    issuer.status = 500
    keys = RemoteKeys(issuer.url, tmp_path / "keys.json", 60, clock=clock)
    with pytest.raises(KeysUnavailable):
        keys.find("first")

    issuer.status = 200
    clock.now += LEAST_PAUSE_S
    assert keys.find("first") is not None


@pytest.fixture
def polled(issuer, tmp_path):
    """Return a function that makes keys with a list, kept in one folder."""

    def make():
        file = tmp_path / "water.jwks.json"
        return RemoteKeys(issuer.url, file, 300, revocations_url=issuer.list_url, poll_s=0.1)

    return make


def test_a_poll_brings_what_was_revoked_and_it_stays_known(issuer, polled):
    keys = polled()
    issuer.revoked = {"abc": 3}
    keys.poll()
    assert (keys.least_generation("abc"), keys.least_generation("def")) == (3, 0)

    issuer.status = 503
    keys.poll()
    restarted = polled()
    restarted.poll()
    assert (keys.least_generation("abc"), restarted.least_generation("abc")) == (3, 3)

    issuer.status, issuer.revoked = 200, {}
    restarted.poll()
    assert restarted.least_generation("abc") == 0


def test_a_poll_drops_a_withdrawn_key_and_keeps_the_others_as_they_are(issuer, polled):
    issuer.keys.append(key("second"))
    keys = polled()
    keys.poll()
    first = keys.held("first")
    keys.poll()
    assert keys.held("first") is first

    issuer.keys.pop(0)
    keys.poll()
    assert (keys.held("first"), keys.find("first")) == (None, None)
    assert polled().held("first") is None
    assert keys.held("second") is not None


def test_it_polls_by_itself_until_it_is_stopped(issuer, polled):
    keys = polled()
    keys.start()
    issuer.revoked = {"abc": 1}
    wait_until(lambda: keys.least_generation("abc") == 1)
    keys.stop()
    asked = issuer.asked

    time.sleep(0.3)
    assert issuer.asked == asked


def test_a_list_that_the_issuer_did_not_sign_changes_nothing(issuer, polled):
    keys = polled()
    issuer.revoked = {"abc": 1}
    keys.poll()

    issuer.signer, issuer.revoked = key("first"), {}
    keys.poll()
    assert keys.least_generation("abc") == 1

    issuer.signer = None
    keys.poll()
    assert keys.least_generation("abc") == 0


@pytest.mark.parametrize(
    "kept", ["", "[]", "{}", '{"revoked": 1}', '{"revoked": {"abc": true}}', "\ud800"], ids=range(6)
)
def test_a_damaged_list_on_disk_is_none(issuer, polled, tmp_path, kept):
    file = tmp_path / "water.jwks.revocations.json"
    file.write_bytes(kept.encode("utf-8", "surrogatepass"))

    keys = polled()
    issuer.revoked = {"abc": 1}
    keys.poll()

    assert json.loads(file.read_text()) == {"revoked": {"abc": 1}}


def test_what_cannot_be_kept_counts_all_the_same(issuer, tmp_path):
    (tmp_path / "full").write_text("no folder")
    file = tmp_path / "full" / "water.jwks.json"
    keys = RemoteKeys(issuer.url, file, 300, revocations_url=issuer.list_url)
    issuer.revoked = {"abc": 1}

    keys.poll()

    assert keys.held("first") is not None
    assert keys.least_generation("abc") == 1


def test_a_key_asked_for_brings_what_was_revoked_along(issuer, polled):
    issuer.status = 503
    keys = polled()
    keys.poll()
    issuer.status, issuer.revoked = 200, {"abc": 3}

    assert keys.find("first") is not None
    assert keys.least_generation("abc") == 3


def test_nobody_queues_up_behind_an_issuer_that_hangs(issuer, polled):
    keys = polled()
    keys.poll()
    issuer.asked, issuer.holds = 0, threading.Event()
    poll = threading.Thread(target=keys.poll)
    poll.start()
    wait_until(lambda: issuer.asked == 1)
    try:
        began = time.perf_counter()
        assert [keys.find(f"forged-{n}") for n in range(40)] == [None] * 40
        assert keys.find("first") is not None
        assert time.perf_counter() - began < 1
        assert poll.is_alive()
    finally:
        issuer.holds.set()
        poll.join()
