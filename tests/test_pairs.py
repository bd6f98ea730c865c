"""Pictures with texts: has each picture its own text, is nothing read that is tested, and is every mistake said?"""

from __future__ import annotations

import dataclasses
import shutil
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from suite import datasets
from suite.core.errors import BrokenFilesError, DatasetError, StudyError
from suite.core.preparation import Preparation
from suite.core.preprocessing import Preprocessing
from suite.core.recipe import Augmentation
from suite.core.words import CLASS_NAMES, Words
from suite.datasets import pairs, preparing
from suite.datasets.pairs import Pairs
from suite.datasets.tokens import Tokens
from tests import shapes

EACH = 5  # pictures of a class


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of classes beside `captions.csv` with three texts of each picture."""
    folder = tmp_path_factory.mktemp("world")
    shapes.world(folder, EACH)
    return folder


@pytest.fixture(scope="module")
def data(world: Path) -> datasets.Dataset:
    return datasets.load(str(world))


def load(data: datasets.Dataset, source: object = "captions.csv", **preparation: bool) -> Pairs:
    return pairs.load(Words(pairs=str(source)), data, Preparation(**preparation))


def told(found: Pairs, epoch: int = 1, **options: Any) -> list[tuple[np.ndarray, str]]:
    """Return each picture of an epoch, 0 to 255, with the text that is drawn for it."""
    texts = [text for each in found.texts for text in each]
    pieces = Tokens.learned(texts, 1000)
    numbers = [pieces.numbers(each, pieces.longest(texts)) for each in found.texts]
    batches = found.train(numbers, **{"batch_size": 16, "seed": 0, "first_epoch": epoch, **options})
    return [(picture, pieces.text(text)) for picture, text in shapes.epochs(batches)]


def test_a_pipeline_of_pairs_is_not_tuned_either(data: datasets.Dataset) -> None:
    """As that of its pictures: whoever lets go of a tuned one waits."""
    found = load(data)
    numbers = [np.zeros((len(each), 2), np.int32) for each in found.texts]
    assert found.train(numbers, batch_size=4, seed=0).options().autotune.enabled is False


def test_each_picture_comes_with_one_of_its_own_texts(data: datasets.Dataset) -> None:
    seen = told(load(data))
    assert len(seen) == data.sizes["train"]
    assert all(shapes.colour_of(picture) in text for picture, text in seen)


def test_every_text_of_a_picture_is_drawn_in_some_epoch(data: datasets.Dataset) -> None:
    found, drawn = load(data), defaultdict(Counter)
    for picture, text in told(found, epochs=40):
        drawn[picture.tobytes()][text] += 1
    assert [sorted(each.total() for each in drawn.values())] == [[40] * data.sizes["train"]]
    kinds = Counter(count for each in drawn.values() for count in each.values())
    assert all(len(each) == 3 for each in drawn.values())
    assert max(kinds) < 30  # of 40, evenly among three: more has a chance of one in a billion


def test_epochs_are_the_same_one_by_one_and_in_a_row(data: datasets.Dataset) -> None:
    found = load(data)
    row, single = told(found, epochs=2), [*told(found, 1), *told(found, 2)]
    assert [text for _, text in row] == [text for _, text in single]
    np.testing.assert_array_equal([p for p, _ in row], [p for p, _ in single])
    assert [text for _, text in told(found, 1)] == [text for _, text in told(load(data), 1)]
    assert [text for _, text in told(found, 1)] != [text for _, text in told(found, 1, seed=1)]


def test_pictures_that_are_held_out_are_not_read(world: Path, data: datasets.Dataset) -> None:
    held = {p.tobytes() for split in ("validation", "test") for p, _ in data.samples(split, 1000)}
    assert len(held) == data.sizes["validation"] + data.sizes["test"] > 0
    found = load(data)
    assert not held & {np.round(picture).astype(np.uint8).tobytes() for picture, _ in told(found)}
    assert any(f"{len(held)} of {12 * EACH} captioned pictures are held out" in note for note in found.notes)
    elsewhere = load(datasets.load("digits"), world / "captions.csv")
    assert (elsewhere.size, elsewhere.notes) == (12 * EACH, ())


def test_pairs_are_seen_as_the_network_sees_the_pictures(data: datasets.Dataset) -> None:
    other = data.seen((20, 24, 3), Preprocessing(mean=(0.0,) * 3, deviation=(255.0,) * 3))
    found = load(data).seen(other)
    numbers = [np.ones((len(each), 4), np.int32) for each in found.texts]
    batch = next(iter(found.train(numbers, batch_size=8, seed=0)))["image"].numpy()
    assert batch.shape == (8, 20, 24, 3)
    assert 0 <= batch.min() < 0.2 < 0.8 < batch.max() <= 1


@pytest.mark.parametrize("on_disk", ["0", "1"])
def test_pictures_that_do_not_fit_in_memory_come_with_their_texts_too(
    data: datasets.Dataset, on_disk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUITE_PICTURES", on_disk)
    monkeypatch.setattr("suite.datasets.reading.free_memory", lambda: 1)
    seen = told(load(data), epochs=2)
    assert len(seen) == 2 * data.sizes["train"]
    assert all(shapes.colour_of(picture) in text for picture, text in seen)


def test_pictures_change_and_keep_their_texts(data: datasets.Dataset) -> None:
    found = load(data)
    plain, moved = told(found), told(found, augmentation=Augmentation(shift=0.2, flip=True))
    assert [text for _, text in moved] == [text for _, text in plain]
    assert not all(np.array_equal(one, other) for (one, _), (other, _) in zip(plain, moved, strict=True))
    assert all(shapes.colour_of(picture) in text for picture, text in moved)


def test_two_pictures_in_one_have_no_text() -> None:
    with pytest.raises(StudyError, match="which no text describes"):
        Words(pairs=CLASS_NAMES, mixup=0.2)


def test_names_of_classes_become_texts_by_templates(data: datasets.Dataset) -> None:
    words = Words(pairs=CLASS_NAMES, templates=("a photo of a {}.", "one {}, drawn"))
    found = pairs.load(words, data, Preparation())
    assert (found.size, len(found.texts)) == (data.sizes["train"], 12)
    assert set(found.texts[data.classes.index("red_circle")]) == {"a photo of a red circle.", "one red circle, drawn"}
    seen = told(found)
    assert len(seen) == data.sizes["train"]
    assert all(shapes.colour_of(picture) in text for picture, text in seen)


@pytest.mark.parametrize("template", ["a photo", "{} and {}"])
def test_a_template_has_one_place_for_the_class(template: str) -> None:
    with pytest.raises(StudyError, match=r"write \{\} once"):
        Words(pairs=CLASS_NAMES, templates=(template,))


class Captions(tfds.core.GeneratorBasedBuilder):
    """As coco_captions: some pictures, each with several sentences in a list of records."""

    VERSION = tfds.core.Version("1.0.0")
    name = "some_captions"

    def _info(self) -> tfds.core.DatasetInfo:
        sentences = {"id": np.int64, "text": tfds.features.Tensor(shape=(), dtype=np.str_)}
        features = {
            "image": tfds.features.Image(shape=(None, None, 3)),
            "image/filename": tfds.features.Text(),
            "captions": tfds.features.Sequence(sentences),
        }
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager: object) -> dict:
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        luck = np.random.default_rng(1)
        for number, (colour, shape) in enumerate(2 * [name.split("_") for name in shapes.NAMES]):
            texts = shapes.captions(colour, shape)[: 1 + number % 3] if number else [" "]
            yield number, {
                "image": np.asarray(shapes.drawn(colour, shape, luck)), "image/filename": f"{number}.png",
                "captions": [{"id": n, "text": text} for n, text in enumerate(texts)],
            }  # fmt: skip


def test_captions_of_tensorflow_datasets_are_found_whatever_lies_beside_them(
    data: datasets.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    preparing.prepare(Captions(data_dir=tmp_path))
    found = load(data, "some_captions")
    assert (found.size, len(found.texts)) == (23, 23)
    assert found.notes == ("1 of 24 captioned pictures have no text: left out",)
    seen = told(found, epochs=3)
    assert len(seen) == 69
    assert all(shapes.colour_of(picture) in text for picture, text in seen)


def test_a_set_without_texts_is_refused(data: datasets.Dataset) -> None:
    datasets.load("digits")
    with pytest.raises(
        DatasetError, match="needs a split 'train' of pictures with texts, has image, label in train, val"
    ):
        load(data, "digits:1.0.0")


# Tables.


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of five pictures."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "prepared"))
    luck = np.random.default_rng(2)  # other pictures than those of the world
    for number in range(5):
        file = tmp_path / "few" / f"{number}.png"
        file.parent.mkdir(exist_ok=True)
        shapes.drawn("red", "circle", luck).save(file)
    return tmp_path / "few"


def put(folder: Path, *rows: tuple[str, str]) -> Path:
    return shapes.table(folder / "captions.csv", list(rows))


GOOD = [(f"{number}.png", f"picture {number}") for number in range(4)]


def test_what_is_wrong_with_a_table_is_said_in_one_round(few: Path, data: datasets.Dataset) -> None:
    (few / "3.png").write_bytes(b"no picture")
    rows = [*GOOD, ("gone.png", "x"), ("away.png", "x"), ("4.png", "  "), GOOD[0]]
    file = put(few, *rows)
    with pytest.raises(BrokenFilesError) as error:
        load(data, file)
    assert str(error.value).splitlines()[:3] == [
        f"{file}: 2 of 8 rows with a file that is not there, such as 'gone.png'",
        f"{file}: 1 of 8 rows without text, such as that of '4.png'",
        "Mend the table, or leave such rows out (--skip-broken).",
    ]
    assert "3.png" in str(error.value)
    assert list(error.value.files.values()) == [[few / "3.png"]]


def test_what_is_wrong_may_be_left_out_and_is_said(
    few: Path, data: datasets.Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    (few / "3.png").write_bytes(b"no picture")
    file = put(few, *GOOD, ("gone.png", "x"), GOOD[0])
    found = load(data, file, skip_broken=True)
    assert sorted(found.texts) == [["picture 0"], ["picture 1"], ["picture 2"]]
    assert [record.getMessage() for record in caplog.records] == [
        f"{file}: 1 of 6 rows with a file that is not there, such as 'gone.png'",
        f"{file}: 1 row says the same of the same file again: left out",
        f"{file}: 1 picture without text: left out",
        f"{file}: 1 broken files are left out",
    ]


def test_copies_of_a_picture_share_their_texts(few: Path, data: datasets.Dataset) -> None:
    shutil.copy(few / "0.png", few / "copy.png")
    found = load(data, put(few, *GOOD, ("copy.png", "the same again")))
    assert sorted(found.texts)[0] == ["picture 0", "the same again"]
    assert found.size == 4


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("captions.csv", "name,n,comment\n" + "\n".join(f"{n}.png,{n},a; b {n}" for n in range(5))),
        ("metadata.jsonl", "\n".join(f'{{"file_name": "{n}.png", "text": "a; b {n}"}}' for n in range(5))),
        ("results.csv", "image_name| comment_number| comment\n" + "\n".join(f"{n}.png| 0| a; b {n}" for n in range(5))),
        ("it.tsv", "\n".join(f"few/{n}.png\ta; b {n}" for n in range(5))),
    ],
)
def test_tables_are_read_as_people_have_them(few: Path, data: datasets.Dataset, name: str, text: str) -> None:
    (few / name).write_text(text)
    assert sorted(load(data, few / name).texts) == [[f"a; b {n}"] for n in range(5)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("file\n0.png\n1.png", "names files, but no texts: add a column 'caption'"),
        ("file,mood,hue\n0.png,a,b\n1.png,c,d", "which column has the texts: mood, hue?"),
        ("a,b\nx,y", "no column names pictures of its folder"),
        ("file,caption\n0.png,a", "two pictures with texts are needed, and there is 1"),
    ],
)
def test_a_table_that_tells_no_texts_is_refused(few: Path, data: datasets.Dataset, rows: str, message: str) -> None:
    (few / "captions.csv").write_text(rows)
    with pytest.raises(DatasetError, match=message.replace("?", r"\?")):
        load(data, few / "captions.csv")


def test_a_table_that_is_not_there_is_named_with_those_that_are(few: Path, data: datasets.Dataset) -> None:
    put(few, *GOOD)
    with pytest.raises(
        DatasetError, match=r"caption\.csv: no such table of files and texts\. Tables there: .*captions"
    ):
        load(data, few / "caption.csv")
    with pytest.raises(DatasetError, match=r"'digits' is no folder that it could lie in: write \./captions\.csv"):
        load(datasets.load("digits"), "captions.csv")


def test_a_changed_text_changes_the_digest_and_another_place_does_not(
    few: Path, data: datasets.Dataset, tmp_path: Path
) -> None:
    before = load(data, put(few, *GOOD)).digest
    shutil.copytree(few, tmp_path / "moved")
    assert load(data, tmp_path / "moved" / "captions.csv").digest == before
    assert load(data, put(few, *GOOD[:-1], ("3.png", "another"))).digest != before


def test_captions_beside_classes_do_not_disturb_them(world: Path, data: datasets.Dataset) -> None:
    assert (len(data.classes), sum(data.sizes.values())) == (12, 12 * EACH)
    with Image.open(world / "red_circle" / "red_circle0.png") as picture:
        assert picture.size == (shapes.SIDE, shapes.SIDE)


def test_words_are_trained_by_a_recipe_of_their_own() -> None:
    words = Words(pairs=CLASS_NAMES, learning_rate=0.01, batch_size=7, shift=0.1, weight_decay=0.3)
    recipe = words.recipe("mixed_bfloat16")
    assert (recipe.learning_rate, recipe.batch_size, recipe.shift) == (0.01, 7, 0.1)
    assert (recipe.weight_decay, recipe.precision) == (0.3, "mixed_bfloat16")
    assert dataclasses.replace(words, flip=True).recipe("float32").augmentation.flip
