"""`GET /metrics` on an address of its own, without a token, for a network of Prometheus alone.

A thread serves it, so that it answers while the process's own connections are all taken.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

from kembar_shared.chassis.exposition import gently
from kembar_shared.chassis.settings import SettingUnfit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kembar_shared.chassis.metrics import Metrics
    from kembar_shared.chassis.settings import Settings

_SILENCE_S: Final = 10.0
"""After which a connection is given up."""


class _Listener(ThreadingHTTPServer):
    """Answers each connection in a thread that does not keep the process alive."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], metrics: Metrics) -> None:
        super().__init__(address, _Scrape)
        self.metrics = metrics

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a scraper that went away."""


class _Scrape(BaseHTTPRequestHandler):
    """Answers one scrape."""

    server: _Listener
    timeout = _SILENCE_S

    def do_GET(self) -> None:
        """Show the metrics, and nothing else."""
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404)
            return
        pieces, media_type = self.server.metrics.expose(self.headers.get("Accept", ""))
        # Whole, so that its length shows whether all of it has come.
        page = b"".join(gently(pieces, 1))
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def version_string(self) -> str:
        """Tell nobody which program this is."""
        return "kembar"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
        """Leave scrapes out of the log."""


@contextmanager
def served(settings: Settings, metrics: Metrics) -> Iterator[int | None]:
    """Serve *metrics* openly meanwhile; yields the port, or None where the settings name none.

    Raises:
        SettingUnfit: The address cannot be listened on.
    """
    if settings.metrics_port is None:
        yield None
        return
    address = (settings.metrics_host, settings.metrics_port)
    try:
        listener = _Listener(address, metrics)
    except OSError as error:
        raise SettingUnfit(
            f"metrics_port: {address[0]}:{address[1]}: {error.strerror or error}"
        ) from error
    thread = threading.Thread(target=listener.serve_forever, name="scraping", daemon=True)
    thread.start()
    try:
        yield listener.server_port
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
