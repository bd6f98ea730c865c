"""A door before a server: open, shut (refused) or without an answer (hanging). It counts what goes through."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from typing import Self

_REQUEST = re.compile(rb"(GET|POST|PUT|PATCH|DELETE) (\S+) HTTP/1\.1")


class Gate:
    """Passes TCP from a port of its own to `target`."""

    def __init__(self, target: int) -> None:
        self.requests: list[str] = []  # "POST /api/2.0/mlflow/runs/create"
        self.held = threading.Event()  # somebody was let in while nobody answers
        self._target, self._hanging = target, False
        self._sockets: list[socket.socket] = []
        self._listener: socket.socket | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()

    def open(self) -> None:
        """Let everybody through to the server."""
        self._hanging = False
        self._listen()

    def hang(self) -> None:
        """Let everybody in and answer nobody."""
        self._hanging = True
        self.held.clear()
        self._listen()

    def shut(self) -> None:
        """Refuse everybody, and break off every conversation."""
        if self._listener:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._thread.join()
            self._listener = None
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._sockets.clear()

    def count(self, end: str) -> int:
        """How many requests went to an address that ends so."""
        return sum(request.partition("?")[0].endswith(end) for request in self.requests)

    def _listen(self) -> None:
        self.shut()
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen()
        self._thread = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self._sockets.append(client)
            if self._hanging:
                self.held.set()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            self._sockets.append(server)
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else 40 ms a request
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                found = _REQUEST.match(data)
                if found:
                    self.requests.append(f"{found[1].decode()} {found[2].decode()}")
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
