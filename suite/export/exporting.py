"""From a trial to a SavedModel that is ready to serve, and to files for other runtimes, each checked."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from suite.core import files
from suite.core.errors import ExportError, SuiteError
from suite.counting.complexity import touched_bytes
from suite.datasets import Dataset
from suite.export import agreement, model_card, saved_model, verdict, warmup
from suite.export import folder as exports
from suite.export.agreement import Agreement, Asked
from suite.export.formats import SAVED_MODEL
from suite.export.recast import JUDGED, Recast, Runtimes
from suite.export.verdict import Verdict

ENCODED = (
    "Takes JPEG, PNG, GIF and BMP files. It heeds neither the turn that a camera noted, nor colour profiles, nor the "
    "palette of a BMP file, and cuts 16 bits to the upper 8. `suite predict` opens files first, as training does: the "
    "model sees what a viewer shows."
)  # what its signature `encoded` does not do, for the card
EXAMPLES = 3  # pictures of the test split, to try the export with


@dataclass(frozen=True, kw_only=True)
class Exported:
    """An export that was checked."""

    folder: Path  # DIR/NAME/VERSION
    agreement: Agreement
    test_accuracy: float | None  # %, on pictures that neither training nor search has seen; None: none are known
    verdicts: tuple[Verdict, ...]  # one for each format


def export(
    model: keras.Model,
    data: Dataset,
    folder: Path,
    card: Mapping[str, Any],
    then: Sequence[str] | None = None,
    *,
    formats: Sequence[str] = (SAVED_MODEL,),
    runtimes: Runtimes | None = None,
) -> Exported:
    """Write `model` to `folder/VERSION/`, the first free version, with `card` and example pictures beside it.

    The SavedModel is always written: other `formats` are made of it, and asked on `runtimes`. Without `runtimes` no
    latency is known, and there are no other formats.

    `then` names its classes if the pictures of `data` are not those that it was trained with. They still show whether
    the export answers as `model` does, but give no accuracy: some test pictures may have been trained on.

    Raises ExportError when a format does not answer as `model` does (then nothing is left), or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".unchecked-") as unchecked:
            saved = Path(unchecked) / "model"
            classes = data.classes if then is None else tuple(then)
            saved_model.write(model, classes, str(saved), background=data.background, preprocessing=data.preprocessing)
            asked = agreement.asked(model, data, saved, JUDGED)
            judge = _Judge(model=model, data=data, saved=saved, asked=asked, known=then is None, runtimes=runtimes)
            verdicts = judge.verdicts(formats)
            accuracy = test_accuracy(model, data) if then is None else None
            found = {
                "agreement": asdict(asked.agreement), "test_accuracy": accuracy, "formats": [v.kept for v in verdicts],
                "signatures": saved_model.described(model, classes),
            }  # fmt: skip
            laid = f"#{bytes(data.background).hex()}"
            seen = asdict(data.preprocessing)
            of_data = {"classes": classes, "image": data.task.image, "background": laid, "preprocessing": seen}
            told = {**of_data, **card, "encoded": ENCODED, **found}
            _write_extra(saved, data, told, folder.name)
            version = _moved(saved, folder)
    except OSError as error:
        raise ExportError(f"{folder}: cannot be written ({error.strerror or error}). Name another folder.") from error
    return Exported(folder=version, agreement=asked.agreement, test_accuracy=accuracy, verdicts=tuple(verdicts))


def exported(folder: Path, card: Mapping[str, Any], formats: Sequence[str] = (SAVED_MODEL,)) -> Exported | None:
    """Return the latest export in `folder` if it holds the model that `card` describes, in all of these formats."""
    try:
        written = exports.card(folder)
        agreed, accuracy = Agreement(**written["agreement"]), written["test_accuracy"]
        verdicts = tuple(Verdict(**one) for one in written["formats"])
    except (ExportError, KeyError, TypeError):  # none, or a damaged one
        return None
    if any(written.get(key) != value for key, value in json.loads(json.dumps(card)).items()):
        return None
    if not {*formats} <= {one.format for one in verdicts}:
        return None
    return Exported(folder=exports.latest(folder), agreement=agreed, test_accuracy=accuracy, verdicts=verdicts)


def test_accuracy(model: keras.Model, data: Dataset) -> float:
    """Return the percentage of the test pictures that `model` (logits out) classifies correctly."""
    hits = [np.argmax(model.predict_on_batch(images), axis=-1) == labels for images, labels in data.test()]
    return float(100 * np.mean(np.concatenate(hits)))


@dataclass(frozen=True, kw_only=True)
class _Judge:
    """Writes formats beside a SavedModel, and judges each."""

    model: keras.Model
    data: Dataset
    saved: Path
    asked: Asked
    known: bool  # whether the labels of the pictures are the model's classes
    runtimes: Runtimes | None

    def verdicts(self, formats: Sequence[str]) -> list[Verdict]:
        """Write and judge the formats; the SavedModel comes first, asked for or not. Raises ExportError."""
        others = [name for name in dict.fromkeys(formats) if name != SAVED_MODEL]
        first = self._judged(SAVED_MODEL, self.saved, self.asked.saved)
        found = [first, *map(self._other, others)]
        return [self._timed(one) for one in found]  # all in a row: a device changes

    def _other(self, name: str) -> Verdict:
        try:
            return self._judged(name, *self._recast.asked(name))
        except ExportError as error:
            raise ExportError(f"{name}: {error}. Nothing was exported: leave it out of --format.") from error

    @property
    def _recast(self) -> Recast:
        assert self.runtimes
        asked = self.asked
        return Recast(
            model=self.model, data=self.data, saved=self.saved, pixels=asked.pixels, wanted=asked.wanted,
            runtimes=self.runtimes,
        )  # fmt: skip

    def _judged(self, name: str, file: Path, answers: NDArray[np.float32]) -> Verdict:
        asked = self.asked
        return Verdict(
            format=name,
            file=str(file.relative_to(self.saved)),
            megabytes=_megabytes(file),
            pictures=len(asked.labels),
            needs=_owners(self.model) if name == "keras" else "",
            calibrated=self._recast.calibrated(name) if name != SAVED_MODEL else None,
            **verdict.agreed(answers, asked.wanted),  # type: ignore[arg-type]
            **(verdict.accuracies(answers, asked.wanted, asked.labels) if self.known else {}),  # type: ignore[arg-type]
        )

    def _timed(self, found: Verdict) -> Verdict:
        if self.runtimes is None:
            return replace(found, untimed="nobody asked")
        try:
            latency = self.runtimes.latency(found.format, self.saved / found.file, touched_bytes(self.model, 1))
        except SuiteError as error:
            return replace(found, untimed=str(error))
        return replace(found, latency=dict(latency))


def _owners(model: keras.Model) -> str:
    """Return the modules that a Keras file needs, beside Keras, to be loaded: those of its other layers."""
    modules = {type(layer).__module__ for layer in model._flatten_layers()}
    return ", ".join(sorted(one for one in modules if one.partition(".")[0] != "keras"))


def _megabytes(file: Path) -> float:
    """Return the size of a format on the disk: a file, or a folder without what lies beside the SavedModel."""
    beside = {file / "formats", file / "assets.extra"}
    every = [file] if file.is_file() else [one for one in file.rglob("*") if not beside & {*one.parents}]
    return sum(one.stat().st_size for one in every if one.is_file()) / 1e6


def _write_extra(saved: Path, data: Dataset, card: Mapping[str, Any], name: str) -> None:
    """Write where TensorFlow Serving keeps extra files: cards, names of classes, pictures, and what warms it up."""
    extra = saved / "assets.extra"
    (extra / "examples").mkdir(parents=True)
    (extra / "card.json").write_text(json.dumps(card, indent=2) + "\n")
    (extra / "MODEL_CARD.md").write_text(model_card.written(json.loads(json.dumps(card)), name), encoding="utf-8")
    (extra / "labels.txt").write_text("".join(f"{name}\n" for name in card["classes"]))
    pictures = data.samples("test", EXAMPLES)
    for number, (picture, label) in enumerate(pictures):
        shown = f"{number}-{data.classes[label]}.png".replace("/", "_")
        Image.fromarray(picture.squeeze(-1) if picture.shape[-1] == 1 else picture).save(extra / "examples" / shown)
    warmup.write(extra, name, [picture for picture, _ in pictures], data.task.image)


def _moved(saved: Path, folder: Path) -> Path:
    """Move the checked model to the first free version; nobody who watches the folder sees half of it."""
    version = folder / str(max((int(one.name) for one in exports.versions(folder)), default=0) + 1)
    shutil.copystat(folder, saved)
    files.move(saved, version)
    return version
