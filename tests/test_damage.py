"""Whatever stands in a study file, a run, a table or an export: an answer, or an error in lines; never a traceback.

Hypothesis seeks what breaks that. The same examples every time: those that once did are named.
"""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import example, given, settings
from hypothesis import strategies as st

from suite import studyfile
from suite.architectures import config
from suite.cli import arguments
from suite.cli.fronts import print_front
from suite.cli.speaking import say, tell
from suite.core import classes
from suite.core.errors import ExportError, StoreError, StudyError, SuiteError
from suite.core.study import Constraint
from suite.export import folder as exports
from suite.report import results
from suite.search import folder
from suite.studyfile import binding
from tests import studies

STUDY = Path(__file__).parents[1] / "studies" / "quickstart" / "resnet.toml"
STARTS = {"resnet/tiny": config("resnet/tiny")}
few = settings(max_examples=25, derandomize=True, database=None)
many = settings(few, max_examples=100)

PLAIN = (
    st.integers() | st.floats() | st.booleans() | st.text(max_size=20)
    | st.sampled_from([date(2026, 1, 1), "", "..", "~nobody_here/x", "resnet/50", "accuracy", "min", 2**63 - 1, 1e308])
)  # fmt: skip
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["choice", "range", "log", "step", "x", ""]), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damage")


def places(node: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the keys of every value in a document, from the top down."""
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inside:
        yield (*above, key)
        yield from places(value, (*above, key))


def changed(document: dict[str, Any], at: int, value: object) -> dict[str, Any]:
    """Return the document with another value in one of its places."""
    keys = list(places(document))
    *above, last = keys[at % len(keys)]
    result: Any = deepcopy(document)
    node = result
    for key in above:
        node = node[key]
    node[last] = value
    return result


def read(file: Path, overrides: tuple[str, ...] = ()) -> None:
    """Read and bind a study as `suite check` does; a study that passes is the same when written and read again."""
    with suppress(StudyError):
        study = binding.bind(studyfile.read(file, overrides), STARTS)
        binding.summary(study)
        assert study.size >= 1
        assert binding.bind(studyfile.parse(tomllib.loads(studyfile.text(study)), "again"), STARTS) == study


# ---- study files


@many
@given(at=st.integers(0, 100), value=VALUES)
@example(at=15, value={"range": [-1e308, 1e308], "step": 1e-300})
@example(at=15, value={"choice": [[1] * 300] * 300})
def test_a_study_with_any_value_anywhere_is_read_or_refused(place: Path, at: int, value: object) -> None:
    document = changed(tomllib.loads(STUDY.read_text(encoding="utf-8")), at, value)
    file = place / "study.toml"
    with suppress(ValueError, tomlkit.exceptions.TOMLKitError):  # what TOML itself cannot hold
        file.write_text(tomlkit.dumps(document), encoding="utf-8")
        read(file)


@many
@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 9), st.binary(max_size=6)), max_size=8))
def test_a_study_of_any_bytes_is_read_or_refused(place: Path, cuts: list[tuple[int, int, bytes]]) -> None:
    content = bytearray(STUDY.read_bytes())
    for start, length, instead in cuts:
        content[start : start + length] = instead
    file = place / "bytes.toml"
    file.write_bytes(content)
    read(file)


WHOLE = STUDY.read_bytes()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "missing 'name'"),
        (WHOLE.decode().encode("utf-16"), "not TOML: 'utf-8' codec"),
        (b"x = " + b"[" * 5000 + b"]" * 5000, "not TOML: lists or tables are nested too deeply"),
        (b"x = " + b"{a=" * 3000 + b"1" + b"}" * 3000, "nested too deeply"),
        (WHOLE + b"\n[a" + b".a" * 500 + b"]\n", "nested too deeply"),
        (b"seed = 0x" + b"f" * 6000, "an integer is too large: at most 9,223,372,036,854,775,807"),
        (b"seed = " + b"9" * 5000, "an integer is too large"),
        (b"name = 'a'\nname = 'b'", "not TOML: Cannot overwrite a value"),
    ],
)
def test_what_is_no_study_is_said(place: Path, content: bytes, said: str) -> None:
    file = place / "none.toml"
    file.write_bytes(content)
    with pytest.raises(StudyError) as error:
        studyfile.read(file)
    assert said in str(error.value)
    assert len(str(error.value)) < 2000


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf" + WHOLE, WHOLE.replace(b"\n", b"\r\n")])
def test_a_study_from_another_editor_is_read(place: Path, content: bytes) -> None:
    file = place / "editor.toml"
    file.write_bytes(content)
    assert studyfile.read(file) == studyfile.read(STUDY)


@many
@given(st.text(max_size=60) | st.builds("{}={}".format, st.sampled_from(
    ["seed", "name", "image", "architecture", "dataset", "space.depths", "objectives[0].goal", "budget.trials"]
), st.text(max_size=30)))  # fmt: skip
@example("x=" + "[" * 3000)
@example("budget[" + "9" * 5000 + "]=1")
@example("budget.trials." + ".".join("a" * 3000) + "=1")
@example("seed=" + "9" * 5000)
@example("dataset=~nobody_here/pictures")
@example("architecture=~nobody_here/mine.py/small")
def test_any_override_is_taken_or_refused(text: str) -> None:
    read(STUDY, (text,))


@many
@given(st.text(max_size=50))
def test_what_is_told_moves_no_terminal(text: str) -> None:
    with redirect_stderr(io.StringIO()) as heard:
        tell(text)
    told = heard.getvalue()
    assert all(character.isprintable() or character in "\n\t" for character in told)
    assert text != "" or told == "\n"


def test_an_answer_moves_no_terminal_and_a_program_gets_it_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "a\x1b[2J\x9b.png"
    for terminal, wanted in ((True, "a\\x1b[2J\\x9b.png\n"), (False, f"{name}\n")):
        with redirect_stdout(io.StringIO()) as heard:
            monkeypatch.setattr(heard, "isatty", lambda terminal=terminal: terminal)
            say(name)
        assert heard.getvalue() == wanted


# ---- runs


@pytest.fixture(scope="module")
def run(place: Path) -> Path:
    """A run of five trials, of which one failed and one is running."""
    with folder.opened(place / "runs" / "good", studies.study()) as store:
        for number in range(3):
            store.finish(studies.complete(store.ask(), 90.0 + number, latency=1.0 + number))
        store.finish(store.ask().failed("ValueError: no", "Traceback"))
        store.ask()
    classes.keep(place / "runs" / "good", ["one", "two"])
    return place / "runs" / "good"


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def shown(home: Path) -> None:
    """Print the front of a run."""
    with suppress(SuiteError):
        print_front([folder.read(home)], (), "csv")


def copied(run: Path) -> Path:
    home = run.with_name("bad")
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(run, home)
    return home


@few
@given(at=st.integers(0, 200), value=JSONS)
@example(at=1, value={"zzz": 1.0})
@example(at=1, value={})
@example(at=5, value=True)
def test_a_trial_with_any_value_in_its_record_is_shown_or_refused(run: Path, at: int, value: object) -> None:
    home = copied(run)
    with sqlite3.connect(home / "trials.db") as database:
        found = database.execute("select rowid, value_json from trial_user_attributes where key = 'record'").fetchall()
        row, record = found[at % len(found)]
        new = json.dumps(json.dumps(changed(json.loads(json.loads(record)), at, value)))
        database.execute("update trial_user_attributes set value_json = ? where rowid = ?", (new, row))
    database.close()
    shown(home)


CELLS = (
    ("trials", "state"), ("trials", "datetime_start"), ("trial_params", "param_value"),
    ("trial_params", "distribution_json"), ("trial_user_attributes", "value_json"),
    ("study_user_attributes", "value_json"), ("study_directions", "direction"), ("trial_values", "value"),
)  # fmt: skip


@few
@given(cell=st.sampled_from(CELLS), value=st.none() | st.integers() | st.floats() | st.text(max_size=9) | st.binary())
@example(cell=("trial_user_attributes", "value_json"), value="")
@example(cell=("trials", "state"), value="WAITING?")
def test_a_database_with_any_value_in_a_row_is_shown_or_refused(
    run: Path, cell: tuple[str, str], value: object
) -> None:
    home, (table, column) = copied(run), cell
    with sqlite3.connect(home / "trials.db") as database, suppress(sqlite3.Error, OverflowError):
        database.execute(f"update {table} set {column} = ? where rowid = (select min(rowid) from {table})", (value,))
    database.close()
    shown(home)


@settings(few, max_examples=12)  # a database that cannot be opened is tried for a second
@given(
    name=st.sampled_from(["study.toml", "trials.db", "storage.url", "classes.json"]),
    start=st.integers(0, 20_000),
    instead=st.binary(max_size=40),
)
@example(name="storage.url", start=0, instead=b"\xff{}")
def test_a_run_with_any_bytes_in_a_file_is_shown_or_refused(run: Path, name: str, start: int, instead: bytes) -> None:
    home = copied(run)
    content = bytearray((home / name).read_bytes() if (home / name).exists() else b"")
    content[start % (len(content) + 1) :][: len(instead)] = instead
    (home / name).write_bytes(content[: start % (len(content) + 1)] + instead)
    shown(home)
    with suppress(StoreError):
        assert all(isinstance(one, str) for one in classes.read(home))


# ---- tables and exports

COLUMNS = ["name", "accuracy", "latency", "latency_low", "latency_high", "parameters", "state", "path", "rank"]
CELL = (
    st.floats(allow_nan=True).map(str) | st.integers(-3, 10**30).map(str) | st.text("0123456789.,-e\"'\n x", max_size=8)
)


@many
@given(
    columns=st.lists(st.sampled_from(COLUMNS), min_size=2, max_size=5, unique=True),
    rows=st.lists(st.lists(CELL, min_size=5, max_size=5), min_size=1, max_size=5),
)
@example(columns=["name", "latency"], rows=[["a", "9.0", "", "", ""]])  # no accuracy, and none is so quick
def test_a_table_with_any_cell_has_a_front_or_is_refused(
    place: Path, columns: list[str], rows: list[list[str]]
) -> None:
    file = place / "table.csv"
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row[: len(columns)]) for row in rows]
    file.write_text("\n".join([",".join(columns), *quoted]), encoding="utf-8")
    for limits in ((), (Constraint(measure="latency", at_most=1e-6),)):
        with suppress(SuiteError):
            print_front([results.read(file)], limits, "csv")


@few
@given(JSONS)
def test_any_card_names_classes_or_is_refused(place: Path, card: object) -> None:
    extra = place / "export" / "assets.extra"
    extra.mkdir(parents=True, exist_ok=True)
    (place / "export" / "saved_model.pb").touch()
    for content in (card, {"classes": card}):
        (extra / "card.json").write_text(json.dumps(content), encoding="utf-8")
        with suppress(ExportError):
            assert all(isinstance(one, str) for one in exports.card(place / "export")["classes"])


@many
@given(st.text(max_size=40))
@example("..")
@example("/")
@example("x" * 5000)
@example("a\0b")
def test_any_name_of_a_run_is_found_or_refused(place: Path, name: str) -> None:
    with suppress(SuiteError):
        arguments.runs([name], place / "none")
