"""TOML of a file or of `--set`, refused where it is larger than TOML allows or deeper than a study needs."""

from __future__ import annotations

import tomllib
from typing import Any

DEEPEST = 20  # tables and lists within each other
DEEP = f"lists or tables are nested too deeply: at most {DEEPEST} within each other"
LARGE = "an integer is too large: at most 9,223,372,036,854,775,807, as TOML has it"
WHOLE = range(-(2**63), 2**63)  # the integers that TOML has


def parsed(text: str) -> dict[str, Any]:
    """Return the document in `text`. Raises ValueError, which says what is wrong."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise ValueError(DEEP) from None
    except ValueError:  # of Python, which reads no integer of thousands of digits
        raise ValueError(LARGE) from None
    level: list[Any] = [document]
    for _ in range(DEEPEST):
        level = [value for node in level for value in (node.values() if isinstance(node, dict) else node)]
        if any(type(value) is int and value not in WHOLE for value in level):
            raise ValueError(LARGE)
        level = [value for value in level if isinstance(value, (dict, list))]
    if level:
        raise ValueError(DEEP)
    return document
