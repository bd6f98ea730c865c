"""Does the exported model answer as the trained one, for any picture, where there is nothing but TensorFlow?"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from suite import architectures, datasets, pipeline
from suite.architectures.layers import deployed
from suite.core.errors import ExportError
from suite.core.preparation import Preparation
from suite.datasets import Dataset
from suite.export import agreement, exporting
from suite.export import folder as exports
from tests.pictures import fill


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("pictures")
    for number, name in enumerate(("ant", "bee", "cat")):
        fill(root / name, range(100 * number, 100 * number + 20), size=(40, 33))
    return datasets.load(str(root), (24, 20, 3), Preparation(background="red"))


@pytest.fixture(scope="module")
def model(data: Dataset) -> keras.Model:
    keras.utils.set_random_seed(0)
    pixels = keras.Input(data.task.image)
    x = keras.layers.Conv2D(8, 3, activation="relu")(pixels)
    x = keras.layers.BatchNormalization()(x)
    return keras.Model(pixels, keras.layers.Dense(data.task.classes)(keras.layers.GlobalAveragePooling2D()(x)))


@pytest.fixture(scope="module")
def exported(model: keras.Model, data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> exporting.Exported:
    return exporting.export(model, data, tmp_path_factory.mktemp("exports") / "net", {"study": "a", "trial": 1})


def test_it_stands_where_tensorflow_serving_looks(exported: exporting.Exported) -> None:
    assert exported.folder.name == "1"
    assert (exported.folder / "saved_model.pb").is_file()
    assert not list(exported.folder.parent.glob(".*"))


def test_it_agrees_with_the_trained_model(exported: exporting.Exported) -> None:
    assert exported.agreement.greatest_difference < 1e-4
    assert exported.agreement.top1_agreement == 1
    assert 0 <= exported.test_accuracy <= 100


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_a_network_of_mixed_precision_is_compared_by_what_its_layers_compute_in(
    policy: str, data: Dataset, tmp_path: Path
) -> None:
    """Of a real one, read back from its file as the command does it. Its own policy says float32."""
    keras.config.set_dtype_policy(policy)
    try:
        built = architectures.family("resnet").build(architectures.config("resnet/tiny"), data.task)
    finally:
        keras.config.set_dtype_policy("float32")
    deployed(built).save(tmp_path / "mixed.keras")
    mixed = keras.saving.load_model(tmp_path / "mixed.keras")
    assert mixed.dtype_policy.name == "float32"
    assert agreement.tolerance_of(mixed) == agreement.TOLERANCE[policy.removeprefix("mixed_")]
    assert exporting.export(mixed, data, tmp_path / "net", {}).agreement.pictures > 0


def test_a_mixed_network_inside_another_counts_and_a_plain_one_is_held_to_the_tight_tolerance(
    model: keras.Model,
) -> None:
    assert agreement.tolerance_of(model) == agreement.TOLERANCE["float32"]
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, dtype="mixed_float16")])
    outer = keras.Sequential([keras.Input((4,)), inner, keras.layers.Dense(2)])
    assert agreement.tolerance_of(outer) == agreement.TOLERANCE["float16"]


PLAIN = """
import sys
sys.modules["keras"] = None
sys.modules["suite"] = None
import numpy as np, tensorflow as tf
served = tf.saved_model.load(sys.argv[1])
file = open(sys.argv[2], "rb").read()
picture = tf.io.decode_image(file)[None]
one = served.signatures["images"](images=picture)
two = served.signatures["encoded"](encoded=tf.constant([file]))
np.testing.assert_allclose(one["probabilities"], two["probabilities"], atol=1e-6)
default = served.signatures["serving_default"](images=picture)
np.testing.assert_array_equal(default["probabilities"], one["probabilities"])
assert one["label"].numpy() == two["label"].numpy()
print(one["label"].numpy()[0].decode(), *one["probabilities"].numpy()[0])
"""


def test_plain_tensorflow_answers_for_a_picture_it_has_not_seen(
    exported: exporting.Exported, model: keras.Model, data: Dataset, tmp_path: Path
) -> None:
    """Against Keras on pixels resized by another library: the same class, nearly the same probabilities."""
    pixels = np.random.default_rng(5).integers(0, 256, (31, 47, 3), np.uint8)
    Image.fromarray(pixels).resize((94, 62), Image.Resampling.BICUBIC).save(tmp_path / "new.png")
    asked = [sys.executable, "-c", PLAIN, str(exported.folder), str(tmp_path / "new.png")]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    label, *probabilities = done.stdout.split()
    small = Image.open(tmp_path / "new.png").resize((20, 24), Image.Resampling.BILINEAR)
    logits = model.predict_on_batch(np.asarray(small, np.float32)[None] / 127.5 - 1)[0]
    wanted = np.exp(logits) / np.exp(logits).sum()
    assert np.array(probabilities, float) == pytest.approx(wanted, abs=5e-3)
    assert label == data.classes[int(np.argmax(probabilities))]


def test_predict_ranks_the_classes_and_names_what_is_no_picture(exported: exporting.Exported, tmp_path: Path) -> None:
    examples = sorted((exported.folder / "assets.extra" / "examples").glob("*.png"))
    ranked = pipeline.predict(exported.folder.parent, examples)
    assert len(ranked) == len(examples) == exporting.EXAMPLES
    for classes in ranked:
        probabilities = [probability for _, probability in classes]
        assert probabilities == sorted(probabilities, reverse=True)
        assert sum(probabilities) == pytest.approx(1, abs=1e-5)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG no more")
    with pytest.raises(ExportError, match=r"broken\.png: no picture inside"):
        pipeline.predict(exported.folder, [tmp_path / "broken.png"])
    with pytest.raises(ExportError, match=r"missing\.png: not readable \(No such file or directory\)"):
        pipeline.predict(exported.folder, [tmp_path / "missing.png"])
    with pytest.raises(ExportError, match=r"no exported model here"):
        pipeline.predict(tmp_path, [])


CARD = "assets.extra/card.json"
DAMAGES: dict[str, tuple[str, bytes | None, str]] = {  # a file, what it holds now (None: it is gone), and what is said
    "no card": (CARD, None, "card.json: cannot be read (No such file or directory)"),
    "an empty card": (CARD, b"", "no JSON"),
    "a card of bytes": (CARD, b"\xff\0{", "no JSON"),
    "a deep card": (CARD, b"[" * 100_000, "no JSON"),
    "a card of another kind": (CARD, b"[1]", "it names no classes"),
    "a card without classes": (CARD, b"{}", "it names no classes"),
    "classes that are no names": (CARD, b'{"classes": [1, 2]}', "it names no classes"),
    "classes of another model": (CARD, b'{"classes": ["one"]}', "names 1 classes, but the model knows 3"),
    "a colour that is none": (CARD, b'{"classes": ["one"], "background": [3]}', "is no colour"),
    "no graph": ("saved_model.pb", None, "no exported model here"),
    "a damaged graph": ("saved_model.pb", b"\0no graph", "is damaged ("),
    "an empty graph": ("saved_model.pb", b"", "is damaged ("),
    "no weights": ("variables/variables.data-00000-of-00001", None, "is damaged ("),
    "few weights": ("variables/variables.data-00000-of-00001", b"few", "is damaged ("),
    "no index of them": ("variables/variables.index", None, "is damaged ("),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_export_is_said_in_a_line(exported: exporting.Exported, tmp_path: Path, damage: str) -> None:
    name, content, said = DAMAGES[damage]
    picture = next((exported.folder / "assets.extra" / "examples").glob("*.png"))
    shutil.copytree(exported.folder, tmp_path / "net" / "1")
    file = tmp_path / "net" / "1" / name
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(ExportError) as error:
        pipeline.predict(tmp_path / "net", [picture])
    assert said in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert name != CARD or exporting.exported(tmp_path / "net", {}) is None


def test_what_is_transparent_lies_on_the_colour_of_the_study(exported: exporting.Exported, tmp_path: Path) -> None:
    Image.new("RGBA", (20, 20), (0, 255, 0, 0)).save(tmp_path / "clear.png")
    Image.new("RGB", (20, 20), (255, 0, 0)).save(tmp_path / "red.png")
    Image.new("RGB", (20, 20), (255, 255, 255)).save(tmp_path / "white.png")
    files = [tmp_path / f"{name}.png" for name in ("clear", "red", "white")]
    clear, red, white = pipeline.predict(exported.folder, files)
    assert clear == red
    assert clear != white


def test_the_card_says_what_it_is(exported: exporting.Exported, data: Dataset) -> None:
    card = json.loads((exported.folder / "assets.extra" / "card.json").read_text())
    assert tuple(card["classes"]) == data.classes
    assert card["agreement"]["pictures"] == min(agreement.CHECKED, data.sizes["validation"])
    assert (card["study"], card["trial"]) == ("a", 1)
    assert (exported.folder / "assets.extra" / "labels.txt").read_text().split() == list(data.classes)


def test_the_same_model_is_found_again_and_another_gets_the_next_version(
    exported: exporting.Exported, model: keras.Model, data: Dataset
) -> None:
    home = exported.folder.parent
    assert exporting.exported(home, {"study": "a", "trial": 1}) == exported
    assert exporting.exported(home, {"study": "a", "trial": 2}) is None
    assert exporting.export(model, data, home, {"study": "a", "trial": 2}).folder.name == "2"
    assert exports.latest(home).name == "2"


@pytest.mark.slow
def test_an_export_that_answers_differently_is_an_error_and_leaves_nothing(
    model: keras.Model, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = exporting.saved_model.write

    def other(network: keras.Model, classes: tuple[str, ...], folder: str, **how: Any) -> None:
        changed = keras.models.clone_model(network)
        changed.set_weights([weight * 1.5 for weight in network.get_weights()])
        write(changed, classes, folder, **how)

    monkeypatch.setattr(exporting.saved_model, "write", other)
    with pytest.raises(ExportError, match=r"differs from the trained one by up to .* Nothing was exported"):
        exporting.export(model, data, tmp_path / "net", {})
    assert list((tmp_path / "net").iterdir()) == []


def test_grey_networks_take_colour_files(tmp_path: Path) -> None:
    digits = datasets.load("digits")
    pixels = keras.Input(digits.task.image)
    model = keras.Model(pixels, keras.layers.Dense(10)(keras.layers.Flatten()(pixels)))
    done = exporting.export(model, digits, tmp_path / "grey", {})
    buffer = io.BytesIO()
    Image.fromarray(np.full((50, 40, 3), 200, np.uint8)).save(buffer, "JPEG")
    (tmp_path / "colour.jpg").write_bytes(buffer.getvalue())
    ((first, *_),) = pipeline.predict(done.folder, [tmp_path / "colour.jpg"])
    assert first[0] in digits.classes
