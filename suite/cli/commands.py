"""The command `suite`: each verb is a module of `suite.cli.verbs`, imported only when it is used."""

from __future__ import annotations

import ast
import importlib
import logging
import sys
from pathlib import Path

import click

from suite import __version__
from suite.cli.speaking import speak_plainly, tell
from suite.core.errors import SuiteError
from suite.machine.helper import start_lightly

VERBS = ("list", "check", "measure", "run", "front", "report", "export", "predict", "ui")


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
    """Run the command; a SuiteError becomes one line and its exit code."""
    start_lightly()
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
