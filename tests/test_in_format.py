"""The front as a format: is each network judged and timed on its own runtime, once, with all that may belong there?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from suite import datasets, pipeline
from suite.architectures import candidate
from suite.cli.in_format import print_front_in_format
from suite.core import answers
from suite.core.errors import DatasetError, ExportError, NothingTrainedError
from suite.core.study import Constraint, Latency, Study
from suite.core.trial import Run
from suite.export.recast import Recast
from suite.report import certainty, results
from suite.report.comparison import compare
from suite.search import folder, trained
from tests import studies
from tests.commands import suite
from tests.test_certainty import kept, made

WIDTHS = ((2, 4, 4), (8, 8, 8))


def wanted(**changes: Any) -> Study:
    """Return a study whose networks are timed for a moment."""
    return studies.study(constraints=(), latency=Latency(seconds=0.1, settling=0, threads=1), **changes)


def networks(root: Path) -> Run:
    """Return a run of two networks that differ in width, each after two epochs."""
    study, data = wanted(), datasets.load("digits")
    with folder.opened(root / study.name, study) as store:
        for widths in WIDTHS:
            keras.utils.set_random_seed(0)
            configuration = {"space.depths": (1, 1, 1), "space.widths": widths, "recipe.learning_rate": 3e-3}
            row = store._rows.begin(configuration, continues=None, until=None)
            network = candidate.network(study, configuration, data.task)
            network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
            network.fit(data.train(batch_size=64, seed=0, epochs=2), shuffle=False, verbose=0)
            trained.write(network, folder.model(store.folder, row.number))
            trial = studies.complete(store._past.trial(row), accuracy=50.0 + row.number)
            store.finish(replace(trial, surroundings={**data.surroundings, "recipe_precision": "float32"}))
    return folder.read(root / study.name)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return networks(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def found(run: Run) -> tuple[Run, list[str]]:
    """The run as LiteRT in 8 bits, and what was told of it."""
    lines: list[str] = []
    (as_format,) = pipeline.in_format([run], "litert-int8", 10, lines.append)
    return as_format, lines


@pytest.mark.slow  # converters and runtimes, in processes of their own
def test_each_network_is_judged_and_timed_as_the_format(run: Run, found: tuple[Run, list[str]]) -> None:
    as_format, lines = found
    assert [trial.number for trial in as_format.trials] == [0, 1]
    for trial, plain in zip(as_format.trials, run.trials, strict=True):
        said = answers.read(answers.place(as_format.folder, trial.number))
        assert said
        assert len(said.labels) == 357
        assert trial.measures["accuracy"] == pytest.approx(100 * said.right.mean())
        assert -np.log(said.of_label).mean() == pytest.approx(trial.measures["loss"], abs=1e-3)
        assert trial.measures["accuracy"] != plain.measures["accuracy"]
        assert trial.measures["parameters"] == plain.measures["parameters"]
        assert 0.001 < trial.measures["file_size"] < 1
        assert trial.measures["latency_low"] <= trial.measures["latency"] <= trial.measures["latency_high"]
        assert trial.surroundings["latency_path"] == "litert-int8"
        assert any(line.startswith(f"small/{trial.number} as litert-int8: accuracy ") for line in lines)


@pytest.mark.slow  # converters and runtimes, in processes of their own
def test_its_front_is_one_of_accuracy_latency_and_size(
    run: Run, found: tuple[Run, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    print_front_in_format("litert-int8", 10, [run], (), "csv", ())
    out, err = capsys.readouterr()
    assert re.search(r"`suite export \S*/small \d exports --format litert-int8` exports it", err)
    columns = out.splitlines()[0].split(",")
    assert {"accuracy", "latency", "file_size", "wilson_low", "group", "front_share"} <= {*columns}
    assert "small/" in out
    assert "as litert-int8: accuracy" not in err  # it was measured before
    limit = Constraint(measure="file_size", at_most=min(trial.measures["file_size"] for trial in found[0].trials))
    print_front_in_format("litert-int8", 10, [run], [limit], "csv", ())
    assert capsys.readouterr().out.splitlines()[1].startswith("small/0,")


@pytest.mark.slow  # converters and runtimes, in processes of their own
def test_what_was_found_is_kept_and_another_version_is_measured_anew(
    run: Run, found: tuple[Run, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def asked(self: Recast, name: str) -> tuple[Path, NDArray[np.float32]]:
        tried.append(name)
        raise ExportError("it is not asked again")

    monkeypatch.setattr(Recast, "asked", asked)
    (again,) = pipeline.in_format([run], "litert-int8", 10, lambda line: None)
    assert again == found[0]
    assert tried == []
    monkeypatch.setattr("suite.search.in_format.version_of", lambda name: "another")
    pipeline.in_format([run], "litert-int8", 10, lambda line: None)
    assert tried == ["litert-int8"] * 2
    monkeypatch.undo()
    assert pipeline.in_format([run], "litert-int8", 10, lambda line: None) == [found[0]]


@pytest.mark.slow  # converters and runtimes, in processes of their own
def test_its_table_reads_as_any_table_of_results(run: Run, found: tuple[Run, list[str]]) -> None:
    table = results.read(run.folder / "formats" / "litert-int8.csv")
    assert list(table.labels) == ["small/0", "small/1"]
    assert {"accuracy", "latency", "file_size"} <= {*table.measured}
    for trial, row in zip(found[0].trials, table.trials, strict=True):
        assert row.measures["accuracy"] == pytest.approx(trial.measures["accuracy"])
        assert row.configuration["space.widths"]


@pytest.mark.slow  # converters and runtimes, in processes of their own
def test_a_network_that_cannot_be_converted_is_named_and_the_others_go_on(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    plain, seen = Recast.asked, []

    def asked(self: Recast, name: str) -> tuple[Path, NDArray[np.float32]]:
        seen.append(name)
        if len(seen) == 1:
            raise ExportError("LiteRT has no operation Roll of its own")
        return plain(self, name)

    monkeypatch.setattr(Recast, "asked", asked)
    (as_format,) = pipeline.in_format([run], "litert", 10, lines.append)
    assert [trial.state for trial in as_format.trials] == ["failed", "complete"]
    assert lines[0] == "small/0 is no candidate as litert: LiteRT has no operation Roll of its own."
    assert [entry.name for entry in compare([as_format]).candidates] == ["small/1"]


def test_without_a_network_there_is_no_front(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "small", wanted()) as store:
        trial = store.ask()
        assert trial
        store.finish(trial.failed("the disk is gone"))
    with pytest.raises(NothingTrainedError, match="the disk is gone"):
        pipeline.in_format([folder.read(tmp_path / "small")], "litert", 10, lambda line: None)


@pytest.mark.slow
def test_other_pictures_judge_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(**known: Any) -> Mapping[str, str]:
        return {**known, "dataset_digest": "another"}

    other = replace(run, trials=tuple(replace(t, surroundings=changed(**t.surroundings)) for t in run.trials))
    with pytest.raises(DatasetError, match=r"the pictures have changed since small began.*bring back the old ones"):
        pipeline.in_format([other], "onnx", 10, lambda line: None)


def test_what_may_not_be_told_from_the_front_belongs_to_it(tmp_path: Path) -> None:
    """Three with like errors, the first the smallest: by chance either other may be better. The last never is."""
    run = kept(tmp_path, wrong=[10, 9, 10, 120], sizes=[100, 200, 300, 400])
    comparison = compare([run])
    assert [entry.name for entry in comparison.front] == ["resnet/0", "resnet/1"]
    assert [entry.name for entry in certainty.contenders(comparison)] == ["resnet/0", "resnet/1"]
    labels = np.random.default_rng(0).integers(2, size=300).astype(np.int32)
    apart = np.arange(300) >= 10
    answers.write(made(labels, apart[::-1]), answers.place(tmp_path, 2))  # errors of its own
    found = [entry.name for entry in certainty.contenders(compare([run]))]
    assert {*found[:2]} == {"resnet/0", "resnet/1"}
    assert found[2:] == ["resnet/2"]


@pytest.mark.parametrize(("words", "said"), [
    (("--as", "litert-int9"), "'litert-int9' is not one of"),
    (("--as", "litert", "--families"), "give --families or --as, not both"),
])  # fmt: skip
def test_what_cannot_be_asked_is_said(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = suite("front", "nothing", "--runs", tmp_path, *words)
    assert done.returncode == 2
    assert said in done.stderr
