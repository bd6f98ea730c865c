"""The REST protocol of TensorFlow Serving: `POST /v1/models/NAME:predict`.

https://www.tensorflow.org/tfx/serving/api_rest, "Predict API": by rows (`instances`) or by columns (`inputs`);
files are {"b64": "..."}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suite.serving.asked import SIGNATURES, Question, RequestError, files, numbers, text

DEFAULT = "serving_default"


def question(told: Mapping[str, Any]) -> Question:
    """Return what the body of a request asks. Raises RequestError."""
    wanted = text(told, "signature_name", DEFAULT)
    signature = "images" if wanted == DEFAULT else wanted
    if signature not in SIGNATURES:
        raise RequestError(f"no signature {wanted[:50]!r}: there are {DEFAULT}, {', '.join(SIGNATURES)}", 404)
    if ("instances" in told) == ("inputs" in told):
        raise RequestError("the body needs either 'instances' or 'inputs'")
    values = _rows(told["instances"], signature) if "instances" in told else _column(told["inputs"], signature)
    if signature != "encoded":
        return numbers(signature, values)
    return files([_unwrapped(value) for value in (values if isinstance(values, list) else [values])])


def _rows(instances: Any, signature: str) -> list[Any]:
    if not isinstance(instances, list):
        raise RequestError("'instances' must be a list, an entry for each picture")
    return [_named(one, signature) if _is_named(one) else one for one in instances]


def _column(inputs: Any, signature: str) -> Any:
    return _named(inputs, signature) if _is_named(inputs) else inputs


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and "b64" not in value


def _named(value: Mapping[str, Any], signature: str) -> Any:
    if set(value) != {signature}:
        raise RequestError(f"signature {signature} takes '{signature}', not {', '.join(map(repr, value))[:100]}")
    return value[signature]


def _unwrapped(value: Any) -> Any:
    if not (isinstance(value, dict) and set(value) == {"b64"}):
        raise RequestError('a file is written as {"b64": "..."}')
    return value["b64"]


def answer(told: Mapping[str, Any], answers: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Return the body of the answer, in the form of the request: several outputs have names, a single one has none."""
    alone = next(iter(answers.values())) if len(answers) == 1 else None
    if "inputs" in told:
        return {"outputs": answers if alone is None else alone}
    rows = [dict(zip(answers, row, strict=True)) for row in zip(*answers.values(), strict=True)]
    return {"predictions": rows if alone is None else alone}


def status(version: str) -> dict[str, Any]:
    """Return the body of `GET /v1/models/NAME`."""
    state = {"version": version, "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    return {"model_version_status": [state]}
