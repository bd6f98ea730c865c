"""A database that is away for a while: its server starts again, or the network is down. What needs it waits.

A training may have taken hours, and its result is to be kept. So nothing is given up at once, except by a user who
interrupts: the wait can be.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError, PendingRollbackError

from suite.core.errors import StoreError

PATIENCE = 600.0  # seconds without the database after which work ends
PAUSE = 2.0  # seconds between two attempts
_THERE = re.compile(  # what only a server says that starts or stops
    "server closed the connection|starting up|not yet accepting|not accepting|shutting down|in recovery mode"
    "|terminating connection",
    re.IGNORECASE,
)
_AWAY = re.compile(
    f"{_THERE.pattern}|connection refused|connection reset|broken pipe|no route to host|unreachable|timeout expired"
    "|timed out|no such file or directory",
    re.IGNORECASE,
)
_log = logging.getLogger("suite.search")

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class AwayError(StoreError):
    """The database cannot be reached now. `refusal` is what it, or its driver, said."""

    def __init__(self, message: str, refusal: str) -> None:
        super().__init__(message)
        self.refusal = refusal


def is_away(error: BaseException) -> bool:
    """Whether a database could not be reached, or its connection broke: it may be back soon."""
    if isinstance(error, PendingRollbackError):  # a connection broke before this
        return True
    if not isinstance(error, DBAPIError) or "sqlite" in str(type(error.orig)):
        return False
    return error.connection_invalidated or bool(_AWAY.search(str(error.orig)))


def waits(step: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Let a step be made again while the database is away, for up to PATIENCE seconds. Then AwayError is raised.

    The step changes all or nothing, and what it has done before does no harm when it is done again.
    """
    return _patient(step, lambda error: True)


def waits_for_start(step: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Let a step be made again as `waits` does, if the server says at first that it starts or stops.

    One that has never answered may be none: then AwayError is raised at once.
    """
    return _patient(step, lambda error: bool(_THERE.search(error.refusal)))


def _patient(step: Callable[Arguments, Answer], is_hopeful: Callable[[AwayError], bool]) -> Callable[Arguments, Answer]:
    @wraps(step)
    def patient(*arguments: Arguments.args, **named: Arguments.kwargs) -> Answer:
        since = None
        while True:
            try:
                answer = step(*arguments, **named)
            except AwayError as error:
                if since is None:
                    if not is_hopeful(error):
                        raise
                    since = time.monotonic()
                    _log.warning(
                        "The database is away (%s). Waiting for it for up to %.0f minutes.",
                        error.refusal, PATIENCE / 60,
                    )  # fmt: skip
                if time.monotonic() - since > PATIENCE:
                    raise
                time.sleep(PAUSE)
            else:
                if since is not None:
                    _log.warning("The database is back.")
                return answer

    return patient
