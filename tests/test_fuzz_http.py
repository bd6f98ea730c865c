"""Requests of strangers to `suite serve`, changed in any way: an answer or one sentence, and the server goes on.

`make fuzz` tries 100,000 of each kind: documents, files and heads that are asked of the application itself, and bytes
that go to a real server.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import socket
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
import requests
from starlette.applications import Starlette
from starlette.requests import Request

from suite.serving import inference
from suite.serving.app import app
from suite.serving.asked import RequestError
from suite.serving.body import LARGEST, Bodies
from suite.serving.model import Model
from tests.asking import Asked, Asking
from tests.fuzzing import COUNT, faults
from tests.test_fuzz import SIZES, pictures
from tests.test_serving import NAME, Served
from tests.test_serving import served as served  # a real server

AT_ONCE = 40  # connections
WAITED = 0.5  # seconds for an answer to what may be the half of a request
SENTENCE = 500  # characters at most
WRONG = re.compile("Traceback|Error|Warning|fault of the suite|WebSocket")
Answer = tuple[int, dict[str, str], bytes]


def seeds(usual: int) -> range:
    first = secrets.randbits(48) if COUNT else 0
    return range(first, first + (COUNT or usual))


@pytest.fixture(scope="module")
def model(served: Served) -> Model:
    return Model(served.folder.parent)


@pytest.fixture(scope="module")
def asking(model: Model) -> Asking:
    name = quote(NAME, safe="")
    return Asking(
        first=f"/v1/models/{name}", second=f"/v2/models/{name}", image=model.image, pictures=pictures(), sizes=SIZES
    )


class Application:
    """The application, asked without a server between. `lines` are what it told."""

    def __init__(self, model: Model, hosts: tuple[str, ...]) -> None:
        self.lines: list[str] = []
        self._app: Starlette = app(model, 1.0, 2, self.lines.append, hosts)

    async def answer(self, asked: Asked) -> Answer:
        """Return status, headers and body of the answer."""
        path, _, query = asked.path.partition("?")
        headers = [(name.encode(), value.encode("latin-1")) for name, value in asked.headers]
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "scheme": "http",
            "server": ("127.0.0.1", 8501), "client": ("127.0.0.1", 9), "method": asked.method, "root_path": "",
            "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode(), "headers": headers,
        }  # fmt: skip
        parts = [asked.body[:1000], asked.body[1000:]]
        coming = iter([*({"type": "http.request", "body": part, "more_body": True} for part in parts), None])
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return next(coming) or {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        told = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return sent[0]["status"], told, b"".join(message.get("body", b"") for message in sent[1:])


def check(asked: Asked, answer: Answer) -> None:
    """Raise AssertionError for an answer that no stranger should get."""
    code, headers, body = answer
    assert 200 <= code < 300 or 400 <= code < 500 or (code == 307 and headers["location"]), f"{code}: {body[:300]!r}"
    if asked.method == "HEAD":
        return
    said = body.decode()
    if headers.get("content-type") == "application/json":
        told = json.loads(said, parse_constant=pytest.fail)
        said = told.get("error", "") if code >= 400 else ""
    assert code < 400 or said or code == 499, "nothing is said"
    if code >= 400:
        assert len(said) < SENTENCE, f"{len(said)} characters: {said[:80]}"
        assert "\n" not in said, f"lines: {said[:80]!r}"
        assert not re.search("Traceback|object at 0x", said), said


@pytest.mark.parametrize(
    "hosts", [pytest.param(("localhost",), id="here"), pytest.param(("*",), id="everywhere", marks=pytest.mark.slow)]
)
def test_any_request_is_answered_or_refused_in_a_sentence(model: Model, asking: Asking, hosts: tuple[str, ...]) -> None:
    application = Application(model, hosts)
    with asyncio.Runner() as runner:

        def fault(asked: Asked) -> Exception | None:
            application.lines.clear()
            try:
                check(asked, runner.run(application.answer(asked)))
            except Exception as error:
                return error
            wrong = [line for line in application.lines if "fault of the suite" in line]
            return AssertionError(wrong[0]) if wrong else None

        found = faults(asking.drawn, fault, seeds(250))
    for place, (asked, error) in found.items():
        print(f"{place}: {error}\n{asked.raw[:1500]!r}\n")
    assert not list(found)


def test_any_bytes_are_answered_or_refused_and_the_server_goes_on(served: Served, asking: Asking) -> None:
    wrong = asyncio.run(wired(served, asking))
    for raw, said in list(wrong.items())[:5]:
        print(f"{said!r}\n{raw[:1500]!r}\n")
    assert not wrong
    assert requests.get(served.url + "/v2/health/ready", timeout=60).status_code == 200
    assert [line for line in served.log.read_text().splitlines() if WRONG.search(line)] == []


async def wired(served: Served, asking: Asking) -> dict[bytes, bytes]:
    """Send bytes over many connections; return those that were answered wrongly, with the answers."""
    address, places = urlsplit(served.url), asyncio.Semaphore(AT_ONCE)
    wrong: dict[bytes, bytes] = {}

    async def one(seed: int) -> None:
        raw = asking.wired(seed)
        async with places:
            said = await sent(str(address.hostname), int(address.port or 0), raw)
        if said and not re.match(rb"HTTP/1\.1 (100|2\d\d|307|4\d\d) ", said):
            wrong[raw] = said

    every = seeds(150)
    for start in range(0, len(every), 1000):
        await asyncio.gather(*map(one, every[start : start + 1000]))
    return wrong


async def sent(host: str, port: int, raw: bytes) -> bytes:
    """Return the beginning of the answer to some bytes; nothing where the server waits for more of them."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(raw)
        async with asyncio.timeout(WAITED):
            return await reader.read(1000)
    except (TimeoutError, ConnectionError):
        return b""
    finally:
        writer.transport.abort()


CHUNKED = "{} {} HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("host", ["127.0.0.1", "elsewhere"])
@pytest.mark.parametrize(("method", "is_late"), [("POST", False), ("POST", True), ("HEAD", False), ("HEAD", True)])
def test_a_body_that_is_no_http_is_refused_once_whenever_it_comes(
    served: Served, host: str, method: str, is_late: bool
) -> None:
    address, before = urlsplit(served.url), served.log.read_text()
    head = CHUNKED.format(method, "/v1/models/none:predict", host).encode()
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=60) as client:
        client.sendall(head if is_late else head + b"none\r\n")
        said = client.recv(10_000) if is_late and host == "elsewhere" else b""
        client.sendall(b"none\r\n")
        with suppress(ConnectionError):
            while more := client.recv(10_000):
                said += more
    if method == "POST" or said:  # what asks for a head alone may get nothing
        assert said.count(b"HTTP/1.1 ") == 1
        assert said.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 ", b"HTTP/1.1 405 "))
    assert requests.get(served.url + "/v2/health/ready", timeout=60).status_code == 200
    assert not WRONG.search(served.log.read_text().removeprefix(before))


@pytest.mark.parametrize("outputs", [[{"name": []}], {"name": "label"}, 5, [5], [{"name": "label"}] * 2])
def test_outputs_that_are_none_or_named_twice_are_refused(outputs: Any) -> None:
    """A million times the name of one would be an answer of gigabytes."""
    with pytest.raises(RequestError, match="'outputs' may name"):
        inference.answer({"outputs": outputs}, {"probabilities": [[1.0]], "label": ["a"]}, "net", "1")


def test_a_refusal_does_not_repeat_a_request_that_is_long() -> None:
    tensor = {"name": "encoded", "datatype": "BYTES", "shape": [1] * 10_000, "data": ["", ""]}
    with pytest.raises(RequestError, match=r"^'shape' must be \[2\], the number of files$"):
        inference.question({"inputs": [tensor]})


def test_requests_that_the_memory_does_not_hold_at_once_are_to_come_again() -> None:
    async def two() -> None:
        bodies = Bodies(1000)

        def request() -> Request:
            async def receive() -> dict[str, Any]:
                return {"type": "http.request", "body": b" " * 600, "more_body": False}

            return Request({"type": "http", "headers": []}, receive)

        async with bodies.of(request()) as body:
            assert len(body) == 600
            with pytest.raises(RequestError, match="ask again later") as refused:
                async with bodies.of(request()):
                    pass
            assert refused.value.code == 429
        async with bodies.of(request()) as body:
            assert len(body) == 600

    asyncio.run(two())


def test_what_is_too_large_is_refused_before_it_has_come(served: Served) -> None:
    """Its size is told in the head, or it comes in pieces whose number nobody knows."""
    path = f"{served.url}{served.model}:predict"
    declared = {"Content-Length": str(LARGEST + 1)}
    assert requests.post(path, data=iter([b" "]), headers=declared, timeout=60).status_code == 413
    pieces = (b" " * 2**20 for _ in range(40))
    assert requests.post(path, data=pieces, timeout=60).status_code == 413
