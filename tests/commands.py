"""The command line, called as a user calls it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import chdir
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile

from suite.machine import helper
from suite.machine.forked import Warm, can_fork

WARM = [sys.executable, "-P", str(Path(__file__).with_name("warm.py"))]


def suite(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `suite WORDS` in a process of its own, forked from one that has TensorFlow loaded, where the system can.

    So each command of the tests need not load it. What a plain process does differently is asked by `python -m suite`.
    """
    command = [str(word) for word in words]
    if can_fork():
        _warm()
    with TemporaryFile("w+") as errors, chdir(cwd or Path.cwd()):
        with helper.start("suite.cli.commands", *command, errors=errors) as process:
            assert process.stdin
            assert process.stdout
            process.stdin.close()
            said = process.stdout.read()
            code = process.wait()
        errors.seek(0)
        assert code is not None
        return subprocess.CompletedProcess(["suite", *command], code, said, errors.read())


@cache
def _warm() -> None:
    """Let helpers be forked off a process that has loaded more than theirs."""
    helper.keep(Warm.started(WARM, os.environ))
