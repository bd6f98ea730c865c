"""Requests of strangers to `suite serve`: sound ones, with changes in the document, the file or the head."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tests.fuzzing import changed
from tests.test_damage import places

VALUES: list[Any] = [
    None, True, False, 0, -1, 255, 256, 0.5, 1e308, -1e39, 1e-320, 2**63, 10**20, 10**400, "", "a", "x" * 5000,
    "\ud800", "\0", "images", "encoded", "pixels", "label", "probabilities", "UINT8", "BYTES", "FP32", [], {}, [[]],
    [[[[1]]]],
    [[[[1], [2]], [[3]]]], [[[[[[[1]]]]]]], {"b64": ""}, {"b64": "AAAA"}, {"name": []}, [{"name": "label"}] * 3,
    {"images": [[[[0]]]]}, [1] * 300, ["a" * 3000, "", ""], [{"b64": ""}] * 300, [-1], [10**20, 10**20], [0], [True],
]  # fmt: skip
KEYS = ["instances", "inputs", "outputs", "signature_name", "id", "parameters", "b64", "name", "shape", "data"]
WORDS = [
    b"[", b"]", b"{", b"}", b'"', b",", b":", b"null", b"NaN", b"-Infinity", b"1e999", b"\\ud800", b"\xff", b"\x00",
    b"9" * 5000, b"[" * 3000, b'{"a":' * 2000, b"instances", b"inputs", b"encoded", b"b64", b"-", b"0.0", b"=",
]  # fmt: skip
METHODS = ["GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "post", "X" * 200]
HEADERS = [
    ("content-encoding", "gzip"), ("content-encoding", "identity"), ("content-length", "9" * 19),
    ("content-length", "0"), ("content-type", "application/x-protobuf"), ("content-type", "\xff"),
    ("accept", "text/html"), ("host", "evil.example"), ("host", "localhost:99999999"), ("host", "[::1"),
    ("host", "a@b"), ("host", ""),
    ("transfer-encoding", "chunked"), ("transfer-encoding", "gzip, chunked"), ("expect", "100-continue"),
    ("connection", "upgrade"), ("upgrade", "websocket"), ("upgrade", "h2c"), ("x-forwarded-host", "<script>"),
    ("range", "bytes=0-1"), ("if-none-match", "*"), ("inference-header-content-length", "-1"), ("x", "y" * 9000),
]  # fmt: skip
PATHS = [
    "/", "*", "//", "/..", "/../../etc/passwd", "/%2e%2e/%00", "/v1", "/v1/models/", "/v2/", "/v2/models", "/page/ask/",
    "/v1/models/%1b%5b2J:predict", "/v1/models/%0d%0aX:predict", "/v2/models/%ff/infer", "/v2/models/a%2Fb/infer",
    "/v1/models/" + "n" * 9000 + ":predict", "/page.json?x=%3Cscript%3E", "//evil.example/v2/",
    "http://evil.example/v2",
]  # fmt: skip
HTTP = [
    b"\r\n", b"\n", b"\r\n\r\n", b": ", b"GET ", b" HTTP/1.1", b" HTTP/9.9", b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 99999999999999999999\r\n", b"Content-Length: -1\r\n", b"Expect: 100-continue\r\n",
    b"Upgrade: websocket\r\nConnection: upgrade\r\n", b"\x00", b"\xff", b"%00", b"%", b"..", b"//", b"\x16\x03\x01",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"x" * 70_000, b"Host: evil\r\n", b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"\t",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request, as it is sent."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def raw(self) -> bytes:
        """The request on the wire."""
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What is asked of one server: of a model under these two paths, whose pictures have a shape."""

    first: str
    second: str
    image: tuple[int, int, int]
    pictures: Sequence[bytes]  # files
    sizes: Sequence[bytes]  # what stands in their heads

    @property
    def documents(self) -> list[tuple[str, dict[str, Any]]]:
        """Sound documents, each with its path."""
        rows = [[[[7] * self.image[2]] * 4] * 3] * 2
        flat = [0.5] * (self.image[0] * self.image[1] * self.image[2])
        file = base64.b64encode(self.pictures[0]).decode()
        small = {
            "name": "images",
            "datatype": "UINT8",
            "shape": [1, 2, 3, self.image[2]],
            "data": [9] * 6 * self.image[2],
        }
        pixels = {"name": "pixels", "datatype": "FP32", "shape": [1, *self.image], "data": flat}
        encoded = {"name": "encoded", "datatype": "BYTES", "shape": [1], "data": [file]}
        predict, infer = f"{self.first}:predict", f"{self.second}/infer"
        return [
            (predict, {"instances": rows}), (predict, {"instances": [{"images": rows[0]}]}),
            (predict, {"inputs": {"images": rows}}), (predict, {"signature_name": "images", "inputs": rows}),
            (predict, {"signature_name": "encoded", "instances": [{"b64": file}]}),
            (f"{self.first}/versions/1:predict", {"signature_name": "encoded", "inputs": {"encoded": [{"b64": file}]}}),
            (infer, {"id": "7", "inputs": [small], "outputs": [{"name": "label"}]}), (infer, {"inputs": [pixels]}),
            (f"{self.second}/versions/1/infer", {"inputs": [encoded], "outputs": [{"name": "probabilities"}]}),
        ]  # fmt: skip

    def drawn(self, seed: int) -> Asked:
        """Return one of the requests with a few changes."""
        source = random.Random(seed)
        path, document = source.choice(self.documents)
        how = source.random()
        if how < 0.25:
            path, body = self._filed(source)
        elif how < 0.75:
            body = json.dumps(_other(document, source)).encode()
        else:
            body = json.dumps(document).encode()
        if how > 0.5 and source.random() < 0.5:
            body = changed(body, WORDS, source)
        return self._headed(path, body, source)

    def wired(self, seed: int) -> bytes:
        """Return one of the requests on the wire, with a few changes in any of its bytes."""
        source = random.Random(seed)
        raw = self.drawn(seed).raw
        return changed(raw, HTTP, source) if source.random() < 0.8 else raw

    def _filed(self, source: random.Random) -> tuple[str, bytes]:
        """Return a request about a file that was changed."""
        file = changed(source.choice(self.pictures), self.sizes, source)
        if source.random() < 0.4:
            return "/page/ask", file
        text = base64.b64encode(file).decode()
        told = {"signature_name": "encoded", "instances": [{"b64": text}] * source.choice([1, 1, 2, 8])}
        return f"{self.first}:predict", json.dumps(told).encode()

    def _headed(self, path: str, body: bytes, source: random.Random) -> Asked:
        """Return a request with this body; in one of five its method, path or headers are changed."""
        method, headers = "POST", [("host", "localhost"), ("content-length", str(len(body)))]
        if source.random() < 0.2:
            method = source.choice(["POST", "POST", *METHODS])
            path = source.choice([path, path, *PATHS, path + "/", path.replace("1", "2"), path[: source.randrange(40)]])
            for name, value in source.sample(HEADERS, source.randrange(4)):
                kept = [header for header in headers if header[0] != name]
                headers = [*(kept if source.random() < 0.8 else headers), (name, value)]
        return Asked(method=method, path=path or "/", headers=tuple(headers), body=body)


def _other(document: dict[str, Any], source: random.Random) -> Any:
    """Return a document with up to three values changed, moved away or added."""
    told: Any = deepcopy(document)
    for _ in range(source.randint(1, 3)):
        if not isinstance(told, dict) or not told:
            return source.choice(VALUES)
        *above, last = source.choice(list(places(told)))
        node = told
        for key in above:
            node = node[key]
        if source.random() < 0.2:
            del node[last]
        elif source.random() < 0.2:
            told[source.choice(KEYS)] = deepcopy(source.choice(VALUES))
        else:
            node[last] = deepcopy(source.choice(VALUES))
    return told
