"""A server that answers as the gateway is promised to, so that the client is tried over HTTP."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest


class Gateway(ThreadingHTTPServer):
    """Answers (method, path) with its answers one after the other, with the last for ever."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answerer)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.requests = []
        self.answers = {}
        self.answer("POST", "/oauth/token", 200, {"access_token": "abc", "expires_in": 900})

    def answer(self, method, path, status, body, **headers):
        self.answers.setdefault((method, path), []).append((status, body, headers))

    def seen(self, path):
        return [request for request in self.requests if request["path"] == path]


class Answerer(BaseHTTPRequestHandler):
    def do_GET(self):
        address = urlsplit(self.path)
        self.server.requests.append(
            {
                "path": address.path,
                "query": dict(parse_qsl(address.query)),
                "headers": self.headers,
                "body": self.rfile.read(int(self.headers.get("Content-Length", 0))),
            }
        )
        answers = self.server.answers.get((self.command, address.path), [(404, {}, {})])
        status, body, headers = answers.pop(0) if len(answers) > 1 else answers[0]
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 - the name that http.server calls

    def log_message(self, *_):
        pass


@pytest.fixture
def gateway():
    with Gateway() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def credentials(tmp_path):
    file = tmp_path / "credentials.json"
    roles = ("field-agent", "operator", "partner")
    clients = {role: {"client_id": f"{role}-id", "client_secret": "s3cret"} for role in roles}
    file.write_text(json.dumps({"clients": clients}))
    return file
