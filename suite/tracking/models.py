"""A trained network as one of MLflow's logged models: kept in Keras' own format, loadable as `models:/ID`."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from suite.tracking.content import Point

if TYPE_CHECKING:
    import keras
    from mlflow import MlflowClient
    from mlflow.models import ModelSignature


def log(
    client: MlflowClient,
    model: keras.Model,
    *,
    group: str,
    run: str,
    name: str,
    params: Mapping[str, str],
    metrics: Sequence[Point],
    judged_by: tuple[str, str] | None = None,
) -> str:
    """Log `model` as `name`, a product of `run`, and return its id. Completes a model left half-sent.

    Its metrics are of the data set that it was `judged_by`: a name and a digest.
    """
    from mlflow.entities import LoggedModelOutput, Metric

    id = _begun(client, group, run, name, params)
    with tempfile.TemporaryDirectory() as folder:
        _save(model, Path(folder) / "model", id, run)
        client.log_model_artifacts(id, str(Path(folder) / "model"))
    client.log_outputs(run, [LoggedModelOutput(id, step=0)])
    name_of, digest = judged_by or (None, None)
    numbers = [
        Metric(p.name, p.value, p.time, p.step, model_id=id, dataset_name=name_of, dataset_digest=digest)
        for p in metrics
    ]
    client.log_batch(run, metrics=numbers, synchronous=True)
    client.finalize_logged_model(id, "READY")
    return id


def _begun(client: MlflowClient, group: str, run: str, name: str, params: Mapping[str, str]) -> str:
    found = client.search_logged_models([group], f"name = '{name}' AND source_run_id = '{run}'", max_results=1)
    made = found[0] if found else client.create_logged_model(group, name, run, params=dict(params))
    return str(made.model_id)


def _save(model: keras.Model, folder: Path, id: str, run: str) -> None:
    from mlflow import tensorflow as flavor
    from mlflow.models import Model

    needed = [f"{package}=={version(package)}" for package in ("tensorflow", "keras")]  # inferring them takes 10 s
    with warnings.catch_warnings(), _unchecked():
        warnings.simplefilter("ignore")
        flavor.save_model(
            model,
            str(folder),
            mlflow_model=Model(run_id=run, model_id=id, model_uuid=id),
            signature=_signature(model),
            pip_requirements=needed,
        )


@contextmanager
def _unchecked() -> Iterator[None]:
    """Let MLflow not compare the versions that a model needs with those installed, which are the same.

    For that it reads the files of every installed package: 4 seconds of a processor for the first model (measured).
    """
    from mlflow.utils import environment

    check = "warn_dependency_requirement_mismatches"
    before = getattr(environment, check, None)
    if before is None:  # another version of MLflow
        yield
        return
    setattr(environment, check, lambda requirements: None)
    try:
        yield
    finally:
        setattr(environment, check, before)


def _signature(model: keras.Model) -> ModelSignature:
    """Return the shapes and types of inputs and outputs; MLflow writes an unknown size as -1."""
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    def schema(tensors: Sequence[keras.KerasTensor]) -> Schema:
        shapes = [tuple(-1 if size is None else size for size in tensor.shape) for tensor in tensors]
        return Schema([TensorSpec(np.dtype(t.dtype), shape) for t, shape in zip(tensors, shapes, strict=True)])

    return ModelSignature(inputs=schema(model.inputs), outputs=schema(model.outputs))
