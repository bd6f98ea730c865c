"""MLflow's registry: an export as a version of a registered model, `models:/NAME@ALIAS`, for plain MLflow to load."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from suite.core.errors import StoreError, first_line, without_password
from suite.core.trial import Run
from suite.tracking import trouble
from suite.tracking.delivery import deliver
from suite.tracking.ledger import Ledger

if TYPE_CHECKING:
    from mlflow import MlflowClient

PATIENCE = 60.0  # seconds for the trials of the run, which come first
NEEDED = ("mlflow", "tensorflow", "numpy")  # what a process needs that loads the model
CODE = Path(__file__).with_name("served_model.py")


@dataclass(frozen=True, kw_only=True)
class Export:
    """What is registered."""

    folder: Path  # of the SavedModel
    digest: str  # of all its files: tells whether it is registered already
    picture: np.ndarray  # uint8 [h, w, C], an example of what it takes
    classes: int
    tags: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A version of a registered model."""

    name: str
    version: str
    aliases: tuple[str, ...]
    is_new: bool

    @property
    def uris(self) -> list[str]:
        """Return what plain MLflow loads it by."""
        named = [f"models:/{self.name}@{alias}" for alias in self.aliases]
        return named or [f"models:/{self.name}/{self.version}"]


def register(run: Run, number: int, export: Export, uri: str, name: str, aliases: Sequence[str]) -> Registered:
    """Register an export of a trial as a version of the model `name`, unless it is one, and move `aliases` to it.

    Raises StoreError when MLflow cannot be reached or refuses, such as a name that it does not take.
    """
    delivery = deliver(run, uri, seconds=PATIENCE)
    with Ledger(run.folder, uri) as ledger:
        group, trial = ledger.id("group"), ledger.id(f"trial/{number}")
    if not (group and trial):
        raise StoreError(f"MLflow at {without_password(uri)}: {delivery}. Nothing was registered.")
    try:
        return _registered(export, group, trial, uri, name, aliases)
    except Exception as error:  # MLflow's errors have no common base class
        raise StoreError(f"MLflow at {without_password(uri)}: {first_line(error) or trouble.reason(error)}") from error


def _registered(export: Export, group: str, run: str, uri: str, name: str, aliases: Sequence[str]) -> Registered:
    from mlflow import MlflowClient

    client = MlflowClient(uri, registry_uri=uri)
    known = _known(client, name, export.digest)
    number = known or _version(client, export, group, run, name)
    for alias in aliases:
        client.set_registered_model_alias(name, alias, number)
    return Registered(name=name, version=number, aliases=tuple(aliases), is_new=known is None)


def _known(client: MlflowClient, name: str, digest: str) -> str | None:
    """Return the version that holds the export of a digest; make the registered model if there is none."""
    from mlflow.exceptions import MlflowException

    with suppress(MlflowException):  # it is there already, or its name is refused, which the search then says
        client.create_registered_model(name)
    client.get_registered_model(name)
    quoted = name.replace("'", "\\'")
    found = [one for one in client.search_model_versions(f"name = '{quoted}'") if one.tags.get("digest") == digest]
    return str(found[0].version) if found else None


def _version(client: MlflowClient, export: Export, group: str, run: str, name: str) -> str:
    from mlflow.entities import LoggedModelOutput

    made = client.create_logged_model(group, name=_plain(name), source_run_id=run)
    id = str(made.model_id)
    with tempfile.TemporaryDirectory(prefix="suite-") as folder:
        _save(export, Path(folder) / "model", id, run)
        client.log_model_artifacts(id, str(Path(folder) / "model"))
    client.log_outputs(run, [LoggedModelOutput(id, step=0)])
    client.finalize_logged_model(id, "READY")
    tags = {**export.tags, "digest": export.digest}
    place = made.artifact_location  # `models:/ID` would be looked up where MLFLOW_TRACKING_URI leads
    return str(client.create_model_version(name, source=place, run_id=run, tags=tags, model_id=id).version)


def _plain(name: str) -> str:
    """Return a name for the model before it is registered; MLflow takes fewer letters there."""
    return "".join("-" if letter in "/:.%\"'" else letter for letter in name) or "model"


def _save(export: Export, folder: Path, id: str, run: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of its own types as it is imported
        import mlflow.pyfunc
        from mlflow.models import Model

        mlflow.pyfunc.save_model(
            str(folder),
            loader_module=CODE.stem,
            data_path=str(export.folder.resolve()),
            code_paths=[str(CODE)],
            signature=_signature(export),
            input_example=export.picture[None],
            pip_requirements=[f"{package}=={version(package)}" for package in NEEDED],
            mlflow_model=Model(run_id=run, model_id=id, model_uuid=id),
        )


def _signature(export: Export) -> Any:
    """Return what it takes, uint8 pictures of any one size, and what it answers."""
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    takes = TensorSpec(np.dtype("uint8"), (-1, -1, -1, export.picture.shape[-1]))
    answers = [
        TensorSpec(np.dtype("float32"), (-1, export.classes), "probabilities"),
        TensorSpec(np.dtype("str"), (-1,), "label"),
    ]
    return ModelSignature(inputs=Schema([takes]), outputs=Schema(answers))
