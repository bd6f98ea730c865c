"""A step that is done in a child of this process: one that changes its user, its limits or its hooks."""

from __future__ import annotations

import os
import traceback
import warnings
from collections.abc import Callable

from suite.core.errors import SuiteError


def in_a_child(step: Callable[[], object]) -> str:
    """Do a step in a child; return what it returned, or the error that it ended with: of ours, or as a traceback."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads, from Python 3.12 on
        child = os.fork()
    if child == 0:
        try:
            said = str(step() or "")
        except SuiteError as error:
            said = str(error)
        except BaseException:
            said = traceback.format_exc()
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        said = stream.read()
    os.waitpid(child, 0)
    return said
