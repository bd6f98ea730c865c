"""MLflow's own pages, on the right store, with a link that shows trials as a table.

Run as a helper, this module is the server: MLflow's command line, which starts a process of its own. Both end with
the process that asked for them, even by kill -9: they would keep the port.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from suite.core.errors import StoreError, without_password
from suite.core.trial import Run
from suite.machine import helper
from suite.tracking import place
from suite.tracking.ledger import Ledger
from suite.tracking.line import Line

STARTING = 90  # seconds that the server may take to answer
_HOST = "127.0.0.1"


def ui(uri: str, root: Path, port: int = 5000) -> subprocess.Popen[bytes] | None:
    """Start MLflow's pages on `port` of this machine and return the server once it answers.

    Returns None if `uri` is a server already. Raises StoreError when the port, or the runs at `uri`, cannot be had, or
    the server does not start; its output is in `root/mlflow-ui.log`.
    """
    if place.is_web(uri):
        return None
    _check_free(port)
    line = Line(uri)
    if not line.attempt(lambda server: None):
        raise StoreError(f"MLflow at {without_password(uri)}: {line.reason}.")
    file = root / "mlflow-ui.log"
    root.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as log:
        server = subprocess.Popen(
            _command(uri, root, port), env=_environment(), stdout=log, stderr=log, process_group=0
        )
    try:
        if not _answers(server, port):
            raise StoreError(f"MLflow's pages on {without_password(uri)} did not start: {file} says why.")
    except BaseException:
        end(server)
        raise
    return server


def end(server: subprocess.Popen[bytes] | None) -> None:
    """End what `ui` returned."""
    if server:
        server.terminate()
        server.wait()


def link(uri: str, port: int, run: Run | None = None, *, charts: bool = False) -> str:
    """Return the address of a table of the trials of `run`, the best first; without `run`, of all experiments.

    With `charts`, of the same trials as charts: accuracy against each cost.
    """
    base = uri if place.is_web(uri) else f"http://{_HOST}:{port}"
    if run is None:
        return f"{base}/#/experiments?workflowType=machine_learning"
    with Ledger(run.folder, uri) as ledger:
        group, view = ledger.id("group"), ledger.id("view")
    if not (group and view):
        return f"{base}/#/experiments?workflowType=machine_learning"
    shown = f"{base}/#/experiments/{group}/runs?viewStateShareKey={view}&workflowType=machine_learning"
    return f"{shown}&compareRunsMode=CHART" if charts else shown


def pages(uri: str, run: Run) -> dict[int, str]:
    """Return the address of MLflow's page on each trial of `run`, by number; nothing where no server is at `uri`.

    Those of a database on this machine have an address only while `suite ui` runs.
    """
    if not place.is_web(uri):
        return {}
    base = without_password(uri)
    with Ledger(run.folder, uri) as ledger:
        group, known = ledger.id("group"), {trial.number: ledger.id(f"trial/{trial.number}") for trial in run.trials}
    return {number: f"{base}/#/experiments/{group}/runs/{id}" for number, id in known.items() if group and id}


def _command(uri: str, root: Path, port: int) -> list[str]:
    files = str(place.artifacts(uri) or root.resolve() / "mlartifacts")
    where = ["--backend-store-uri", uri, "--artifacts-destination", files]
    return helper.command("suite.tracking.ui", "server", *where, "--host", _HOST, "--port", str(port), "--workers", "1")


def _environment() -> dict[str, str]:
    # Without job execution the server has two processes and 0.4 GB, otherwise ten and 1.6 GB.
    # What it starts is a plain Python, which would take a random.py in the user's folder for Python's.
    said = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONSAFEPATH": "1"}
    return os.environ | said


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except PermissionError as error:
            raise StoreError(f"port {port} is the system's: choose one from 1024 on with --port") from error
        except OSError as error:
            there = f": MLflow's pages are open there, http://{_HOST}:{port}" if _is_healthy(port, seconds=1) else ""
            raise StoreError(f"port {port} is taken{there}. Choose another with --port.") from error


def _answers(server: subprocess.Popen[bytes], port: int) -> bool:
    end = time.monotonic() + STARTING
    while server.poll() is None and time.monotonic() < end:
        if _is_healthy(port, seconds=5):
            return True
        time.sleep(0.2)
    return False


def _is_healthy(port: int, seconds: float) -> bool:
    """Whether MLflow's pages answer on `port` of this machine, within `seconds`."""
    try:
        with urlopen(f"http://{_HOST}:{port}/health", timeout=seconds) as answer:
            return bool(answer.read(3) == b"OK")
    except (OSError, HTTPException):  # nobody, or somebody who does not speak HTTP
        return False


def main() -> None:
    """Be MLflow's command line, with the arguments of this process."""
    from mlflow.cli import cli

    cli()
