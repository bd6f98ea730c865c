"""Is what the README and the pages behind it say true? Commands are those of the program, study files are in order."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from suite import studyfile
from suite.architectures import words
from suite.cli.commands import VERBS as VERB_NAMES
from suite.cli.commands import cli
from suite.core.study import Latency

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SITE = {ROOT / "docs" / name for name in ("index.md", "benchmarks.md")}  # include others, for the site alone
PAGES = [ROOT / "README.md", *sorted(set((ROOT / "docs").glob("*.md")) - SITE), ROOT / "reports" / "benchmarks.md"]
WORDS = ROOT / "docs" / "words.md"  # shows a whole study, the others parts of one
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
SHOWN = "\n".join(block for text in TEXTS.values() for block in re.findall(r"```(?:sh|console)\n(.*?)```", text, re.S))
COMMANDS = sorted(set(re.findall(r"^(?:\$ )?(suite .+)$", SHOWN, re.M)))
VERBS = {name: command for name in VERB_NAMES if (command := cli.get_command(click.Context(cli), name))}
HELP = sorted(
    {line.strip() for command in VERBS.values() for line in (command.help or "").splitlines() if "suite " in line[:8]}
)


@pytest.mark.parametrize("command", COMMANDS + [line for line in HELP if line.startswith("suite ")])
def test_every_command_that_is_shown_is_one(command: str) -> None:
    """Parsed by the program itself, with every option and argument; not run."""
    _, verb, *arguments = shlex.split(re.split(r"  +", command)[0])
    VERBS[verb].make_context(verb, arguments, resilient_parsing=False)


def test_every_verb_is_shown() -> None:
    assert {command.split()[1] for command in COMMANDS} >= set(VERBS)
    assert [verb for verb in VERBS if f"\nsuite {verb} " not in README] == []


def test_the_study_that_is_explained_is_one() -> None:
    others = {page: text for page, text in TEXTS.items() if page != WORDS}
    blocks = [block for text in others.values() for block in re.findall(r"```toml\n(.*?)```", text, re.S)]
    study = studyfile.parse(
        {key: value for block in blocks for key, value in tomllib.loads(block).items()}, "README.md"
    )
    assert study.latency == Latency(path="saved_model", batch=1, threads=2, precision="float32", settling=60)
    assert (study.name, study.background) == ("quickstart-resnet", "white")
    assert study.fidelity.rungs == (3, 9, 27)


def test_the_study_of_texts_that_is_explained_is_one() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", TEXTS[WORDS], re.S)
    study = studyfile.parse(tomllib.loads(block), "words.md")
    assert study.words
    assert words.bound(study, "words.md").words == study.words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_file_that_is_linked_is_there(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", TEXTS[page]) if not link.startswith("http")]
    assert links or page.name == "python.md"
    assert [link for link in links if not (page.parent / link.partition("#")[0]).exists()] == []


def test_the_python_that_is_shown_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All blocks of the page, one after the other, where a user would be; only the user's own training is ours."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "studies").symlink_to(ROOT / "studies")
    names = {"train": lambda width, rate: abs(rate - 0.01) + 1 / width}
    for block in re.findall(r"```python\n(.*?)```", TEXTS[ROOT / "docs" / "python.md"], re.S):
        exec(block, names)
    assert names["front"]
    assert names["study"].best_trials


def test_the_readme_is_a_front_door_that_leads_to_every_page() -> None:
    assert len(README.split()) <= 1500
    assert [page.name for page in PAGES[1:] if f"({page.relative_to(ROOT)})" not in README] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_program_that_is_named_is_there(page: Path) -> None:
    programs = re.findall(r"python ((?:benchmarks|tests)/\w+\.py)", TEXTS[page])
    assert [program for program in programs if not (ROOT / program).exists()] == []


def test_the_make_targets_that_are_named_are_there() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    for text in (*TEXTS.values(), (ROOT / "CONTRIBUTING.md").read_text()):
        assert set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)`", text, re.M)) <= {(t, "") for t in targets} | {
            ("", t) for t in targets
        }


@pytest.mark.parametrize("file", sorted((ROOT / "studies").rglob("*.toml")), ids=lambda file: file.stem)
def test_every_study_that_we_ship_is_in_order(file: Path) -> None:
    from suite import pipeline

    study = pipeline.study(file)
    assert study.question


def test_help_shows_an_example_for_every_verb() -> None:
    for name, command in VERBS.items():
        assert isinstance(command, click.Command)
        assert f"suite {name}" in (command.help or ""), name
