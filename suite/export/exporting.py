"""From a trial to a SavedModel that is ready to serve, checked by loading it without Keras."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from PIL import Image

from suite.core import files
from suite.core.errors import ExportError
from suite.datasets import Dataset
from suite.export import folder as exports
from suite.export import saved_model
from suite.machine import helper
from suite.pictures.graph import framed, scaled

CHECKED = 256  # validation pictures at the most
BATCH = 32  # pictures that the trained model answers for at once
TOLERANCE = {"float32": 1e-4, "float16": 1e-2, "bfloat16": 5e-2}  # greatest difference of a probability, by the
#                                                                   precision of the coarsest layer
ENCODED = (
    "Takes JPEG, PNG, GIF and BMP files. It heeds neither the turn that a camera noted, nor colour profiles, nor the "
    "palette of a BMP file, and cuts 16 bits to the upper 8. `suite predict` opens files first, as training does: the "
    "model sees what a viewer shows."
)  # what its signature `encoded` does not do, for the card
EXAMPLES = 3  # pictures of the test split, to try the export with


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How closely the exported model agrees with the trained one."""

    pictures: int
    greatest_difference: float  # of a probability, over all pictures, classes and signatures
    top1_agreement: float  # share of the answers with the same class first, 0 to 1

    def __str__(self) -> str:
        return (
            f"on {self.pictures} validation pictures, asked in a fresh process without Keras, the greatest difference "
            f"of a probability is {self.greatest_difference:.1e}, and the same class comes first for "
            f"{self.top1_agreement:.1%}."
        )


@dataclass(frozen=True, kw_only=True)
class Exported:
    """An export that was checked."""

    folder: Path  # DIR/NAME/VERSION
    agreement: Agreement
    test_accuracy: float | None  # %, on pictures that neither training nor search has seen; None: none are known


def export(
    model: keras.Model, data: Dataset, folder: Path, card: Mapping[str, Any], then: Sequence[str] | None = None
) -> Exported:
    """Write `model` to `folder/VERSION/`, the first free version, with `card` and example pictures beside it.

    `then` names its classes if the pictures of `data` are not those that it was trained with. They still show whether
    the export answers as `model` does, but give no accuracy: some test pictures may have been trained on.

    Raises ExportError when it does not answer as `model` does (then nothing is left), or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".unchecked-") as unchecked:
            saved = Path(unchecked) / "model"
            classes = data.classes if then is None else tuple(then)
            saved_model.write(model, classes, str(saved), background=data.background, preprocessing=data.preprocessing)
            agreement = _agreement(model, data, saved)
            accuracy = test_accuracy(model, data) if then is None else None
            found = {"agreement": asdict(agreement), "test_accuracy": accuracy}
            laid = f"#{bytes(data.background).hex()}"
            seen = asdict(data.preprocessing)
            told = {"classes": classes, "background": laid, "preprocessing": seen, **card, "encoded": ENCODED, **found}
            _write_card(saved, data, told)
            version = _moved(saved, folder)
    except OSError as error:
        raise ExportError(f"{folder}: cannot be written ({error.strerror or error}). Name another folder.") from error
    return Exported(folder=version, agreement=agreement, test_accuracy=accuracy)


def exported(folder: Path, card: Mapping[str, Any]) -> Exported | None:
    """Return the latest export in `folder` if it holds the model that `card` describes."""
    try:
        written = exports.card(folder)
        agreement, accuracy = Agreement(**written["agreement"]), written["test_accuracy"]
    except (ExportError, KeyError, TypeError):  # none, or a damaged one
        return None
    if any(written.get(key) != value for key, value in json.loads(json.dumps(card)).items()):
        return None
    return Exported(folder=exports.latest(folder), agreement=agreement, test_accuracy=accuracy)


def test_accuracy(model: keras.Model, data: Dataset) -> float:
    """Return the percentage of the test pictures that `model` (logits out) classifies correctly."""
    hits = [np.argmax(model.predict_on_batch(images), axis=-1) == labels for images, labels in data.test()]
    return float(100 * np.mean(np.concatenate(hits)))


def _agreement(model: keras.Model, data: Dataset, saved: Path) -> Agreement:
    """Compare the saved model, loaded in a fresh process without Keras, with `model` on validation pictures."""
    raw = [picture for picture, _ in data.samples("validation", CHECKED)]
    seen = [framed(picture, data.task.image, data.background, data.preprocessing).numpy() for picture in raw]
    batches = [np.stack(seen[start : start + BATCH]) for start in range(0, len(seen), BATCH)]
    trained = np.concatenate([_trained(model, scaled(batch, data.preprocessing)) for batch in batches])
    differences, same = [], []
    for name, answers in _answers(saved, raw, batches[0]).items():
        wanted = trained[: len(answers)]
        if answers.shape != wanted.shape:
            raise ExportError(f"signature {name}: answers have shape {answers.shape}, not {wanted.shape}")
        differences.append(np.abs(answers - wanted).max())
        same.append(np.mean(answers.argmax(axis=-1) == wanted.argmax(axis=-1)))
    agreement = Agreement(
        pictures=len(raw), greatest_difference=float(max(differences)), top1_agreement=float(min(same))
    )
    tolerance = tolerance_of(model)
    if not agreement.greatest_difference <= tolerance:
        raise ExportError(
            f"the exported model differs from the trained one by up to {agreement.greatest_difference:.2g} in a "
            f"probability (at most {tolerance:g} is allowed); the same class comes first for "
            f"{agreement.top1_agreement:.1%} of {agreement.pictures} pictures. Nothing was exported."
        )
    return agreement


def tolerance_of(model: keras.Model) -> float:
    """Return the greatest difference of a probability that the precision of `model` explains.

    The precision is read from its layers: the policy of a functional model says float32 whatever they do.
    """
    computed = {layer.compute_dtype for layer in model._flatten_layers(include_self=False)}
    return max((TOLERANCE[kind] for kind in computed if kind in TOLERANCE), default=TOLERANCE["float32"])


def _trained(model: keras.Model, seen: np.ndarray) -> np.ndarray:
    """Return the probabilities that `model` gives for some prepared pictures."""
    logits = model.predict_on_batch(seen)
    return keras.ops.convert_to_numpy(keras.ops.softmax(keras.ops.cast(logits, "float32")))


def _answers(saved: Path, raw: Sequence[np.ndarray], pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the saved model answers in a fresh process, by signature: `pixels` are the first of `raw`, framed."""
    asked = saved.parent / "asked.npz"
    pictures = {str(number): picture for number, picture in enumerate(raw)}
    np.savez(asked, pixels=pixels, **pictures)  # type: ignore[arg-type]
    checker = helper.command("suite.export.loaded", str(saved), str(asked))
    done = subprocess.run(checker, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ExportError(f"the exported model cannot be loaded and asked in a fresh process: {last}")
    with np.load(asked.with_suffix(".answers.npz")) as answers:
        return dict(answers)


def _write_card(saved: Path, data: Dataset, card: Mapping[str, Any]) -> None:
    """Write the card, the class names and a few pictures where TensorFlow Serving keeps extra files."""
    extra = saved / "assets.extra"
    (extra / "examples").mkdir(parents=True)
    (extra / "card.json").write_text(json.dumps(card, indent=2) + "\n")
    (extra / "labels.txt").write_text("".join(f"{name}\n" for name in card["classes"]))
    for number, (picture, label) in enumerate(data.samples("test", EXAMPLES)):
        name = f"{number}-{data.classes[label]}.png".replace("/", "_")
        Image.fromarray(picture.squeeze(-1) if picture.shape[-1] == 1 else picture).save(extra / "examples" / name)


def _moved(saved: Path, folder: Path) -> Path:
    """Move the checked model to the first free version; nobody who watches the folder sees half of it."""
    version = folder / str(max((int(one.name) for one in exports.versions(folder)), default=0) + 1)
    shutil.copystat(folder, saved)
    files.move(saved, version)
    return version
