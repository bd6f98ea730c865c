"""A model in a file of Keras 3 or Keras 2: looked at before any of its code runs, then opened."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import h5py
import keras

from suite.core.errors import ArchitectureError, MissingExtraError
from suite.core.inputs import Given, Input, sized
from suite.core.reasons import said
from suite.timing.runtimes import arranged, inputs_of

ZIP, HDF5 = b"PK\x03\x04", b"\x89HDF"  # first bytes of the two kinds of file, whatever their ending
WITHOUT_GROUPS = (  # layers for which Keras 2 wrote `groups: 1`, which Keras 3 does not know there
    "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D", "Conv1DTranspose", "Conv2DTranspose",
    "Conv3DTranspose",
)  # fmt: skip
OF_KERAS = ("keras", "tf_keras", "builtins")  # modules that a class of a configuration may be of
UNKNOWN = re.compile(
    r"Could not locate (?:class|function) '([^']+)'|Unknown [\w ]+: '?([\w>]+)|"
    r"Cannot deserialize object of type `([^`]+)`"
)  # how Keras 3 and 2 name a class or function that they do not have


@dataclass(frozen=True, kw_only=True)
class _Written:
    """What a file says of itself."""

    ending: str  # by which Keras tells how to read it
    version: str  # of the Keras that wrote it; empty in the oldest files
    config: dict[str, Any]  # the layers


def opened(file: Path, folder: Path, *, trusted: bool) -> Any:
    """Return the model in `file`: of Keras 3, or of tf_keras if only Keras 2 can open it. `folder` is for a link.

    Raises ArchitectureError when the file holds no model, or one with code or classes that it cannot bring along;
    MissingExtraError when it takes tf_keras, which is not installed.
    """
    written = _written(file)
    _refuse_code(written.config, trusted=trusted)
    link = folder / f"given{written.ending}"
    link.symlink_to(file.resolve())
    try:
        return keras.saving.load_model(link, custom_objects=_earlier(), compile=False, safe_mode=not trusted)
    except Exception as error:
        if written.version.startswith("3"):
            raise ArchitectureError(_of_its_author(error, written) or said(error)) from error
    return _of_keras_2(link, written, trusted=trusted)


def _of_keras_2(file: Path, written: _Written, *, trusted: bool) -> Any:
    if not find_spec("tf_keras"):
        raise MissingExtraError(
            f"it was written by Keras {written.version or 1}, and takes tf_keras: "
            "pip install 'keras-comparison-suite[keras2]'"
        )
    import tf_keras

    try:
        return tf_keras.models.load_model(file, compile=False, safe_mode=not trusted)
    except Exception as error:
        raise ArchitectureError(
            _of_its_author(error, written)
            or f"it was written by Keras {written.version or 1}, and neither Keras 3 nor tf_keras opens it "
            f"({said(error)}). Load it with the Keras that wrote it, and export it as a SavedModel"
        ) from error


def is_of_keras_3(model: Any) -> bool:
    """Whether an opened model is of Keras 3, which can be counted and run by Keras."""
    return isinstance(model, keras.Model)


def fitted(model: keras.Model, given: Given) -> keras.Model:
    """Return a model for examples of the sizes `given` to it, where its own are free.

    Raises ArchitectureError when sizes are missing or do not fit.
    """
    known = inputs_of(model) if getattr(model, "inputs", None) else ()
    takes = known or (Input(name="image", shape=None, dtype="float32"),)  # it was saved before it saw any example
    sizes = sized(takes, given)
    if not any(one.is_free for one in takes):
        return model
    tensors = [
        keras.Input(batch_shape=(one.shape[0] if one.shape else None, *sizes[one.name]), dtype=one.dtype, name=one.name)
        for one in takes
    ]
    return keras.Model(tensors, model(arranged(model, tensors)))


def _written(file: Path) -> _Written:
    """Return what a file says of itself. Raises ArchitectureError when it holds no model."""
    with file.open("rb") as content:
        begins = content.read(4)
    if begins.startswith(ZIP):
        return _of_archive(file)
    if begins.startswith(HDF5):
        return _of_hdf5(file)
    raise ArchitectureError("it is no file of Keras, or not whole: fetch or save it again")


def _of_archive(file: Path) -> _Written:
    try:
        with zipfile.ZipFile(file) as archive:
            config, about = (json.loads(archive.read(name)) for name in ("config.json", "metadata.json"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ArchitectureError("it is no whole .keras file: fetch or save it again") from error
    return _Written(ending=".keras", version=str(about.get("keras_version", "")), config=config)


def _of_hdf5(file: Path) -> _Written:
    try:
        with h5py.File(file) as content:
            about = dict(content.attrs)
    except OSError as error:
        raise ArchitectureError("it is no whole HDF5 file: fetch or save it again") from error
    if "model_config" not in about:
        raise ArchitectureError("it holds weights or other data, but no layers: save the whole model, with model.save")
    version, config = (_text(about.get(name, "")) for name in ("keras_version", "model_config"))
    return _Written(ending=".h5", version=version, config=json.loads(config))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _refuse_code(config: dict[str, Any], *, trusted: bool) -> None:
    """Raise ArchitectureError when a layer holds Python code and the file is not trusted. Keras 2 would run it."""
    layers = list(dict.fromkeys(_code(config, "")))
    if layers and not trusted:
        raise ArchitectureError(
            f"its layer '{layers[0]}' is a Lambda, code of Python that the file brings along and that may do anything: "
            "--trust runs it, if you trust the file"
        )


def _code(part: Any, layer: str) -> Iterator[str]:
    """Yield the names of the layers that hold code, within a part of a configuration."""
    if isinstance(part, dict):
        layer = str(part.get("name", layer))
        kinds = part.get("class_name"), part.get("function_type"), part.get("output_shape_type"), part.get("mask_type")
        if "__lambda__" in kinds or "lambda" in kinds:
            yield layer
    for inner in _parts(part):
        yield from _code(inner, layer)


def _earlier() -> dict[str, type]:
    """Return stand-ins that make layers of Keras 3 from the configurations of Keras 2."""
    return {name: _without_groups(getattr(keras.layers, name)) for name in WITHOUT_GROUPS}


def _without_groups(kind: type[keras.Layer]) -> type:
    def from_config(cls: type, config: dict[str, Any]) -> keras.Layer:
        return kind.from_config({name: value for name, value in config.items() if (name, value) != ("groups", 1)})

    return type(kind.__name__, (), {"from_config": classmethod(from_config)})


def _of_its_author(error: Exception, written: _Written) -> str:
    """Return that a class or function of its author's is missing, and the way out; empty if it is not that."""
    named = UNKNOWN.search(str(error))
    names = [*filter(None, named.groups() if named else ()), *_foreign(written.config)]
    if not names:
        return ""
    return (
        f"the code of {names[0]}, a class or function of its author's, is not in the file. Write "
        "@keras.saving.register_keras_serializable() above it and measure the network from FILE.py/VARIANT, or export "
        "it as a SavedModel"
    )


def _foreign(part: Any) -> Iterator[str]:
    """Yield the classes within a part of a configuration that are of no module of Keras."""
    if isinstance(part, dict):
        module = str(part.get("module") or "keras").partition(".")[0]
        if "class_name" in part and module not in OF_KERAS:
            yield str(part["class_name"])
    for inner in _parts(part):
        yield from _foreign(inner)


def _parts(part: Any) -> Iterable[Any]:
    return part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
