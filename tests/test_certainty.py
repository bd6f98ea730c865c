"""How sure a front is, by the answers that trials kept."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import softmax

from suite.cli.fronts import print_front
from suite.core import answers
from suite.core.answers import Answers
from suite.core.errors import StoreError
from suite.core.trial import Run
from suite.report import certainty
from suite.report.comparison import compare
from suite.report.study import mistakes, page
from suite.training import answering
from tests.report_runs import study, trial

PICTURES = 300


def made(labels: np.ndarray, right: np.ndarray) -> Answers:
    """Return answers of two classes that are `right` [N]."""
    said = np.full(len(labels), 0.9, np.float32)
    named = np.where(right, labels, 1 - labels).astype(np.int32)
    of_label = np.where(right, said, 1 - said).astype(np.float32)
    return Answers(labels=labels, named=named, said=said, of_label=of_label, tempered=said, temperature=np.array(1.0))


def kept(folder: Path, wrong: list[int], sizes: list[int]) -> Run:
    """A run whose trials have so many of the first pictures wrong, and so many parameters."""
    trials, labels = [], np.random.default_rng(0).integers(2, size=PICTURES).astype(np.int32)
    for number, (errors, size) in enumerate(zip(wrong, sizes, strict=True)):
        right = np.arange(PICTURES) >= errors
        answers.write(made(labels, right), answers.place(folder, number))
        known = {"accuracy": 100 * float(right.mean()), "parameters": float(size), "latency": size / 1e4}
        ends = {"latency_low": size / 1e4, "latency_high": size / 1e4}
        trials.append(replace(trial(number), measures={**known, **ends}))
    return Run(folder=folder, study=study(constraints=[]), trials=tuple(trials))


def test_what_was_answered_is_read_again(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    logits, labels = random.standard_normal((50, 4)), random.integers(4, size=50)
    file = answers.place(tmp_path, 7)
    assert answers.read(file) is None
    answers.write(answering.of(logits, labels), file)
    found = answers.read(file)
    assert found
    assert found.named.tolist() == logits.argmax(axis=1).tolist()
    assert found.right.mean() == (logits.argmax(axis=1) == labels).mean()
    np.testing.assert_allclose(found.said, softmax(logits, axis=1).max(axis=1), rtol=1e-6)
    np.testing.assert_allclose(found.of_label, softmax(logits, axis=1)[np.arange(50), labels], rtol=1e-6)
    np.testing.assert_allclose(found.tempered, softmax(logits / found.temperature, axis=1).max(axis=1), rtol=1e-6)


@pytest.mark.parametrize("cut", [0, 10, 100, 400])
def test_answers_that_are_damaged_are_named_with_the_way_out(cut: int, tmp_path: Path) -> None:
    run = kept(tmp_path, [3, 9], [100, 50])
    file = answers.place(tmp_path, 1)
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(StoreError, match=r"1\.npz.*Remove the file"):
        certainty.of(compare([run]))


def test_answers_with_any_damaged_byte_are_read_or_refused(tmp_path: Path) -> None:
    kept(tmp_path, [3], [100])
    file = answers.place(tmp_path, 0)
    whole = file.read_bytes()
    for place in range(0, len(whole), 3):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with suppress(StoreError):
            assert isinstance(answers.read(file), Answers)


def test_the_cheapest_that_is_not_measurably_worse_is_named(tmp_path: Path) -> None:
    run = kept(tmp_path, wrong=[6, 8, 9, 60], sizes=[9000, 5000, 2000, 100])
    sure = certainty.of(compare([run]))
    assert sure
    assert sure.entries[sure.best].name == "resnet/0"
    assert [sure.entries[one].name for one in sure.peers] == ["resnet/0", "resnet/1", "resnet/2"]
    assert sure.entries[sure.cheapest].name == "resnet/2"
    expected, others = certainty.told(sure)
    assert expected.startswith("resnet/0 has 98.0 % of 300 validation pictures right, chosen among 4 by them: expect ")
    assert others == ("2 of the 3 others are not measurably worse. The cheapest of them is resnet/2 (0.2 ms, 97.0 %).")
    low, high = (100 * end for end in stats.binomtest(294, 300).proportion_ci(0.95, "wilson"))
    assert sure.interval(sure.entries[0]) == pytest.approx((low, high))


def test_what_many_are_as_good_as_is_expected_to_be_worse_than_it_looks(tmp_path: Path) -> None:
    random, trials = np.random.default_rng(2), 40
    run = kept(tmp_path, wrong=[0] * trials, sizes=list(range(1, trials + 1)))
    labels = np.zeros(PICTURES, np.int32)
    for number in range(trials):
        answers.write(made(labels, random.random(PICTURES) < 0.9), answers.place(tmp_path, number))
    sure = certainty.of(compare([run]))
    assert sure
    assert sure.corrected.seen > 0.93
    assert sure.corrected.share == pytest.approx(0.9, abs=0.015)


def test_the_front_says_how_sure_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = kept(tmp_path, wrong=[6, 8, 60], sizes=[9000, 5000, 100])
    print_front([run], [], "json")
    told = capsys.readouterr()
    rows = {row["trial"]: row for row in json.loads(told.out)}
    assert rows["resnet/0"]["group"] == rows["resnet/1"]["group"] == "a"
    assert rows["resnet/2"]["group"] == "b"
    assert rows["resnet/2"]["front_share"] == 100  # nothing is as small
    assert 0 < rows["resnet/0"]["front_share"] < 100  # in some samples, resnet/1 is as good
    assert rows["resnet/2"]["wilson_low"] < 80 < rows["resnet/2"]["wilson_high"]
    assert "are not measurably worse" in told.err or "is not measurably worse" in told.err


def test_a_run_without_answers_has_its_front_all_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = replace(kept(tmp_path, [6, 8], [90, 50]), folder=tmp_path / "elsewhere")
    assert certainty.of(compare([run])) is None
    print_front([run], [], "csv")
    assert "wilson" not in capsys.readouterr().out


def test_trials_on_other_validation_pictures_are_not_compared_with_the_others(tmp_path: Path) -> None:
    run = kept(tmp_path, [6, 8, 9], [90, 50, 20])
    other = np.ones(PICTURES, np.int32)
    answers.write(made(other, np.arange(PICTURES) > 5), answers.place(tmp_path, 2))
    sure = certainty.of(compare([run]))
    assert sure
    assert [entry.name for entry in sure.entries] == ["resnet/0", "resnet/1"]


def test_the_page_draws_where_the_best_is_wrong_and_whether_it_knows(tmp_path: Path) -> None:
    run = kept(tmp_path / "run", wrong=[6, 8, 60], sizes=[9000, 5000, 100])
    html = page.write([run], tmp_path / "page").read_text()
    found = answers.read(answers.place(run.folder, 0))
    assert found
    pairs = pd.read_csv(tmp_path / "page" / "confusions.csv")
    assert pairs["pictures"].sum() == PICTURES
    same = pairs["class"] == pairs["named"]
    assert pairs[~same]["pictures"].sum() == 6
    for _, row in pairs[same].iterrows():
        low, high = stats.binomtest(int(row["pictures"]), int(row["of"])).proportion_ci(0.95, "wilson")
        assert (row["low"], row["high"]) == pytest.approx((100 * low, 100 * high))
    assert pairs[~same]["low"].isna().all()
    bins = pd.read_csv(tmp_path / "page" / "calibration.csv")
    assert bins["right"].tolist() == pytest.approx([98, 98])
    assert bins["said"].tolist() == pytest.approx([90, 90])
    told = json.loads(html.split('id="data">')[1].split("</script>")[0])["answers"]
    name = next(name for name in told["calibration"] if name.endswith("/0"))
    (_temperature,), *each = told["calibration"][name]
    assert [(said, right / pictures) for _, said, right, pictures in each] == [(90, pytest.approx(0.98, abs=1e-3))] * 2
    assert sum(count for _, _, count in told["confusions"][name]) == PICTURES


def test_of_very_many_classes_the_most_frequent_mistakes_are_listed(tmp_path: Path) -> None:
    run = kept(tmp_path / "run", wrong=[5], sizes=[100])
    labels = np.arange(PICTURES, dtype=np.int32) % 60
    told = replace(made(labels, np.ones(PICTURES, bool)), named=np.where(labels == 7, 9, labels).astype(np.int32))
    answers.write(told, answers.place(run.folder, 0))
    comparison = compare([run])
    drawn = mistakes.confusions(certainty.of(comparison))
    assert "The most frequent mistake: 7 taken for 9, 5 of 5." in drawn.caption
    assert len(drawn.figure.axes[0].patches) == 1


def test_the_page_opens_on_what_to_expect(tmp_path: Path) -> None:
    run = kept(tmp_path / "run", wrong=[6, 8, 60], sizes=[9000, 5000, 100])
    html = page.write([run], tmp_path / "page").read_text()
    assert "chosen among 3 by them: expect" in html
    assert "measurably worse" in html
