"""A study whose networks learn from texts: is its file held to what can be, and does each picture side learn once?"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from suite import datasets, pipeline, studyfile
from suite.cli.commands import cli
from suite.core.domains import Choice
from suite.core.errors import ArchitectureError, DatasetError, ExportError, StudyError
from suite.core.study import Budget, Fidelity, Latency, Objective, Study
from suite.core.trial import Run
from suite.core.words import CLASS_NAMES, Words
from suite.datasets import pairs
from suite.report import confirmation, shown
from suite.report.comparison import compare
from suite.report.study import page
from suite.search import addresses, folder, pretraining
from tests import shapes

FILE = """
name = "shapes-words"
architecture = "coca/tiny"
dataset = "./shapes"

[recipe]
learning_rate = { choice = [0.001, 0.003] }

[words]
pairs = "captions.csv"
templates = ["a {}", "the {}"]
epochs = 2
text = { multimodal = 1 }

[[objectives]]
measure = "zero_shot"
goal = "max"

[[objectives]]
measure = "parameters"
goal = "min"

[budget]
trials = 2

[fidelity]
epochs = 1
"""


def put(folder: Path, *changes: tuple[str, str]) -> Path:
    text = FILE
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    (folder / "study.toml").write_text(text)
    return folder / "study.toml"


def test_a_study_of_texts_reads_back_as_it_was_written(tmp_path: Path) -> None:
    read = studyfile.read(put(tmp_path))
    assert read.words == Words(pairs="captions.csv", templates=("a {}", "the {}"), epochs=2, text={"multimodal": 1})
    studyfile.write(read, tmp_path / "again.toml")
    assert studyfile.read(tmp_path / "again.toml") == read
    assert "[words]" not in studyfile.text(replace(read, words=None, objectives=read.objectives[1:]))


def test_a_path_of_a_table_is_from_the_study_file_and_a_name_from_the_pictures(tmp_path: Path) -> None:
    def found(pairs: str) -> str:
        words = studyfile.read(put(tmp_path, ("captions.csv", pairs))).words
        return words.pairs if words else ""

    assert found("./more/captions.csv") == str(tmp_path / "more" / "captions.csv")
    assert [found(name) for name in ("captions.csv", CLASS_NAMES, "coco_captions")] == [
        "captions.csv", CLASS_NAMES, "coco_captions",
    ]  # fmt: skip


WRONG = [
    (('pairs = "captions.csv"', ""), "missing 'pairs' in [words]: write pairs = \"captions.csv\""),
    (("epochs = 2", "epoch = 2"), "no key 'epoch' in [words]. Did you mean 'epochs'?"),
    (('["a {}", "the {}"]', '["a"]'), "templates: write {} once where the class goes"),
    (("epochs = 2\n", "epochs = 2\ntemperature = 0\n"), "temperature in [words]: needs more than 0; not 0"),
    (("coca/tiny", "resnet/tiny"), "words: resnet does not learn from texts; align and coca do"),
    (("multimodal = 1", "multimodel = 1"), "no key 'multimodel' in [words.text]. Did you mean 'multimodal'?"),
    (("multimodal = 1", "multimodal = 1.5"), "needs an integer, not 1.5"),
    (("multimodal = 1", "vocabulary = 10"), "follows from the texts; remove it"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_what_is_wrong_with_the_words_of_a_study_is_said(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(StudyError) as error:
        pipeline.study(put(tmp_path, change))
    assert message in str(error.value)


def test_a_text_side_that_cannot_be_built_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ArchitectureError, match="queries = 0"):
        pipeline.study(put(tmp_path, ("multimodal = 1", "queries = 0")))


def test_networks_that_learn_from_texts_may_be_several(tmp_path: Path) -> None:
    several = (('"coca/tiny"', '["coca/tiny", "align/tiny"]'), ("text = { multimodal = 1 }", ""))
    assert pipeline.study(put(tmp_path, *several)).architectures == ("coca/tiny", "align/tiny")
    with pytest.raises(StudyError, match="no key 'multimodal' in"):  # an ALIGN has none
        pipeline.study(put(tmp_path, several[0]))


def test_zero_shot_accuracy_is_a_measure_of_networks_that_learn_from_texts(tmp_path: Path) -> None:
    read = studyfile.read(put(tmp_path))
    with pytest.raises(StudyError, match=r"zero_shot is of networks that learn from texts: add \[words\]"):
        replace(read, words=None)
    assert read.quality == "accuracy"  # an epoch of the classifier has no zero-shot accuracy


def test_networks_begin_with_texts_or_with_weights_of_others(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="both say where networks begin"):
        studyfile.read(put(tmp_path, ("[recipe]", 'weights = "imagenet"\n\n[recipe]')))


# A whole search.


def study(pictures: Path, **changes: Any) -> Study:
    """Return a study of two networks that differ in how their classifier is trained, and of one that differs itself."""
    plain = Study(
        name="words", architecture="coca/tiny", dataset=str(pictures), sampler="random",
        objectives=(Objective(measure="accuracy", goal="max"), Objective(measure="zero_shot", goal="max")),
        recipe={"learning_rate": Choice((0.001, 0.003)), "batch_size": 64},
        words=Words(pairs="captions.csv", templates=("a {}",), epochs=3, learning_rate=3e-3, text={"multimodal": 1}),
        budget=Budget(trials=2), fidelity=Fidelity(epochs=1), latency=Latency(seconds=0.1, settling=0),
    )  # fmt: skip
    return replace(plain, **changes)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("world")
    shapes.world(home, 10)
    return home


@pytest.fixture(scope="module")
def done(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    home, depot = tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("depot")
    return pipeline.run(study(pictures), home, show=False, depot=str(depot))


@pytest.mark.slow
def test_trials_record_both_accuracies_and_what_they_have_read(done: Run) -> None:
    assert [trial.state for trial in done.trials] == ["complete"] * 2
    for trial in done.trials:
        assert 0 <= trial.measures["zero_shot"] <= 100
        assert trial.measures["accuracy"] >= 0
        assert trial.surroundings["pairs"] == "captions.csv"
        assert trial.start == "tuned: texts of captions.csv"
        assert int(trial.surroundings["pairs_images"]) == 12 * 10 - 24


@pytest.mark.slow
def test_trials_that_differ_in_the_classifier_share_what_was_read(done: Run) -> None:
    first, second = done.trials
    assert first.configuration != second.configuration
    assert first.surroundings["weights_digest"] == second.surroundings["weights_digest"]
    assert first.measures["zero_shot"] == second.measures["zero_shot"]
    assert [file.name for file in (done.folder / "words").glob("*.npz")] == [
        f"{first.surroundings['weights_digest']}.npz"
    ]
    with np.load(folder.words(done.folder, first.surroundings["weights_digest"])) as kept:
        assert [row["epoch"] for row in json.loads(str(kept["header"]))["curve"]] == [1, 2, 3]


@pytest.mark.slow
def test_a_run_does_not_go_on_with_other_texts(done: Run, pictures: Path) -> None:
    table = pictures / "captions.csv"
    before = table.read_text()
    table.write_text(before + "red_circle/red_circle0.png,another\n")
    try:
        with pytest.raises(DatasetError, match="the texts or their pictures have changed since words began"):
            pipeline.run(study(pictures, budget=Budget(trials=3)), done.folder.parent, show=False)
    finally:
        table.write_text(before)


# What is made of it.


@pytest.mark.slow
def test_a_classifier_by_texts_has_the_accuracy_that_its_trial_records(done: Run, pictures: Path) -> None:
    data, trial = datasets.load(str(pictures)), done.trials[0]
    network = pretraining.zero_shot(done, trial, data.task, data.classes)
    right = [network(images).numpy().argmax(axis=1) == labels for images, labels in data.validation()]
    assert 100 * np.concatenate(right).mean() == pytest.approx(trial.measures["zero_shot"])


@pytest.mark.slow
def test_a_classifier_by_texts_takes_any_classes_in_any_order(done: Run, pictures: Path) -> None:
    data, trial = datasets.load(str(pictures)), done.trials[0]
    images = next(iter(data.validation()))[0]
    whole = pretraining.zero_shot(done, trial, data.task, data.classes)(images).numpy()
    some = pretraining.zero_shot(done, trial, data.task, [data.classes[3], "žluté kolo", data.classes[0]])(images)
    assert some.shape == (len(images), 3)
    np.testing.assert_allclose(some.numpy()[:, [0, 2]], whole[:, [3, 0]], rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_a_trial_that_has_read_nothing_has_no_classifier_by_texts(done: Run, pictures: Path) -> None:
    plain = replace(done.study, words=None, objectives=done.study.objectives[:1])
    with pytest.raises(ExportError, match="words/0 has not learned from texts"):
        pretraining.zero_shot(replace(done, study=plain), done.trials[0], datasets.load("digits").task, ["a", "b"])


@pytest.fixture(scope="module")
def again(done: Run) -> tuple[confirmation.Confirmation, list[str]]:
    """Both networks trained again with two seeds, and the lines that were said."""
    comparison = compare([done])
    lines = list(pipeline.confirm(confirmation.missing(comparison, comparison.candidates, (1, 2))))
    found = confirmation.of(comparison, comparison.candidates, (1, 2))
    assert found
    return found, lines


@pytest.mark.slow
def test_networks_that_learn_from_texts_are_trained_again_from_their_texts_on(
    again: tuple[confirmation.Confirmation, list[str]], done: Run
) -> None:
    found, lines = again
    assert found.seeds == 2
    assert len(lines) == 4
    assert all("% of the test pictures, " in line and "by the texts of their classes alone" in line for line in lines)
    first, second = found.by_text
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first, second)  # both share what each seed has read
    assert not np.array_equal(first[0], first[1])  # another split leaves other pairs
    (searched,) = (done.folder / "words").glob("*.npz")
    assert not (done.folder / "again").exists(), "what nobody needs any more"
    depot = addresses.depot(done.folder)
    depot.look("words")
    assert depot.there("words") == {searched.name, "tokens.json"}
    for row in found.rows():
        assert row["zero_shot_low"] <= row["zero_shot"] <= row["zero_shot_high"]
    assert pipeline.looks(done.folder).startswith("The test pictures were looked at once (")


@pytest.mark.slow
def test_what_is_read_again_is_never_held_out(done: Run, pictures: Path) -> None:
    data = datasets.load(str(pictures)).redrawn(1)
    assert done.study.words
    found = pairs.load(done.study.words, data, done.study.preparation)
    held = {one for split in ("validation", "test") for one in pictures_of(data.ordered(split))}
    read = pictures_of(found.seen(data).reader.held_out("train", 64))
    assert len(read) == data.sizes["train"]
    assert not held & set(read)


def pictures_of(batches: Any) -> list[bytes]:
    return [picture.tobytes() for batch, _ in batches for picture in batch.numpy()]


@pytest.mark.slow
def test_the_answer_and_the_page_say_what_the_texts_alone_can_tell(
    again: tuple[confirmation.Confirmation, list[str]], done: Run, tmp_path: Path
) -> None:
    mean = 100 * again[0].by_text[0].mean()  # type: ignore[union-attr]
    said = f"By the texts of their classes alone it tells {mean:.1f} % of them (95 % interval "
    assert any(said in line for line in shown.shown(compare([done])).sentences)
    html = page.write([done], tmp_path).read_text()
    assert '"by_text":{"mean":' in html


@pytest.mark.slow  # exports start processes of their own
def test_what_tells_classes_by_texts_is_exported_and_predicts(done: Run, pictures: Path, tmp_path: Path) -> None:
    entry = compare([done]).entries[0]
    exported = pipeline.export(entry, [done], tmp_path / "own", ["red thing", "blue thing"])
    assert exported.test_accuracy is None
    (answer,) = pipeline.predict(tmp_path / "own", [pictures / "red_circle" / "red_circle0.png"])
    assert {name for name, _ in answer} == {"red thing", "blue thing"}
    assert pipeline.looks(done.folder) == ""  # no test picture can tell
    assert sum(share for _, share in answer) == pytest.approx(1, abs=1e-4)
    trained, told = (pipeline.export(entry, [done], tmp_path / name, by) for name, by in (("a", None), ("a", ())))
    assert trained.test_accuracy is not None
    assert told.test_accuracy is not None
    assert told.folder != trained.folder
    assert [f"export {entry.trial.number}{how}" in pipeline.looks(done.folder) for how in (";", " by text")] == [
        True
    ] * 2
    assert pipeline.export(entry, [done], tmp_path / "a", ()).folder == told.folder  # not exported twice


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--class", "a", "--class", "b"], "--class goes with --by-text"),
        (["--by-text", "--class", "a"], "name two classes or more"),
        (["--by-text", "--class", "a", "--class", "a"], "each once"),
    ],
)
def test_classes_of_ones_own_are_for_an_export_by_text(words: list[str], message: str) -> None:
    done = CliRunner().invoke(cli, ["export", "words", "best", "out", *words])
    assert done.exit_code == 2
    assert message in done.output
