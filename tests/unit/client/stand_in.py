"""Answers on its port as any of the four processes would; run by `kembar up` in test_up."""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROLES = ("operator", "field-agent", "partner", "scraper")
ANSWERS = {
    "/oauth/token": {"access_token": "abc"},
    "/v1/outcomes": {"items": [{"state": "ok"}]},
    "/water/v1/stations": {"items": [{"code": "CPM-01"}]},
}
RECEIPT = {"received": 5, "rejected": 2, "last_time": "2023-08-01T00:00:00Z"}


class Answerer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        content = json.dumps(ANSWERS.get(self.path.split("?")[0], RECEIPT)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 - the name that http.server calls


def main(name):
    task, prefix = sys.argv[1], f"KEMBAR_{name.upper()}_"
    print(name, task, os.getpid(), flush=True)
    if task == "migrate":
        sys.exit(os.environ.get("STAND_IN_FAULT") or int(os.environ.get("STAND_IN_CODE", "0")))
    has_clients = "STAND_IN_CLIENTS" in os.environ
    if name == "gateway" and has_clients == (task == "credentials"):
        clients = {role: {"client_id": role, "client_secret": "x"} for role in ROLES}
        file = Path(os.environ[f"{prefix}CREDENTIALS_FILE"])
        file.write_text(json.dumps({"clients": clients}))
    if task == "credentials":
        sys.exit(0)
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ[f"{prefix}PORT"])), Answerer)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()
