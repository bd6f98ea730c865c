"""The command `suite`: each verb is a module of `suite.cli.verbs`, imported only when it is used."""

from __future__ import annotations

import ast
import errno
import importlib
import logging
import os
import sys
import traceback
from datetime import datetime
from pathlib import Path

import click

from suite import __version__
from suite.cli.speaking import speak_plainly, tell
from suite.core.errors import SuiteError
from suite.machine import cache
from suite.machine.helper import start_lightly
from suite.machine.interruption import heed
from suite.machine.quiet import speak_alone

FAULT = 70  # exit code, EX_SOFTWARE of sysexits.h
OF_THE_SYSTEM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG)  # no fault of ours
VERBS = (
    "list", "new", "weights", "check", "measure", "run", "watch", "front", "confirm", "report", "export", "predict",
    "register", "serve", "ui", "doctor",
)  # fmt: skip


class Verbs(click.Group):
    """The verbs. Only the verb in use is imported; `suite --help` imports none."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of the verbs, sorted as people use them."""
        return list(VERBS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Return the verb `name`, or None if there is none."""
        if name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"suite.cli.verbs.{name}").command
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each verb with the first line of its module."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, _first_line(verb)) for verb in VERBS])


def _first_line(verb: str) -> str:
    source = (Path(__file__).parent / "verbs" / f"{verb}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="suite")
def cli() -> None:
    """Which network, on your images, your device, your budget.

    \b
    suite run studies/quickstart/resnet.toml      search an architecture family
    suite front quickstart-resnet                 its Pareto front: accuracy against cost
    suite report quickstart-resnet                the same as a page with figures
    suite export quickstart-resnet best exports   a model ready to serve
    suite predict exports/quickstart-resnet-3 picture.png
    """


def main() -> None:
    """Run the command; every error becomes a message and an exit code."""
    heed()
    start_lightly()
    speak_alone()
    speak_plainly()
    logging.basicConfig(format="%(message)s", level=logging.WARNING, stream=sys.stderr)
    try:
        cli(standalone_mode=False)
    except SuiteError as error:
        tell(f"suite: {error}")
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        tell("suite: interrupted. What was finished is kept; the same command goes on.")
        sys.exit(130)
    except BrokenPipeError:  # nobody reads on: `suite list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nor will Python say so at its end
        sys.exit(1)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in OF_THE_SYSTEM:
            where = f"{error.filename}: " if error.filename else ""
            tell(f"suite: {where}{error.strerror}. What was finished is kept; the same command goes on.")
            sys.exit(1)
        first = next(iter(str(error).splitlines()), "")
        tell(f"suite: this is a fault of the suite, not of yours: {type(error).__name__}: {first}")
        tell(f"What was finished is kept. Please report it with {_traceback_file()}")
        sys.exit(FAULT)


def _traceback_file() -> Path:
    """Write the traceback of the error that is being handled into a file; return the file."""
    file = cache.folder() / f"fault-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"suite {__version__}: {' '.join(sys.argv)}\n{traceback.format_exc()}", encoding="utf-8")
    except OSError:
        traceback.print_exc()
        return Path("the lines above")
    return file
