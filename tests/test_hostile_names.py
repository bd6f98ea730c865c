"""Folders, classes and files of any names through a whole study: found again, never markup, code or another place."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from suite.core import classes
from suite.export import folder as exports
from suite.search import folder
from tests import commands
from tests.pictures import fill
from tests.test_report import Page

ROOT = "a 'b\" <i>é #1 100%41 $(touch ran) `touch ran` {x} ? & 图"
CLASSES = [
    "<img src=x onerror=alert(1)>", "a 'b\" c", "-o", "ü 图 e\u0301", "$(touch ran) `touch ran`", "{{7*7}} %s {0}",
    "a\nb", "\x1b[2Jclear", "x" * 200, "=cmd()",
]  # fmt: skip
SHOWN = sorted(name.replace("\n", "\\n").replace("\x1b", "\\x1b") for name in CLASSES)  # a terminal obeys none of them
STUDY: dict[str, Any] = {
    "name": "hostile", "question": "<script>alert(1)</script> & `rm`?", "architecture": "resnet/tiny",
    "image": [16, 16, 3],
    "space": {"widths": {"choice": [[8, 16], [8, 8]]}}, "recipe": {"batch_size": 16},
    "objectives": [{"measure": "accuracy", "goal": "max"}, {"measure": "parameters", "goal": "min"}],
    "budget": {"trials": 2}, "fidelity": {"epochs": 1},
}  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study of pictures, and its run."""
    root = tmp_path_factory.mktemp("hostile") / ROOT
    for number, name in enumerate(CLASSES):
        fill(root / "pic'tures <b>" / name, range(100 * number, 100 * number + 10))
    text = tomlkit.dumps(STUDY | {"dataset": "pic'tures <b>"})
    (root / "study 'of\" mine.toml").write_text(text, encoding="utf-8")
    done = suite(root, "run", "study 'of\" mine.toml", "--workers", "1")
    assert "wait (" not in done.stderr
    return root


def suite(root: Path, *words: str) -> Any:
    """Run a command in the folder, which must succeed; its messages move no terminal."""
    done = commands.suite(*words, cwd=root)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
    return done


@pytest.mark.slow
def test_the_run_is_where_it_should_be_and_nothing_else_is_anywhere(root: Path) -> None:
    run = folder.read(root / "runs" / "hostile")
    assert [trial.state for trial in run.trials] == ["complete"] * 2
    assert sorted(classes.read(run.folder)) == SHOWN
    elsewhere = [path for path in root.parent.rglob("*") if root not in (path, *path.parents)]
    assert not [path for path in elsewhere if not path.is_dir()]  # MLflow makes an empty folder of the quoted name
    assert not list(root.parent.rglob("ran"))


@pytest.mark.slow
def test_mlflow_has_the_trials_and_the_name_of_the_pictures(root: Path) -> None:
    from mlflow import MlflowClient

    from suite import tracking

    client = MlflowClient(tracking.uri(root / "runs"))
    groups = [experiment.experiment_id for experiment in client.search_experiments()]
    runs = client.search_runs(groups, "tags.kind = 'trial'")
    assert sorted(run.info.run_name for run in runs) == ["hostile/0", "hostile/1"]
    sources = {json.loads(one.dataset.source)["uri"] for run in runs for one in run.inputs.dataset_inputs}
    assert all(source.endswith("pic'tures <b>") for source in sources), sources


@pytest.mark.slow
def test_the_page_has_the_names_as_text(root: Path) -> None:
    suite(root, "report", "hostile", "-o", "re'port <b>\" ü")
    page = Page(root / "re'port <b>\" ü" / "index.html")
    assert {tag for tag, attributes in page.tags if attributes.get("src") == "x"} == set()
    assert STUDY["question"] in page.text
    written = (root / "re'port <b>\" ü" / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script>alert|<img src=x", written)


@pytest.mark.slow
def test_the_export_answers_with_the_names(root: Path) -> None:
    suite(root, "export", "hostile", "best", "ex ports", "--name", "my 'net\" <b>é")
    export = root / "ex ports" / "my 'net\" <b>é"
    assert sorted(exports.card(export / "1")["classes"]) == SHOWN
    picture = root / "a <b>\x1b.png"
    shutil.copy(next((root / "pic'tures <b>" / "-o").iterdir()), picture)
    done = suite(root, "predict", str(export), picture.name, "--format", "csv", "--top", "20")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == len(CLASSES)
    assert suite(root, "predict", str(export), picture.name, "--top", "20").stdout.count("\n") == len(CLASSES) + 2
    assert suite(root, "front", "hostile").stdout


@pytest.mark.slow
def test_the_registry_takes_the_name(root: Path) -> None:
    done = suite(root, "register", "hostile", "best", "--name", "my 'net\" <b>é")
    assert done.stdout.startswith("models:/my 'net\" <b>é")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["../up", "..", "/tmp/up", "a/../../up", "."])
def test_the_name_of_an_export_leads_nowhere_else(root: Path, name: str) -> None:
    before = sorted(os.listdir(root.parent)) + sorted(os.listdir(root))
    done = commands.suite("export", "hostile", "best", "exports", "--name", name, cwd=root)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert sorted(os.listdir(root.parent)) + sorted(os.listdir(root)) == before
