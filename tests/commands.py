"""The command line, called as a user calls it."""

from __future__ import annotations

import subprocess
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryFile

from suite.machine import helper


def suite(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `suite WORDS` in a process of its own, forked from one that has TensorFlow loaded, where the system can.

    So each command of the tests need not load it. What a plain process does differently is asked by `python -m suite`.
    """
    command = [str(word) for word in words]
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
