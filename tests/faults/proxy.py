"""A wire between a client and a server that loses, cuts, doubles and delays."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from urllib.parse import urlsplit


class Proxy:
    """Passes connections on to the server at *url*; `faults` says what happens to the next ones.

    Each connection takes the first of `faults`, if there is one:
    `drop-answer` passes the request on whole and the answer not at all; `cut-request` passes on
    half of what arrives first; `twice` delivers the request over two connections and answers from
    the second; `throttle` passes on 200 bytes every 10 ms; `silence` passes on nothing.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._port = self._listener.getsockname()[1]
        self.url = url.replace(f":{parts.port}", f":{self._port}", 1)
        self.faults: list[str] = []
        self.cut_at: bytes | None = None
        """Once these bytes were passed on, the connection ends before their answer."""
        self.is_open = threading.Event()
        self.is_open.set()
        self._wires: list[socket.socket] = []
        self._passed_at = time.monotonic()

    def await_silence(self, silence_s: float) -> None:
        """Wait until nothing was passed on for a while."""
        while time.monotonic() - self._passed_at < silence_s:
            time.sleep(0.05)

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.is_open.set()
        for wire in (self._listener, *self._wires):
            _close(wire)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            fault = self.faults.pop(0) if self.faults else ""
            self._wires.append(near)
            threading.Thread(target=self._serve, args=(near, fault), daemon=True).start()

    def _serve(self, near: socket.socket, fault: str) -> None:
        try:
            if fault == "silence":
                return
            far = self._connect()
            if fault == "twice":
                self._deliver_twice(near, far)
                return
            back = threading.Thread(target=self._pass, args=(far, near, fault), daemon=True)
            back.start()
            self._pass(near, far, {"drop-answer": ""}.get(fault, fault))
        except OSError:
            _close(near)

    def _connect(self) -> socket.socket:
        far = socket.create_connection(self._target)
        self._wires.append(far)
        return far

    def _deliver_twice(self, near: socket.socket, first: socket.socket) -> None:
        request = near.recv(2**20)
        near.settimeout(0.1)
        with contextlib.suppress(TimeoutError):
            while piece := near.recv(2**20):
                request += piece
        second = self._connect()
        for far in (first, second):
            far.sendall(request)
        self._pass(second, near, "")
        first.recv(2**16)

    def _pass(self, source: socket.socket, sink: socket.socket, fault: str) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(2**16):
                self.is_open.wait()
                if not self._forward(piece, source, sink, fault):
                    break
        for wire in (source, sink):
            _close(wire)

    def _forward(
        self, piece: bytes, source: socket.socket, sink: socket.socket, fault: str
    ) -> bool:
        """Do with *piece* what the fault says; return whether the connection goes on."""
        self._passed_at = time.monotonic()
        if fault == "drop-answer":
            return False
        if fault == "cut-request":
            sink.sendall(piece[: len(piece) // 2])
            return False
        if self.cut_at is not None and self.cut_at in piece:
            self.cut_at = None
            _close(source)
            sink.sendall(piece)
            time.sleep(0.2)
            return False
        step = 200 if fault == "throttle" else len(piece)
        for start in range(0, len(piece), step):
            sink.sendall(piece[start : start + step])
            time.sleep(0.01 if fault == "throttle" else 0)
        return True


def _close(wire: socket.socket) -> None:
    with contextlib.suppress(OSError):
        wire.shutdown(socket.SHUT_RDWR)
    wire.close()
