"""Clients of `suite serve` that are slow, silent or many: the others are answered."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest
import requests

from suite.serving.server import CLIENTS
from tests.test_serving import Served
from tests.test_serving import served as served  # a real server

pytestmark = pytest.mark.faults
HEAD = "POST {path}:predict HTTP/1.1\r\nHost: localhost\r\n"
SLOW = {  # what such a client begins with, and what it adds every second
    "silent": ("", ""),
    "slow heads": (HEAD, "x: y\r\n"),
    "slow bodies": (HEAD + "Content-Length: 1000000\r\n\r\n", " "),
}
LARGE = b'{"instances": [' + b"0," * 500_000 + b"0]}"  # a megabyte


def asked(served: Served) -> int:
    """Return the status that an honest client gets."""
    return requests.get(served.url + "/v2/health/ready", timeout=60).status_code


@contextmanager
def slow(served: Served, how: str, count: int) -> Iterator[None]:
    """Hold so many connections as long as the server lets them, each with a request that never ends."""
    address, ends = urlsplit(served.url), threading.Event()
    begun, more = (text.format(path=served.model).encode() for text in SLOW[how])
    clients = [socket.create_connection((address.hostname, address.port), timeout=60) for _ in range(count)]

    def drip() -> None:
        for client in clients:
            client.sendall(begun)
        while not ends.wait(1):
            for client in clients:
                with suppress(OSError):
                    client.send(more)

    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(drip)
        try:
            yield
        finally:
            ends.set()
            done.result()
            for client in clients:
                client.close()


@pytest.mark.parametrize("how", SLOW)
def test_clients_that_do_not_go_on_keep_nobody_out(served: Served, how: str) -> None:
    """They hold as many connections as the server has. It closes them, and others are answered again."""
    with slow(served, how, CLIENTS):
        end = time.monotonic() + 120
        while (code := asked(served)) != 200:
            assert code == 503
            assert time.monotonic() < end, "the server is lost"
            time.sleep(1)


@pytest.mark.parametrize("how", SLOW)
def test_beside_slow_clients_a_hundred_others_are_answered(served: Served, how: str) -> None:
    with slow(served, how, CLIENTS - 150), ThreadPoolExecutor(100) as clients:
        assert set(clients.map(lambda number: asked(served), range(300))) == {200}


def test_a_hundred_clients_with_large_requests_are_answered(served: Served) -> None:
    def ask(number: int) -> int:
        return requests.post(f"{served.url}{served.model}:predict", data=LARGE, timeout=600).status_code

    with ThreadPoolExecutor(100) as clients:
        assert set(clients.map(ask, range(100))) <= {400, 429}
    assert asked(served) == 200
    assert "fault of the suite" not in served.log.read_text()
