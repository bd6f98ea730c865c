"""Why MLflow cannot be told, in words that say what to do. MLflow's errors have no common class, only their text."""

from __future__ import annotations

import re

from suite.core.errors import without_password

_LONGEST = 160  # characters of an error that we have no words for
_WORDS = (  # what an error says, and what it means; the first one that fits counts
    (
        r"error code 40[13]|UNAUTHENTICATED|UNAUTHORIZED|PERMISSION_DENIED",
        "it refuses access. Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
    ),
    (
        r"valid JSON|redirect|error code 40[45]|no id in the answer",
        "something else answers there, perhaps a page to sign in. Correct the address",
    ),
    (r"(?:error code|many) (?P<code>[345]\d\d)", "it answers with error {code}. Its log says why"),
    (r"timed out|timeout", "timed out. It is overloaded, or something else listens there"),
    (r"refused", "connection refused. Start it there, or correct the address"),
    (r"aborted|reset by peer|closed connection|Broken pipe|Disconnected", "the connection broke off"),
    (r"not known|name resolution|nodename|No address", "no such host is known. Correct the address"),
    (r"is locked", "another program has locked the database"),
    (r"not a database", "its file is not a database. Move it away, and a new one is made"),
    (
        r"readonly database|Permission denied|Read-only",
        "you may not write there. Set MLFLOW_TRACKING_URI to another place",
    ),
    (r"is full|No space left", "the disk is full"),
    (r"certificate|SSL", "its TLS certificate is not accepted, or it speaks no https. Correct the address"),
    (
        r"maintenance mode|[Uu]nsupported URI|[Ii]nvalid ?URL|Invalid IPv6|no host|parse SQLAlchemy|keeps nothing",
        "MLflow takes no such address. Set MLFLOW_TRACKING_URI to http://HOST:PORT, sqlite:///FILE or "
        "postgresql://USER@HOST/DATABASE, or unset it",
    ),
)


def is_crossed(error: Exception) -> bool:
    """Whether another process has just written the row that MLflow was writing."""
    return bool(re.search(r"unique constraint|duplicate (key|entry)", str(error), re.IGNORECASE))


def reason(error: Exception) -> str:
    """Return on one line, without passwords, why MLflow cannot be told and what mends it."""
    text = f"{type(error).__name__}: {error}".partition("Response body")[0]
    for sign, words in _WORDS:
        if known := re.search(sign, text):
            return words.format(**known.groupdict())
    return in_short(error)


def in_short(error: Exception) -> str:
    """Return the beginning of an error on one line, without passwords."""
    return without_password(" ".join(f"{type(error).__name__}: {error}".split()))[:_LONGEST]


def id_of(answer: object) -> str:
    """Return the id that MLflow gave; raise ValueError for none: a proxy may answer anything with an empty page."""
    if not answer:
        raise ValueError("no id in the answer")
    return str(answer)
