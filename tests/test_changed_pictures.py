"""Are pictures that changed since a run began told before anything is trained, and does what was found stay usable?"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from suite import datasets, pipeline, studyfile, tracking
from suite.core import seen
from suite.core.errors import DatasetError, SuiteError
from suite.core.trial import Run
from suite.export import folder as exports
from suite.report import choice
from suite.report.comparison import compare
from suite.search import folder
from suite.tracking.delivery import Delivery
from tests import report_runs
from tests.pictures import fill

STUDY = """
name = "insects"
architecture = "resnet/tiny"
dataset = "../pictures"
image = [16, 16, 3]
[space]
depths = { choice = [[1], [1, 1]] }
widths = { choice = [[4], [8], [4, 8], [8, 8]] }
[[objectives]]
measure = "accuracy"
goal = "max"
[[objectives]]
measure = "parameters"
goal = "min"
[budget]
trials = 2
[fidelity]
epochs = 1

[latency]
seconds = 0.3
settling = 0
"""


@pytest.fixture(scope="module", autouse=True)
def _no_mlflow() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            tracking, "deliver", lambda *_, **__: Delivery(delivered=0, waiting=0)
        )  # tests/test_tracking.py is about that
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two trainings on 40 pictures of two classes, of which each has three more now; a third is new."""
    home = tmp_path_factory.mktemp("home")
    (home / "studies").mkdir()
    (home / "studies" / "insects.toml").write_text(STUDY)
    for number, name in enumerate(("bee", "cat")):
        fill(home / "pictures" / name, range(100 * number, 100 * number + 20))
    pipeline.run(wanted(home), home / "runs", show=False)
    shutil.copytree(home / "pictures", home / "before")
    for number, name in enumerate(("bee", "cat")):
        fill(home / "pictures" / name, range(100 * number + 50, 100 * number + 53))
    fill(home / "pictures" / "ant", range(900, 920))
    return home


def wanted(home: Path, *overrides: str) -> pipeline.Study:
    return pipeline.study(home / "studies" / "insects.toml", overrides)


def test_it_is_said_before_anything_is_trained_what_has_changed(home: Path) -> None:
    before = folder.read(home / "runs" / "insects").trials
    with pytest.raises(DatasetError) as refusal:
        pipeline.run(wanted(home, "budget.trials=4"), home / "runs", show=False)
    said = str(refusal.value)
    assert str(home / "pictures") in said
    assert "train 32 then, " in said
    assert " more)" in said
    assert "2 classes then, 3 now" in said
    assert "Nothing was trained" in said
    assert "--set name=insects-2" in said
    assert folder.read(home / "runs" / "insects").trials == before


def test_files_are_read_again_only_if_one_was_written_since(home: Path, tmp_path: Path) -> None:
    run = folder.read(home / "runs" / "insects")
    assert "2 classes then, 3 now" in pipeline.changed(run)
    for here, _, names in os.walk(home / "before"):
        for name in ("", *names):
            os.utime(Path(here) / name, (0, 0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets, "load", lambda *_: pytest.fail("read again"))
        assert pipeline.changed(replace(run, study=replace(run.study, dataset=str(home / "before")))) == ""
    (home / "before" / "bee").touch()  # as when a file is added or renamed
    assert pipeline.changed(replace(run, study=replace(run.study, dataset=str(home / "before")))) == ""
    shutil.copytree(home / "before" / "bee", tmp_path / "one" / "bee")
    assert "has one class only" in pipeline.changed(
        replace(run, study=replace(run.study, dataset=str(tmp_path / "one")))
    )


@pytest.mark.slow
def test_with_the_old_pictures_back_it_goes_on(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "runs", tmp_path / "runs")
    shutil.move(home / "pictures", home / "after")
    shutil.copytree(home / "before", home / "pictures")
    try:
        done = pipeline.run(wanted(home, "budget.trials=3"), tmp_path / "runs", show=False)
    finally:
        shutil.rmtree(home / "pictures")
        shutil.move(home / "after", home / "pictures")
    assert Counter(trial.state for trial in done.trials)["complete"] == 3


@pytest.mark.slow
def test_what_was_found_is_still_reported_and_exported_with_the_classes_of_then(home: Path, tmp_path: Path) -> None:
    run = folder.read(home / "runs" / "insects")
    comparison = compare([run])
    assert pipeline.report([run], tmp_path / "report").exists()
    done = pipeline.export(choice.best(comparison), [run], tmp_path / "net")
    assert done.agreement.top1_agreement == 1
    assert done.test_accuracy is None  # some of today's test pictures were trained on
    assert exports.card(done.folder)["classes"] == ["bee", "cat"]
    picture = next((home / "pictures" / "ant").iterdir())
    assert {name for name, _ in pipeline.predict(done.folder, [picture])[0]} == {"bee", "cat"}
    again = pipeline.export(choice.best(comparison), [run], tmp_path / "net")
    assert (again.folder, again.test_accuracy) == (done.folder, None)


def test_a_run_that_does_not_know_its_classes_asks_for_the_old_pictures(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "runs", tmp_path / "runs")
    (tmp_path / "runs" / "insects" / "classes.json").unlink()
    run = folder.read(tmp_path / "runs" / "insects")
    with pytest.raises(DatasetError, match=r"does not know the names of its classes.*old pictures back"):
        pipeline.export(choice.best(compare([run])), [run], tmp_path / "net")


@pytest.mark.slow
def test_the_command_says_it_too_and_prints_a_front_for_each_set_of_pictures(home: Path) -> None:
    """Both studies are done, so that nothing is trained here."""
    file = home / "studies" / "other.toml"
    file.write_text(studyfile.text(replace(wanted(home), name="insects-2", dataset=str(home / "pictures"))))
    pipeline.run(pipeline.study(file), home / "runs", show=False)
    command = [sys.executable, "-m", "suite", "run", "studies/insects.toml", "studies/other.toml", "--format", "csv"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, env=_without_mlflow(home))
    assert done.returncode == 0, done.stderr
    assert "The front of insects:" in done.stderr
    assert "The front of insects-2:" in done.stderr
    assert done.stdout.count("trial,accuracy") == 2
    assert "insects/" in done.stdout
    assert "insects-2/" in done.stdout
    assert "insects was searched before, and its pictures have changed since: train 32 then, " in done.stderr
    assert "insects-2 was searched before" not in done.stderr


def _without_mlflow(home: Path) -> dict[str, str]:
    return {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{home / 'mlflow.db'}"}


# ---- runs of earlier versions, which hold trials of two sets of pictures


def mixed() -> Run:
    """Of 12 trials, the last four saw other pictures."""
    run = report_runs.run("resnet", 12)
    other = {**report_runs.SURROUNDINGS, "dataset_digest": "77aa"}
    perfect = {"accuracy": 100.0}
    late = [replace(t, surroundings=other, measures={**t.measures, **perfect}) for t in run.trials[8:]]
    return replace(run, trials=(*run.trials[:8], *late))


def test_a_run_on_two_sets_of_pictures_is_compared_by_those_that_belong_together(tmp_path: Path) -> None:
    comparison = compare([mixed()])
    assert {entry.trial.number for entry in comparison.entries} == set(range(8))
    assert comparison.left_out == (
        "Left out, because they saw other pictures than most of their run: resnet/8, resnet/9, resnet/10, resnet/11."
    )
    page = pipeline.report([mixed()], tmp_path / "report").read_text()
    assert comparison.left_out in page
    alone = compare([report_runs.run("resnet", 8)])
    assert [entry.name for entry in comparison.front] == [entry.name for entry in alone.front]
    assert alone.left_out == ""


def test_the_pictures_of_most_complete_trials_are_the_runs_and_of_equals_the_first() -> None:
    run = mixed()
    fewer = replace(run, trials=tuple(t for t in run.trials if t.number > 7 or t.state != "complete"))
    chosen = seen.main(fewer.trials)
    assert chosen is not None
    assert chosen.surroundings["dataset_digest"] == "77aa"
    assert seen.main([replace(trial, surroundings={}) for trial in run.trials]) is None
    one, *_, last = [trial for trial in run.trials if trial.state == "complete"]
    assert seen.main([one, last]) == one
    assert seen.main([last, one]) == last


def test_two_runs_on_two_sets_of_pictures_are_two_groups_and_are_still_not_compared() -> None:
    one, two = report_runs.run("resnet", 5), report_runs.run("alexnet", 5)
    other = {**report_runs.SURROUNDINGS, "dataset_digest": "77aa"}
    moved = replace(two, trials=tuple(replace(trial, surroundings=other) for trial in two.trials))
    empty = replace(one, trials=())
    assert seen.groups([one, two]) == [[one, two]]
    assert seen.groups([one, moved, empty]) == [[one, empty], [moved]]
    with pytest.raises(SuiteError, match="saw different data"):
        compare([one, moved])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"train_images": "1260", "validation_images": "270", "test_images": "270"},
            "train 1,257 then, 1,260 now (3 more)",
        ),
        (
            {"train_images": "1257", "validation_images": "269", "test_images": "272"},
            "validation 270 then, 269 now (1 fewer); test 270 then, 272 now (2 more)",
        ),
        ({"classes": "11"}, "10 classes then, 11 now"),
        ({}, "as many as before, but different pictures, or in a different class or split"),
    ],
)
def test_a_change_is_said_by_how_many_pictures(changed: dict[str, str], said: str) -> None:
    trial = report_runs.run("resnet", 1).trials[0]
    now = {**report_runs.SURROUNDINGS, "dataset_digest": "77aa", **changed}
    assert seen.change(trial, now) == said
    assert seen.change(trial, report_runs.SURROUNDINGS) == ""


# ---- where a folder of pictures is looked for


def test_a_folder_is_looked_for_from_the_study_file_and_an_override_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    for given, found in {
        "./x": f"{tmp_path}/a/x",
        "../x": f"{tmp_path}/x",
        "~/x": str(Path.home() / "x"),
        "/x/y": "/x/y",
        "digits": "digits",
        "name/config:1.0.0": "name/config:1.0.0",
    }.items():
        (tmp_path / "a" / "s.toml").write_text(STUDY.replace("../pictures", given))
        assert studyfile.read(Path("a/s.toml")).dataset == found
    assert studyfile.read(Path("a/s.toml"), ["dataset=./x"]).dataset == f"{tmp_path}/x"
    assert studyfile.read(Path("a/s.toml"), ["dataset=cifar10"]).dataset == "cifar10"


def test_the_run_still_finds_its_pictures_from_anywhere(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert folder.read(home / "runs" / "insects").study.dataset == str(home / "pictures")
    assert json.loads((home / "runs" / "insects" / "classes.json").read_text()) == ["bee", "cat"]


def test_a_run_of_an_earlier_version_looks_from_the_current_folder_as_it_did(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(home / "runs", tmp_path / "runs")
    kept = tmp_path / "runs" / "insects" / "study.toml"
    kept.write_text(kept.read_text().replace(str(home / "pictures"), "./pictures"))
    monkeypatch.chdir(home)
    assert folder.read(tmp_path / "runs" / "insects").study.dataset == str(home / "pictures")
    folder.check_same(tmp_path / "runs" / "insects", wanted(home))
