"""The pictures that networks get wrong: are they the right ones, small, and there again when they were lost?"""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from suite import datasets, pipeline
from suite.core import answers, thumbnails
from suite.core.trial import Run
from suite.report import wrong
from suite.report.comparison import compare
from suite.report.study import page
from suite.search import mistaken
from tests.once import quickstart
from tests.test_certainty import kept


@pytest.fixture(scope="module")
def digits() -> list[tuple[np.ndarray, int]]:
    """The validation pictures as they are, with their labels."""
    return datasets.load("digits").samples("validation", 357)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return quickstart(tmp_path_factory)


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


def test_a_run_keeps_the_pictures_that_its_best_has_wrong_with_the_greatest_confidence(
    ran: Run, digits: list[tuple[np.ndarray, int]]
) -> None:
    comparison = compare([ran])
    (best,) = comparison.candidates
    found = wrong.of(comparison, best)
    known = answers.read(answers.place(ran.folder, best.trial.number))
    assert known
    assert 0 < len(found) <= wrong.SHOWN
    assert [one.said for one in found] == sorted((one.said for one in found), reverse=True)
    assert found[0].said == pytest.approx(known.said[~known.right].max())
    for one in found:
        picture, label = digits[one.number]
        assert one.label == str(label) != one.named
        np.testing.assert_array_equal(pixels(one.content), picture[..., 0])
        assert one.uri.startswith("data:image/png;base64,")


def test_what_was_lost_or_damaged_is_made_again_by_the_same_command(ran: Run) -> None:
    whole = thumbnails.read(ran.folder)
    assert whole
    for damage in (b"", b"PK no archive"):
        thumbnails.place(ran.folder).write_bytes(damage)
        assert thumbnails.read(ran.folder) is None
        assert wrong.of(compare([ran]), compare([ran]).candidates[0]) == []
        pipeline.run(ran.study, ran.folder.parent, show=False)
        assert thumbnails.read(ran.folder) == whole


def test_pictures_of_another_data_set_are_not_shown(ran: Run) -> None:
    kept_here = thumbnails.read(ran.folder)
    assert kept_here
    thumbnails.write(replace(kept_here, digest="other"), ran.folder)
    assert wrong.of(compare([ran]), compare([ran]).candidates[0]) == []
    thumbnails.write(kept_here, ran.folder)


def test_the_page_shows_them_and_needs_no_other_file(ran: Run, tmp_path: Path) -> None:
    html = page.write([ran], tmp_path).read_text()
    assert (tmp_path / "mistakes.png").exists()
    embedded = json.loads(re.search(r"<script[^>]*id=\"data\"[^>]*>(.*?)</script>", html, re.S)[1])  # type: ignore[index]
    known = embedded["answers"]
    (each,) = known["mistakes"].values()
    assert 0 < len(each) <= wrong.SHOWN
    for picture, label, named, said in each:
        assert label != named
        assert 0 < said <= 1
        assert known["pictures"][picture].startswith("data:image/png;base64,")


def test_of_folders_of_large_pictures_small_ones_are_kept(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "pictures" / label).mkdir(parents=True)
        for number in range(12):
            noise = random.integers(256, size=(8, 12, 3), dtype=np.uint8)
            Image.fromarray(noise).resize((300, 200)).save(tmp_path / "pictures" / label / f"{number}.jpg")
    data = datasets.load(str(tmp_path / "pictures"), image=32)
    few = data.encoded("validation", [1])
    assert list(few) == [1]
    small = mistaken._small(few[1], data.background)
    assert small
    assert small.startswith(b"\xff\xd8")
    assert Image.open(io.BytesIO(small)).size == (96, 64)
    assert len(small) < 6000


def test_a_run_without_pictures_has_its_page_all_the_same(tmp_path: Path) -> None:
    run = kept(tmp_path / "run", [6, 8], [90, 50])
    assert wrong.of(compare([run]), compare([run]).candidates[0]) == []
    page.write([run], tmp_path / "page")
    assert not (tmp_path / "page" / "mistakes.png").exists()
