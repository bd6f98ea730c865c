"""MLflow's client, narrowed to what the mirror needs.

Every method may raise: MLflow's errors on an outage have no common class. `is_refusal` tells a refusal from an outage.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from getpass import getuser
from itertools import chain, count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from suite.core import sqlite
from suite.tracking import models, trouble
from suite.tracking.content import Content, Point
from suite.tracking.place import ARTIFACTS, artifacts, is_empty

if TYPE_CHECKING:
    import keras
    from mlflow.entities import Run

_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # seconds; 120 otherwise
    # A create that timed out must not be sent twice: we first look whether it arrived. The next delivery is the retry.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
_REFUSALS = ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS", "INVALID_STATE")
_METRICS, _PAIRS = 1000, 100  # most that one request may carry
_PARAM, _TAG, _KEY, _DIGEST = 6000, 8000, 250, 36  # longest texts that MLflow takes

T = TypeVar("T")

_log = logging.getLogger("suite.tracking")


def configure() -> None:
    """Set MLflow to fail within seconds and in silence, unless the user has set otherwise.

    MLflow takes these settings only from the environment, at every call. Changing the environment is safe while there
    is one thread: another thread that reads it in C meanwhile would read freed memory.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def is_refusal(error: Exception) -> bool:
    """Whether MLflow answered that it will never take this, as opposed to an outage."""
    return getattr(error, "error_code", None) in _REFUSALS


def found(uri: str) -> None:
    """Create the database of an SQLite `uri` unless it exists; a server's database is created by MLflow.

    MLflow takes 3 s for it, and never opens a database again whose creation was cut off. So it is created under another
    name and renamed when complete. If two processes create it at once, the first one's stays.
    """
    file = sqlite.file(uri)
    if file is None or not is_empty(file):
        return
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    file.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".mlflow-", dir=file.parent) as draft:
        made = Path(draft) / file.name
        # Not by a client: that writes the name of the folder where we are into its SQL, and fails at some quotes in it.
        SqlAlchemyStore(sqlite.url(made), file.with_name(ARTIFACTS).absolute().as_uri())
        if is_empty(file):
            file.unlink(missing_ok=True)
        with suppress(FileExistsError):
            os.link(made, file)


class Server:
    """One tracking URI. Constructing it imports MLflow (3 s) and may create a database (3 s)."""

    def __init__(self, uri: str) -> None:
        import mlflow

        found(uri)
        self._client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
        self._artifacts = artifacts(uri)

    def group(self, name: str) -> str:
        """Return the id of the experiment `name`, created if it does not exist.

        MLflow keeps the name of an experiment that was deleted in its pages: `name-2` takes its place.
        """
        for called in chain([name], (f"{name}-{number}" for number in count(2))):
            found = self._client.get_experiment_by_name(called)
            if not (found and found.lifecycle_stage == "deleted"):
                break
        if called != name:
            _log.warning("MLflow's experiment '%s' was deleted there: '%s' takes its place.", name, called)
        return trouble.id_of(found.experiment_id) if found else self._made(called)

    def _made(self, name: str) -> str:
        location = (self._artifacts / name.replace("/", "-")).as_uri() if self._artifacts else None
        kind = {
            "mlflow.experimentKind": "custom_model_development"
        }  # MLflow's pages then speak of runs, not of evaluations
        return trouble.id_of(self._client.create_experiment(name, artifact_location=location, tags=kind))

    def groups(self, start: str) -> list[str]:
        """Return the ids of all experiments whose name begins with `start`."""
        found = self._client.search_experiments(filter_string=f"name LIKE '{_quotable(start)}%'")
        return [str(experiment.experiment_id) for experiment in found]

    def find(self, groups: Sequence[str], tags: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return (id, experiment) of the runs with these tags, the earliest first."""
        if not groups:
            return []
        wanted = " and ".join(f"tags.`{key}` = '{_quotable(value)}'" for key, value in tags.items())
        found = self._client.search_runs(
            list(groups), wanted, max_results=10, order_by=["attributes.start_time ASC", "attributes.run_id ASC"]
        )
        return [(run.info.run_id, run.info.experiment_id) for run in found]

    def delete(self, run: str) -> None:
        """Move a run to MLflow's bin."""
        self._client.delete_run(run)

    def create(self, group: str, name: str, start: int | None, tags: Mapping[str, str]) -> str:
        """Create a run and return its id."""
        whose: dict[str, str] = {}
        with suppress(OSError, KeyError):  # a container may run as a user without a name
            whose["mlflow.user"] = getuser()
        run: Run = self._client.create_run(group, start_time=start, run_name=name, tags=_cut(whose | dict(tags), _TAG))
        return trouble.id_of(run.info.run_id)

    def is_alive(self, run: str) -> bool:
        """Whether the run exists and is not in the bin."""
        try:
            return bool(self._client.get_run(run).info.lifecycle_stage == "active")
        except Exception as error:
            if is_refusal(error):
                return False
            raise

    def log(
        self,
        run: str,
        *,
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        metrics: Sequence[Point] = (),
    ) -> None:
        """Send all of it, in one request if it fits. Sending it twice changes nothing."""
        from mlflow.entities import Metric, Param, RunTag

        numbers = _batches((Metric(p.name, p.value, p.time, p.step) for p in metrics), _METRICS - 2 * _PAIRS)
        fixed = _batches((Param(key, value) for key, value in _cut(params or {}, _PARAM).items()), _PAIRS)
        words = _batches((RunTag(key, value) for key, value in _cut(tags or {}, _TAG).items()), _PAIRS)
        while batch := [next(numbers, []), next(fixed, []), next(words, [])]:
            if not any(batch):
                break
            self._client.log_batch(run, *batch, synchronous=True)

    def view(self, group: str, name: str, state: str) -> None:
        """Store `state` as the view `name` of this experiment, which links can open."""
        self._client.set_experiment_tag(group, f"mlflow.sharedViewState.{name}", state)

    def finish(self, run: str, content: Content) -> None:
        """Set the status and the end of the run."""
        if content.status == "RUNNING":
            self._client.update_run(run, status="RUNNING")
        else:
            self._client.set_terminated(run, status=content.status, end_time=content.end)

    def dataset(
        self, run: str, name: str, digests: Mapping[str, str], source: Mapping[str, str], profile: Mapping[str, str]
    ) -> None:
        """Record which data the run has seen: `digests` has that of each split."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        kind = "local" if "uri" in source else "hugging_face" if name.startswith("hf:") else "tensorflow_datasets"
        told = {"name": name, "source_type": kind, "source": json.dumps(source), "profile": json.dumps(profile)}
        inputs = [
            DatasetInput(Dataset(digest=digest[:_DIGEST], **told), [InputTag("mlflow.data.context", split)])
            for split, digest in digests.items()
        ]
        self._client.log_inputs(run, inputs)

    def artifacts(self, run: str, path: Path, name: str) -> None:
        """Store the file or folder `path` as `name/` of the run."""
        if path.is_dir():
            self._client.log_artifacts(run, str(path), artifact_path=name)
        else:
            self._client.log_artifact(run, str(path), artifact_path=name)

    def model(
        self,
        group: str,
        run: str,
        name: str,
        model: keras.Model,
        params: Mapping[str, str],
        metrics: Sequence[Point],
        judged_by: tuple[str, str] | None = None,
    ) -> str:
        """Log a trained model, a product of `run`, and return its id.

        It was `judged_by` the data set of a name and a digest.
        """
        known = (judged_by[0], judged_by[1][:_DIGEST]) if judged_by else None
        safe = re.sub(r"[^\w-]", "_", name)  # MLflow refuses / : . % and quotes in the names of models
        return models.log(
            self._client,
            model,
            group=group,
            run=run,
            name=safe,
            params=_cut(params, _PARAM),
            metrics=metrics,
            judged_by=known,
        )


def _batches(entries: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(entries)
    while batch := list(islice(rest, size)):
        yield batch


def _cut(texts: Mapping[str, str], length: int) -> dict[str, str]:
    return {key[:_KEY]: text[:length] for key, text in texts.items()}


def _quotable(text: str) -> str:
    """Replace quotes: MLflow's filters cannot escape them, and names with quotes are not worth a parser."""
    return text.replace("'", "_")
