"""What stands behind `--set`: `budget.trials=5` laid over the document of a study file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from typing import Any

from suite.core.errors import StudyError
from suite.studyfile.mistakes import Keys, keys_of


def overridden(document: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Return `document` with `overrides` in it, the later over the earlier. Tables that are missing come to be.

    Raises StudyError, which names the `--set`.
    """
    result = deepcopy(dict(document))
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise StudyError(f"--set {override}: no value: write it like --set budget.trials=5")
        _put(result, keys_of(key), _parsed(value), key)
    return result


def _parsed(text: str) -> Any:
    """Return `text` as a value of TOML; as a string if it is none: `~/pictures` needs no quotes."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
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
        raise StudyError(f"--set {key}: '{here}' is asked of something that is not a table")
    if isinstance(here, int) and not isinstance(node, list):
        raise StudyError(f"--set {key}: [{here}] is asked of something that is not a list")
    if isinstance(here, int) and here >= len(node):
        raise StudyError(f"--set {key}: no [{here}]: there are {len(node)}, counted from 0")
