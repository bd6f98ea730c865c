"""Is what the README says true? Its commands are those of the program, its study file is one."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from suite import studyfile
from suite.cli import cli
from suite.study import Latency

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(
    set(re.findall(r"^(?:\$ )?(suite .+)$", "\n".join(re.findall(r"```(?:sh|console)\n(.*?)```", README, re.S)), re.M))
)
HELP = sorted(
    {
        line.strip()
        for command in cli.commands.values()
        for line in (command.help or "").splitlines()
        if "suite " in line[:8]
    }
)


@pytest.mark.parametrize("command", COMMANDS + [line for line in HELP if line.startswith("suite ")])
def test_every_command_that_is_shown_is_one(command: str) -> None:
    """Parsed by the program itself, with every option and argument; not run."""
    _, verb, *arguments = shlex.split(re.split(r"  +", command)[0])
    cli.commands[verb].make_context(verb, arguments, resilient_parsing=False)


def test_every_verb_is_shown() -> None:
    assert {command.split()[1] for command in COMMANDS} >= set(cli.commands) - {"measure"}
    assert "suite measure" in README


def test_the_study_that_is_explained_is_one() -> None:
    whole, fidelity, latency = map(tomllib.loads, re.findall(r"```toml\n(.*?)```", README, re.S))
    study = studyfile.parse({**whole, **fidelity, **latency}, "README.md")
    assert study.latency == Latency(path="saved_model", batch=1, threads=2, precision="float32", settling=60)
    assert study.name == "quickstart-resnet"
    assert study.fidelity.rungs == (3, 9, 27)


def test_every_file_that_is_linked_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_make_targets_that_are_named_are_there() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    for text in (README, (ROOT / "CONTRIBUTING.md").read_text()):
        assert set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)`", text, re.M)) <= {(t, "") for t in targets} | {
            ("", t) for t in targets
        }


@pytest.mark.parametrize("file", sorted((ROOT / "studies").rglob("*.toml")), ids=lambda file: file.stem)
def test_every_study_that_we_ship_is_in_order(file: Path) -> None:
    from suite import pipeline

    study = pipeline.study(file)
    assert study.question


def test_help_shows_an_example_for_every_verb() -> None:
    for name, command in cli.commands.items():
        assert isinstance(command, click.Command)
        assert f"suite {name}" in (command.help or ""), name
