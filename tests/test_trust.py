"""What a stranger wrote runs no code: no pickle is loaded where one could write, and no text is a program.

The rules are held against the source itself, so that a new line that breaks one fails here.
"""

from __future__ import annotations

import ast
import json
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path

import pytest
import tomlkit
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import make_url

from suite import studyfile
from suite.core import sqlite
from suite.core.errors import SuiteError
from suite.core.study import Study
from suite.export import folder as exports
from suite.search import folder
from suite.studyfile import binding
from tests import studies
from tests.fuzzing import inputs
from tests.test_damage import STARTS, STUDY, changed, places

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "suite").rglob("*.py"))

PICKLES = {"pickle", "cPickle", "_pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal", "torch"}
MAY_IMPORT = {"suite/architectures/weights/torchfile.py": {"pickle"}}  # an Unpickler that knows tensors and no more
MAY_RUN = {"suite/architectures/own.py": {"exec", "compile"}}  # the user's own architecture, which a study names
MAY_TRUST = {"suite/timing/runtimes.py"}  # a file that another process of ours wrote


def calls(tree: ast.AST) -> Iterator[tuple[str, dict[str, ast.expr]]]:
    """Yield what is called by its last two names, with the named arguments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            named = {one.arg: one.value for one in node.keywords if one.arg}
            yield ".".join(ast.unparse(node.func).split(".")[-2:]), named


def imported(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found


def text(value: ast.expr | None) -> str:
    return "" if value is None else ast.unparse(value)


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_no_source_loads_what_could_run_code(file: Path) -> None:
    name, tree = file.relative_to(ROOT).as_posix(), ast.parse(file.read_text(encoding="utf-8"))
    assert imported(tree) & PICKLES <= MAY_IMPORT.get(name, set())
    for called, named in calls(tree):
        last = called.rpartition(".")[2]
        if called in ("np.load", "numpy.load"):
            assert text(named.get("allow_pickle")) in ("", "False"), "a pickle runs what it likes"
        if last == "load_model":
            safe = text(named.get("safe_mode"))
            assert safe in ("", "True", "not trusted") or name in MAY_TRUST, f"safe_mode={safe}"
        if called in ("eval", "exec", "compile", "__import__"):
            assert called in MAY_RUN.get(name, set()), f"{called} runs text"
        assert called not in ("os.system", "os.popen", "yaml.load", "yaml.unsafe_load", "subprocess.getoutput")
        assert text(named.get("shell")) in ("", "False"), "a shell reads names of files as commands"
        assert text(named.get("autoescape")) != "False", "text of others would be markup"


def test_the_one_unpickler_refuses_what_is_no_tensor(tmp_path: Path) -> None:
    import os
    import pickle

    from suite.architectures.weights import torchfile
    from suite.core.errors import ArchitectureError

    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return os.system, (f"touch {tmp_path / 'ran'}",)

    (tmp_path / "weights.pt").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ArchitectureError):
        torchfile.read(tmp_path / "weights.pt")
    assert not (tmp_path / "ran").exists()


MARK = "ran-by-a-stranger"
CODE = [
    f"$(touch {MARK})", f"`touch {MARK}`", f"; touch {MARK}", f"| touch {MARK}",
    f"__import__('os').system('touch {MARK}')",
    "{{7*7}}", "{{ ''.__class__.__mro__[1].__subclasses__() }}", f"!!python/object/apply:os.system ['touch {MARK}']",
    f"<script>{MARK}</script>", f"' onerror='{MARK}'", "%s%n{0.__class__}", "../" * 6 + MARK, f"file:///{MARK}",
]  # fmt: skip


def test_text_in_a_study_is_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = tomllib.loads(STUDY.read_text(encoding="utf-8"))
    for at, code in zip(range(2 * len(list(places(document)))), cycle(CODE), strict=False):
        (tmp_path / "study.toml").write_text(tomlkit.dumps(changed(document, at, code)), encoding="utf-8")
        with suppress(SuiteError):
            binding.summary(binding.bind(studyfile.read(tmp_path / "study.toml"), STARTS))
    assert [path.name for path in tmp_path.rglob("*")] == ["study.toml"]
    assert not (tmp_path.parent / MARK).exists()


@pytest.mark.parametrize("code", CODE)
def test_text_in_an_export_is_text(tmp_path: Path, code: str) -> None:
    extra = tmp_path / "export" / "assets.extra"
    extra.mkdir(parents=True)
    (tmp_path / "export" / "saved_model.pb").touch()
    (extra / "card.json").write_text(json.dumps({"classes": [code], "background": code}), encoding="utf-8")
    with suppress(SuiteError):
        assert exports.card(tmp_path / "export")["classes"] == [code]
    assert MARK not in [path.name for path in tmp_path.rglob("*")]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("names") / "root"


DOCUMENT = tomllib.loads(STUDY.read_text(encoding="utf-8"))
LETTERS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120)
WORDS = st.from_regex(r"[^\W_][\w.-]{0,110}", fullmatch=True)  # of any alphabet
NAMES = LETTERS | WORDS | st.sampled_from(CODE)


def named(name: str) -> Study | None:
    """Return a study of this name; None if it is refused."""
    with suppress(SuiteError):
        return studyfile.parse({**DOCUMENT, "name": name}, "study.toml")
    return None


@inputs(200)
@given(NAMES)
@example("..")
@example(".")
@example("a b")
@example("-o")
@example("résumé-図")
@example("con")
@example("a\nb")
@example("x" * 100)
@example("x" * 300)
@example("図" * 100)
def test_a_study_of_any_name_has_a_folder_of_its_own_or_is_refused(place: Path, name: str) -> None:
    """Its name is that of its folder: none reaches outside, and each is found again."""
    study = named(name)
    if study is None:
        return
    home = place / study.name
    assert home.parent == place
    assert home.resolve().parent == place.resolve()
    home.mkdir(parents=True)
    try:
        studyfile.write(study, home / "study.toml")
        assert folder.named(study.name, place) == home
        assert folder.every(place) == [home]
        assert folder.kept(home) == study
        database = make_url(sqlite.url(home / "trials.db")).database
        assert database == str(home / "trials.db") == str(sqlite.file(sqlite.url(home / "trials.db")))
    finally:
        shutil.rmtree(home)


@inputs(10, most=500)
@given(NAMES)
@example("résumé-図")
@example("図" * 66)
def test_a_run_of_any_name_is_made_and_found_again(place: Path, name: str) -> None:
    if named(name) is None:
        return
    home = place / name
    with folder.opened(home, studies.study(name=name)) as store:
        store.finish(studies.complete(store.ask()))
    assert len(folder.read(home).trials) >= 1
