"""The line to MLflow: a circuit breaker, so that an outage costs an attempt now and then."""

from __future__ import annotations

import time
from collections.abc import Callable

from suite.tracking import trouble
from suite.tracking.place import knock
from suite.tracking.server import Server

PAUSE = 30.0  # seconds after a failure without an attempt

Step = Callable[[Server], None]


class Line:
    """One thread's line to one tracking URI. `reason` says why it is down, and is empty while it works."""

    def __init__(self, uri: str) -> None:
        """Connect at the first attempt, not now."""
        self.reason = ""
        self._uri = uri
        self._server: Server | None = None
        self._again = 0.0

    @property
    def rest(self) -> float:
        """Seconds until the next attempt is allowed; zero while the line works."""
        return max(0.0, self._again - time.monotonic())

    def hurry(self) -> None:
        """Allow the next attempt at once."""
        self._again = 0.0

    def attempt(self, step: Step) -> bool:
        """Take `step` unless the line failed within the last PAUSE; return whether it succeeded. Never raises."""
        if self.rest:
            return False
        try:
            self._take(step)
        except Exception as error:  # MLflow's errors have no common base class
            self._fail(error)
            return False
        self.reason = ""
        return True

    def _take(self, step: Step) -> None:
        """Take a step, and take it again if another process did the same at this moment: no step does harm twice."""
        try:
            step(self._connected())
        except Exception as error:
            if not trouble.is_crossed(error):
                raise
            step(self._connected())

    def _connected(self) -> Server:
        if self._server is None or self.reason:
            knock(self._uri)
        if self._server is None:
            self._server = Server(self._uri)
        return self._server

    def _fail(self, error: Exception) -> None:
        self.reason = trouble.reason(error)
        self._again = time.monotonic() + PAUSE
