"""The Open Inference Protocol, version 2: `POST /v2/models/NAME/infer`.

https://github.com/kserve/open-inference-protocol, rest/inference_rest.yaml. The name of the input chooses the
signature. Files, in a tensor of BYTES, are written in base64, since JSON holds no bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from suite.serving.asked import SIGNATURES, Question, RequestError, files, numbers, text

DATATYPES = {"images": "UINT8", "encoded": "BYTES", "pixels": "FP32"}
OUTPUTS = {"probabilities": "FP32", "label": "BYTES"}


def question(told: Mapping[str, Any]) -> Question:
    """Return what the body of a request asks. Raises RequestError."""
    inputs = told.get("inputs")
    if not (isinstance(inputs, list) and len(inputs) == 1 and isinstance(inputs[0], dict)):
        raise RequestError("'inputs' must be a list of one tensor")
    tensor = inputs[0]
    name = text(tensor, "name", "")
    if name not in SIGNATURES:
        raise RequestError(f"no input {name[:50]!r}: there are {', '.join(SIGNATURES)}")
    if tensor.get("datatype") != DATATYPES[name]:
        raise RequestError(f"input {name} has the datatype {DATATYPES[name]}")
    shape, data = tensor.get("shape"), tensor.get("data")
    if not (isinstance(shape, list) and all(isinstance(size, int) and size > 0 for size in shape)):
        raise RequestError("'shape' must be a list of whole numbers above 0")
    if not isinstance(data, list):
        raise RequestError("'data' must be a list")
    if name != "encoded":
        return numbers(name, data, shape)
    if shape != [len(data)]:
        raise RequestError(f"'shape' must be [{len(data)}], the number of files")
    return files(data)


def answer(told: Mapping[str, Any], answers: Mapping[str, Sequence[Any]], name: str, version: str) -> dict[str, Any]:
    """Return the body of the answer: all outputs, or those that the request names. Raises RequestError."""
    outputs = [_tensor(key, answers[key]) for key in _wanted(told, answers)]
    named = {"id": told["id"]} if isinstance(told.get("id"), str) else {}
    return {"model_name": name, "model_version": version, **named, "outputs": outputs}


def _wanted(told: Mapping[str, Any], answers: Mapping[str, Any]) -> list[str]:
    """Return the names of the outputs that are asked for, each once: a million times would fill the memory."""
    asked = told.get("outputs") or [{"name": key} for key in answers]
    entries = asked if isinstance(asked, list) else [None]
    names: list[Any] = [one.get("name") if isinstance(one, dict) else None for one in entries]
    if not all(isinstance(name, str) and name in answers for name in names) or len(set(names)) < len(names):
        raise RequestError(f"'outputs' may name {', '.join(answers)}, each once")
    return names


def _tensor(name: str, values: Sequence[Any]) -> dict[str, Any]:
    array = np.asarray(values)
    return {"name": name, "shape": list(array.shape), "datatype": OUTPUTS[name], "data": array.ravel().tolist()}


def metadata(name: str, version: str, channels: int, classes: int) -> dict[str, Any]:
    """Return the body of `GET /v2/models/NAME`: its default input, and what it answers."""
    return {
        "name": name,
        "versions": [version],
        "platform": "tensorflow_savedmodel",
        "inputs": [{"name": "images", "datatype": DATATYPES["images"], "shape": [-1, -1, -1, channels]}],
        "outputs": [
            {"name": "probabilities", "datatype": OUTPUTS["probabilities"], "shape": [-1, classes]},
            {"name": "label", "datatype": OUTPUTS["label"], "shape": [-1]},
        ],
    }
