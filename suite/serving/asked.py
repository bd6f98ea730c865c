"""What a request asks: a signature, its pictures, and the form of the answer. Wrong requests are named in a line."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 256  # pictures in a request
SIGNATURES = ("images", "encoded", "pixels")  # each takes one argument, of its own name
DTYPES = {"images": "uint8", "pixels": "float32"}
DEPTH = 5  # lists within lists: [B, h, w, C], and one around a flat one
NAMES = {str: "texts", bool: "truths", dict: "objects", list: "lists of uneven depth", type(None): "nothing"}


class RequestError(Exception):
    """A request that cannot be answered. `code` is the status of HTTP; the text says what to change."""

    def __init__(self, message: str, code: int = 400) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Question:
    """One request, understood."""

    signature: str  # one of SIGNATURES
    pictures: NDArray[Any] | Sequence[bytes]  # uint8 [B, h, w, C], float32 [B, H, W, C], or files


def parsed(body: bytes) -> dict[str, Any]:
    """Return the object that a body of JSON holds. Raises RequestError."""
    try:
        told = json.loads(body, parse_constant=_refused)
    except RecursionError as error:
        raise RequestError("the JSON is nested too deeply") from error
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError too
        raise RequestError(f"the body is no JSON: {str(error)[:100]}") from error
    if not isinstance(told, dict):
        raise RequestError("the body must be an object of JSON")
    return told


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def files(values: Sequence[Any]) -> Question:
    """Return a question about files in base64. Raises RequestError."""
    _check_count(len(values))
    return Question(signature="encoded", pictures=[_file(value) for value in values])


def _file(value: Any) -> bytes:
    if not isinstance(value, str):
        raise RequestError("a file is written in base64")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestError(f"a file is no base64: {error}") from error


def numbers(signature: str, values: Any, shape: Sequence[Any] | None = None) -> Question:
    """Return a question about pictures in numbers, [B, h, w, C], nested or flat with a `shape`. Raises RequestError."""
    _check_kinds(signature, values)
    try:
        found = np.asarray(values)
        if shape is not None:
            found = found.reshape([int(size) for size in shape])
    except (ValueError, TypeError, OverflowError) as error:
        raise RequestError(f"{signature}: not all pictures, rows and pixels have the same length: {error}") from error
    if found.dtype.kind not in "iuf":
        raise RequestError(f"{signature}: a number is too large")
    if found.ndim != 4 or 0 in found.shape:
        raise RequestError(f"{signature}: numbers of shape [B, h, w, C] are needed, not {[*found.shape]}")
    _check_count(len(found))
    whole = signature == "images"
    if whole and (found.dtype.kind == "f" or found.min() < 0 or found.max() > 255):
        raise RequestError("images: whole numbers from 0 to 255 are needed")
    with np.errstate(over="ignore"):
        pictures = found.astype(DTYPES[signature])
    if not np.isfinite(pictures).all():
        raise RequestError(f"{signature}: a number is too large")
    return Question(signature=signature, pictures=pictures)


def _check_kinds(signature: str, values: Any) -> None:
    """Raise RequestError for what is no number: of a long text among short ones NumPy would make a huge array."""
    level = [values]
    for _ in range(DEPTH):
        if set(map(type, level)) != {list}:
            break
        level = list(chain.from_iterable(level))
    others = set(map(type, level)) - {int, float}
    if others:
        kinds = ", ".join(sorted(map(NAMES.__getitem__, others)))
        way_out = ". Files in base64 are for the signature `encoded`" if others & {dict, str} else ""
        raise RequestError(f"{signature}: numbers are needed, not {kinds}{way_out}")


def _check_count(count: int) -> None:
    if not 0 < count <= MOST:
        raise RequestError(f"{count:,} pictures in a request: from 1 to {MOST} are answered", 400 if not count else 413)


def text(told: Mapping[str, Any], key: str, otherwise: str) -> str:
    """Return the text of a key. Raises RequestError when it is something else."""
    value = told.get(key, otherwise)
    if not isinstance(value, str):
        raise RequestError(f"'{key}' must be a text")
    return value
