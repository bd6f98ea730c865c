"""Overrides, the texts after `--set`: `budget.trials=5` replaces that key of a study file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from typing import Any

from suite.core.errors import StudyError
from suite.studyfile import toml
from suite.studyfile.mistakes import Keys, keys_of


def overridden(document: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Return `document` with `overrides` in it; the last of equal keys wins. Missing tables are made.

    Raises StudyError, which names the `--set`, when one has no value or no such key.
    """
    result = deepcopy(dict(document))
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise StudyError(f"--set {override}: no value. Write it like --set budget.trials=5")
        _put(result, keys_of(key), _parsed(value, key), key)
    return result


def _parsed(text: str, key: str) -> Any:
    """Return `text` as a TOML value, else as a string: `~/pictures` needs no quotes."""
    try:
        parsed = toml.parsed(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    except ValueError as error:
        raise StudyError(f"--set {key}: {error}") from None
    return parsed["value"] if parsed.keys() == {"value"} else text


def _put(node: Any, keys: Keys, value: Any, key: str) -> None:
    """Put `value` at `keys` below `node`."""
    for here, below in pairwise(keys):
        _check(node, here, key)
        node = node[here] if isinstance(here, int) else node.setdefault(here, [] if isinstance(below, int) else {})
    _check(node, keys[-1], key)
    node[keys[-1]] = value


def _check(node: Any, here: str | int, key: str) -> None:
    if isinstance(here, str) and not isinstance(node, dict):
        raise StudyError(f"--set {key}: the part before '{here}' is not a table")
    if isinstance(here, int) and not isinstance(node, list):
        raise StudyError(f"--set {key}: the part before [{here}] is not a list")
    if isinstance(here, int) and here >= len(node):
        raise StudyError(f"--set {key}: no [{here}]: the list has {len(node)}, counted from 0")
