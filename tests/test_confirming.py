"""Networks trained again with several seeds, and what their answers to the test pictures can tell."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from suite import architectures, datasets, pipeline, studyfile
from suite.core import answers
from suite.core.errors import StoreError, StudyError
from suite.core.study import Confirm
from suite.core.trial import Run
from suite.report import confirmation
from suite.report.comparison import compare
from suite.search import folder
from suite.training import features
from tests.once import STUDY, quickstart
from tests.report_runs import families, run
from tests.test_certainty import made

PICTURES = 400


# ---- another split of the same pictures


def content(data: datasets.Dataset, split: str) -> list[tuple[bytes, int]]:
    """Return the pictures of a split with their classes, sorted."""
    batches = data.ordered(split).as_numpy_iterator()
    return sorted(
        (picture.tobytes(), int(label))
        for pictures, labels in batches
        for picture, label in zip(pictures, labels, strict=True)
    )


@pytest.mark.slow
def test_a_redrawn_data_set_has_the_same_pictures_with_others_for_validation() -> None:
    data = datasets.load("digits")
    one, again, other = data.redrawn(1), data.redrawn(1), data.redrawn(2)
    assert content(one, "test") == content(data, "test")
    assert content(one, "validation") == content(again, "validation")
    assert content(one, "validation") != content(other, "validation")
    assert sorted(content(one, "train") + content(one, "validation")) == sorted(
        content(data, "train") + content(data, "validation")
    )
    for split in ("train", "validation", "test"):
        assert one.tally(split) == data.tally(split)
    assert len({data.digest, one.digest, other.digest}) == 3
    shared = set(content(one, "validation")) & set(content(data, "validation"))
    assert len(shared) < 0.5 * data.sizes["validation"]


def test_an_epoch_of_a_redrawn_data_set_shows_each_picture_once() -> None:
    data = datasets.load("digits").redrawn(3)
    shown = [picture.tobytes() for pictures, _ in data.train(batch_size=64, seed=0) for picture in pictures.numpy()]
    assert sorted(shown) == sorted(picture for picture, _ in content(data, "train"))


@pytest.mark.parametrize("again", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_features_of_a_redrawn_data_set_are_those_of_its_pictures_and_are_computed_once(
    again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUITE_CACHE", str(tmp_path))
    data = datasets.load("digits", 16)
    drawn = data.redrawn(2).redrawn(3) if again else data.redrawn(2)
    network = architectures.build("resnet/tiny", data.task)
    alone = replace(drawn, original=None)  # as if nothing were known of the first split
    for split in ("train", "validation", "test"):
        found, true = (features.Extractor(network, one).of(split).labelled for one in (drawn, alone))
        np.testing.assert_array_equal(found.labels, true.labels)
        np.testing.assert_allclose(found.features, true.features, rtol=1e-4, atol=1e-5)
    monkeypatch.setattr(features.Extractor, "_computed", lambda *_: pytest.fail("computed again"))
    for seed in (5, 6):
        assert len(features.Extractor(network, data.redrawn(seed)).of("train").labelled.labels) == data.sizes["train"]


# ---- trained again


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return quickstart(tmp_path_factory)


@pytest.mark.slow
def test_what_was_stopped_goes_on_and_the_test_pictures_are_looked_at_once(ran: Run) -> None:
    comparison = compare([ran])
    entries = comparison.candidates
    left = confirmation.missing(comparison, entries, (1, 2))
    assert [(one.seed, one.trial.number) for one in left] == [(1, 0), (2, 0)]
    stopped = pipeline.confirm(left)
    first = next(stopped)
    stopped.close()
    assert first.startswith(f"{ran.name}/{entries[0].trial.number} with seed 1: ")
    rest = confirmation.missing(comparison, entries, (1, 2))
    assert rest == left[1:]
    assert len(list(pipeline.confirm(rest))) == 1
    assert list(pipeline.confirm(confirmation.missing(comparison, entries, (1, 2)))) == []
    assert pipeline.looks(ran.folder).startswith("The test pictures were looked at once (")
    found = confirmation.of(comparison, entries, (1, 2, 3))
    assert found
    assert found.seeds == 2
    test = np.concatenate([labels.numpy() for _, labels in datasets.load("digits").test()])
    for entry in entries:
        first, second = (answers.read(answers.again(ran.folder, entry.trial.number, seed)) for seed in (1, 2))
        assert first
        assert second
        assert first.labels.tolist() == second.labels.tolist() == test.tolist()
        assert not np.array_equal(first.said, second.said)


def test_another_look_is_counted_and_the_same_one_is_not(ran: Run) -> None:
    before = pipeline.looks(ran.folder)
    with folder.reopened(ran.folder) as store:
        store.look("export 0", "digest", {"0": "ab"})
        store.look("export 0", "digest", {"0": "ab"})
    assert pipeline.looks(ran.folder) != before
    assert pipeline.looks(ran.folder).count("export 0") == 1


@pytest.mark.slow
def test_an_exported_model_says_what_its_other_trainings_had_right_and_how_often_the_test_was_seen(
    ran: Run, tmp_path: Path
) -> None:
    comparison = compare([ran])
    (entry,) = comparison.candidates
    list(pipeline.confirm(confirmation.missing(comparison, [entry], (1, 2))))
    exported = pipeline.export(entry, [ran], tmp_path / "model")
    extra = exported.folder / "assets.extra"
    kept, text = json.loads((extra / "card.json").read_text()), (extra / "MODEL_CARD.md").read_text()
    found = confirmation.of(comparison, [entry], (1, 2))
    assert found
    row = found.rows()[0]
    again = kept["confirmed"]
    assert again == {"pictures": found.right[0].shape[1]} | {key: row[key] for key in again if key != "pictures"}
    assert again["seeds"] == 2
    said = f"| mean accuracy of 2 other trainings on {again['pictures']:,} test pictures | {row['accuracy']:.2f} % | "
    assert f"{said}{row['low']:.2f} to {row['high']:.2f} % |" in text
    assert f"have {row['worst_seed']:.2f} to {row['best_seed']:.2f} % of the test pictures right" in text
    looks = pipeline.looks(ran.folder)
    assert f"export {entry.trial.number}" in looks
    assert looks in text
    assert pipeline.export(entry, [ran], tmp_path / "model").folder == exported.folder, "exported twice"
    list(pipeline.confirm(confirmation.missing(comparison, [entry], (1, 2, 3))))
    newer = pipeline.export(entry, [ran], tmp_path / "model").folder
    assert json.loads((newer / "assets.extra" / "card.json").read_text())["confirmed"]["seeds"] == 3


def test_a_study_may_ask_for_it(ran: Run, tmp_path: Path) -> None:
    told = replace(ran, study=replace(ran.study, confirm=Confirm(networks=1, seeds=3)))
    studyfile.write(told.study, tmp_path / "study.toml")
    assert studyfile.read(tmp_path / "study.toml").confirm == told.study.confirm
    folder.check_same(ran.folder, told.study)  # it may be asked for later
    done = confirmation.seeds_of(compare([ran]), compare([ran]).candidates)
    lines = list(pipeline.confirm_as_asked(told))
    assert len(lines) == 3 - len(done)
    assert confirmation.seeds_of(compare([ran]), compare([ran]).candidates) == [1, 2, 3]
    assert list(pipeline.confirm_as_asked(told)) == []
    assert list(pipeline.confirm_as_asked(ran)) == []


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        ("confirm.network=3", "Did you mean 'networks'?"),
        ("confirm.seeds=0", "needs at least 1; not 0"),
        ("confirm.seeds=2.5", "seeds"),
        ("confirm=6", "needs a table, not 6"),
    ],
)
def test_a_mistake_in_confirm_is_named(sets: str, said: str) -> None:
    with pytest.raises(StudyError, match=re.escape(said)):
        studyfile.read(STUDY, [sets])


# ---- what it tells


def confirmed(home: Path, accuracies: list[list[float]]) -> tuple[confirmation.Confirmation, Run]:
    """Return what networks say whose accuracies by seed are given, and their run."""
    kept, labels = run(count=30), np.zeros(PICTURES, np.int32)
    kept = replace(kept, folder=home)
    comparison = compare([kept])
    entries = comparison.candidates[: len(accuracies)]
    random = np.random.default_rng(0)
    for entry, shares in zip(entries, accuracies, strict=True):
        for seed, share in enumerate(shares, start=1):
            right = random.permutation(PICTURES) >= round((1 - share) * PICTURES)
            answers.write(made(labels, right), answers.again(home, entry.trial.number, seed))
    found = confirmation.of(comparison, entries, range(1, 1 + max(map(len, accuracies))))
    assert found
    return found, kept


def test_what_is_worse_with_every_seed_is_worse_and_what_differs_by_chance_is_not_told_apart(tmp_path: Path) -> None:
    near = [0.90, 0.92, 0.91, 0.89, 0.93, 0.90, 0.91]
    found, _ = confirmed(tmp_path, [near, [one - 0.2 for one in near], [0.92, 0.90, 0.90, 0.91, 0.92, 0.90, 0.90]])
    best, other, worse = found.rows()
    assert best["verdict"] == "the best"
    assert worse["verdict"] == "worse"
    assert worse["accuracy"] == pytest.approx(100 * (np.mean(near) - 0.2), abs=0.2)
    assert worse["behind_low"] < worse["behind"] < worse["behind_high"]
    assert worse["p"] == pytest.approx(2 * 2 / 2**7)  # Holm: the smallest of two
    assert other["verdict"] in ("not told apart", "practically equal")
    one, two = (100 * found.right[index].mean(axis=1) for index in (0, 1))
    assert other["best_is_better"] == pytest.approx(stats.mannwhitneyu(one, two).statistic / 49)


def test_few_seeds_give_a_range_and_say_how_many_could_tell(tmp_path: Path) -> None:
    found, _ = confirmed(tmp_path, [[0.9, 0.91, 0.92], [0.5, 0.52, 0.51]])
    _, other = found.rows()
    assert other["verdict"] == "a range: 6 seeds can tell"
    assert other["p"] is None
    assert (other["worst_seed"], other["best_seed"]) == pytest.approx((50, 52))


def test_only_seeds_that_all_networks_have_count(tmp_path: Path) -> None:
    found, _ = confirmed(tmp_path, [[0.9, 0.91, 0.92], [0.5, 0.52]])
    assert found.seeds == 2


def test_answers_to_other_test_pictures_are_an_error_with_the_way_out(tmp_path: Path) -> None:
    found, kept = confirmed(tmp_path, [[0.9, 0.91], [0.5, 0.52]])
    number = found.entries[1].trial.number
    answers.write(made(np.ones(PICTURES, np.int32), np.arange(PICTURES) > 3), answers.again(tmp_path, number, 2))
    comparison = compare([kept])
    with pytest.raises(StoreError, match=r"different test pictures\. Remove this folder"):
        confirmation.of(comparison, comparison.candidates[:2], (1, 2))


def test_chosen_are_the_best_of_each_family_and_then_members_of_the_front() -> None:
    comparison = compare(families(30))
    best = {}
    for entry in comparison.candidates:
        if entry.family not in best or entry.trial.measures["accuracy"] > best[entry.family]:
            best[entry.family] = entry.trial.measures["accuracy"]
    for most in (3, 4, 5, 100):
        taken = confirmation.chosen(comparison, most)
        assert len(taken) <= most
        assert len({entry.name for entry in taken}) == len(taken)
        assert {entry.family: entry.trial.measures["accuracy"] for entry in reversed(taken)} == best
    everything = {entry.name for entry in confirmation.chosen(comparison, 100)}
    assert everything >= {entry.name for entry in comparison.front}
