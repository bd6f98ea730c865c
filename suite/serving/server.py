"""The server of one export: on this machine only unless told otherwise, until it is interrupted."""

from __future__ import annotations

import socket
from pathlib import Path

import uvicorn

from suite.core.errors import SuiteError
from suite.machine.capacity import processors
from suite.serving.app import LOCAL, Told, app
from suite.serving.connection import Connection
from suite.serving.model import Model

CLIENTS = 512  # at once; further ones are told to come again
QUIET = 5  # seconds after an answer in which the next request begins, or the connection is closed


def serve(export: Path, host: str, port: int, told: Told) -> None:
    """Serve the latest version in the folder `export`; port 0 is a free one. `told` gets lines about the work.

    Raises ExportError when it cannot be loaded, SuiteError when the port cannot be had.
    """
    with _bound(host, port) as listening:
        model = Model(export)
        bare = model.latency()
        hosts = LOCAL if host in LOCAL else ("*",)
        served = app(model, bare, processors(), told, hosts)
        config = uvicorn.Config(
            served, http=Connection, log_config=None, access_log=False, server_header=False, limit_concurrency=CLIENTS,
            timeout_keep_alive=QUIET, lifespan="off", ws="none",
        )  # fmt: skip
        shown = f"http://{host}:{listening.getsockname()[1]}"
        told(f"{shown} shows a page to drop a picture on. Its bare signature takes {bare:.2f} ms for one picture.")
        told(f"{shown}/v1/models/{model.name}:predict answers as TensorFlow Serving, {shown}/v2 as Open Inference.")
        if host not in LOCAL:
            told(f"Whoever reaches {host} can ask it: there is no password.")
        told("This is for trying out: docker-compose.yml has servers for production. Ctrl-C ends it.")
        uvicorn.Server(config).run([listening])


def _bound(host: str, port: int) -> socket.socket:
    """Return a socket at an address. Raises SuiteError."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as error:
        raise SuiteError(f"{host}:{port} cannot be had ({error.strerror}). --port names another.") from error
    return listening
