"""The web application: routes, limits, errors, and a line for each request. What it answers is in its siblings."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from suite.machine.capacity import free_memory
from suite.serving import inference, predict
from suite.serving.asked import RequestError, parsed
from suite.serving.body import LARGEST, Bodies
from suite.serving.model import Answer, Model

LONGEST = 200  # characters of a path, or of a name in it, that are told
TOP = 5  # classes that the page shows
LOCAL = ("127.0.0.1", "localhost")
HERE = Path(__file__).parent
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src blob: data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}

Told = Callable[[str], None]
Work = Callable[[bytes], tuple[dict[str, Any], float]]  # from a body to the body of the answer, and the model's seconds


def app(model: Model, bare: float, processors: int, told: Told, hosts: tuple[str, ...] = LOCAL) -> Starlette:
    """Return the application that serves `model`, whose bare signature takes `bare` milliseconds.

    So many questions are answered at once as there are `processors`; the others wait. `told` gets a line for each
    request. It answers those that come to one of `hosts`; "*" is any.
    """
    bodies = Bodies(max(2 * LARGEST, free_memory() // 4))
    service = _Service(model=model, bare=bare, limiter=CapacityLimiter(processors), bodies=bodies, told=told)
    guard = Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    return Starlette(
        routes=service.routes,
        middleware=[guard],
        exception_handlers={HTTPException: _refused, RequestError: _refused, Exception: _refused},
    )


async def _refused(request: Request, error: Exception) -> Response:
    """Answer with the reason in JSON, whatever went wrong; a fault of ours is in the log by its kind only."""
    if isinstance(error, RequestError):
        return _json({"error": str(error)}, error.code)
    if isinstance(error, HTTPException):
        return _json({"error": f"{_line(request)}: {error.detail}"}, error.status_code)
    return _json({"error": "the server failed; its log has a line on it"}, 500)


def _line(request: Request) -> str:
    """Return what a request asked for, on one short line."""
    return f"{request.method[:20]} {request.url.path[:LONGEST]}"


def _json(told: Mapping[str, Any], code: int = 200) -> Response:
    return Response(json.dumps(told), code, HEADERS, "application/json")


@dataclass(frozen=True, kw_only=True)
class _Service:
    """One model behind the routes."""

    model: Model
    bare: float
    limiter: CapacityLimiter
    bodies: Bodies
    told: Told

    @property
    def routes(self) -> list[Route]:
        """All routes: the page, TensorFlow Serving's REST, the Open Inference Protocol."""
        first, second = "/v1/models/{name}", "/v2/models/{name}"
        asked = {
            f"{first}:predict": self._predict, f"{first}/versions/{{version}}:predict": self._predict,
            f"{second}/infer": self._infer, f"{second}/versions/{{version}}/infer": self._infer,
            "/page/ask": self._view,
        }  # fmt: skip
        told: dict[str, Callable[[], Mapping[str, Any]]] = {
            "/page.json": self._about, "/v2": self._server,
            "/v2/health/live": lambda: {"live": True}, "/v2/health/ready": lambda: {"ready": True},
            f"{second}/ready": lambda: {"ready": True}, f"{second}/versions/{{version}}/ready": lambda: {"ready": True},
            second: self._metadata, f"{second}/versions/{{version}}": self._metadata,
            first: self._status, f"{first}/versions/{{version}}": self._status,
        }  # fmt: skip
        files = {
            "/": ("page.html", "text/html"), "/page.js": ("page.js", "text/javascript"),
            "/page.css": ("page.css", "text/css"),
        }  # fmt: skip
        return [
            *(Route(path, self._asking(work), methods=["POST"]) for path, work in asked.items()),
            *(Route(path, self._telling(answer)) for path, answer in told.items()),
            *(Route(path, _file(*file)) for path, file in files.items()),
        ]

    def _telling(self, answer: Callable[[], Mapping[str, Any]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            self._check(request)
            return _json(answer())

        return endpoint

    def _asking(self, work: Work) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            began, seconds = time.perf_counter(), None
            try:
                self._check(request)
                async with self.bodies.of(request) as body:
                    answer, seconds = await to_thread.run_sync(work, body, limiter=self.limiter)
                response = _json(answer)
            except ClientDisconnect:
                response = _json({}, 499)
            except MemoryError:
                response = await _refused(request, RequestError("there is not enough memory for this request", 413))
            except Exception as error:
                if not isinstance(error, RequestError):
                    self.told(f"a fault of the suite: {type(error).__name__}: {str(error)[:200]}")
                response = await _refused(request, error)
            self._log(request, response.status_code, time.perf_counter() - began, seconds)
            return response

        return endpoint

    def _log(self, request: Request, code: int, seconds: float, model: float | None) -> None:
        bare = f"(bare, one picture: {self.bare:.2f} ms)"
        of_model = "" if model is None else f", {1e3 * model:.2f} ms in the model {bare}"
        self.told(f"{_line(request)} {code} in {1e3 * seconds:.1f} ms{of_model}")

    def _check(self, request: Request) -> None:
        """Raise RequestError when a path names another model or version."""
        name, version = (request.path_params.get(key) for key in ("name", "version"))
        if name not in (None, self.model.name):
            raise RequestError(f"no model {name[:LONGEST]!r}: there is '{self.model.name}'", 404)
        if version not in (None, self.model.version):
            raise RequestError(f"no version {version[:LONGEST]!r}: there is {self.model.version}", 404)

    def _predict(self, body: bytes) -> tuple[dict[str, Any], float]:
        told = parsed(body)
        found = self.model.answer(predict.question(told))
        return predict.answer(told, found.outputs), found.seconds

    def _infer(self, body: bytes) -> tuple[dict[str, Any], float]:
        told = parsed(body)
        found = self.model.answer(inference.question(told))
        return inference.answer(told, found.outputs, self.model.name, self.model.version), found.seconds

    def _view(self, body: bytes) -> tuple[dict[str, Any], float]:
        began = time.perf_counter()
        found = self.model.view(body)
        took = {
            "milliseconds": 1e3 * (time.perf_counter() - began),
            "signature_milliseconds": 1e3 * found.seconds,
        }
        return {"classes": _ranked(self.model, found), **took}, found.seconds

    def _about(self) -> dict[str, Any]:
        known = {"name": self.model.name, "version": self.model.version}
        return {**known, "classes": len(self.model.classes), "milliseconds": self.bare}

    def _server(self) -> dict[str, Any]:
        return {"name": "suite serve", "version": "for trying out", "extensions": []}

    def _status(self) -> dict[str, Any]:
        return predict.status(self.model.version)

    def _metadata(self) -> dict[str, Any]:
        return inference.metadata(self.model.name, self.model.version, self.model.image[-1], len(self.model.classes))


def _ranked(model: Model, found: Answer) -> list[dict[str, Any]]:
    pairs = zip(model.classes, found.outputs["probabilities"][0], strict=True)
    first = sorted(pairs, key=lambda pair: -pair[1])[:TOP]
    return [{"class": name, "probability": probability} for name, probability in first]


def _file(name: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    content = (HERE / name).read_bytes()

    async def endpoint(request: Request) -> Response:
        return Response(content, 200, HEADERS, kind)

    return endpoint
