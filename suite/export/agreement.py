"""Whether an exported SavedModel answers as the trained network, asked in a fresh process without Keras."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from suite.core.errors import ExportError
from suite.core.numbered import numbered
from suite.core.preprocessing import Preprocessing
from suite.datasets import Dataset
from suite.machine import helper
from suite.pictures.graph import scaled

CHECKED = 256  # validation pictures at the most, asked as files
BATCH = 32  # pictures that the trained model answers for at once
TOLERANCE = {"float32": 1e-4, "float16": 1e-2, "bfloat16": 5e-2}  # greatest difference of a probability, by the
#                                                                   precision of the coarsest layer


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
class Asked:
    """Validation pictures, what the trained network answers for them, and what the export does."""

    pixels: NDArray[np.uint8]  # [N, H, W, C], as the network sees them
    labels: NDArray[np.int64]  # [N]
    wanted: NDArray[np.float32]  # [N, K], probabilities of the trained network
    saved: NDArray[np.float32]  # [N, K], those of the SavedModel's signature `pixels`
    agreement: Agreement


def asked(model: keras.Model, data: Dataset, saved: Path, most: int) -> Asked:
    """Ask the saved model and `model` about the first validation pictures, `most` at the most.

    Raises ExportError when they differ by more than the precision of `model` explains.
    """
    raw = [picture for picture, _ in data.samples("validation", min(CHECKED, most))]
    pixels, labels = data.framed("validation", most)
    wanted = probabilities(model, pixels, data.preprocessing)
    answers = _answers(saved, raw, pixels)
    agreement = _agreement(answers, wanted, len(raw), tolerance_of(model))
    return Asked(pixels=pixels, labels=labels, wanted=wanted, saved=answers["pixels"], agreement=agreement)


def _agreement(
    answers: dict[str, NDArray[np.float32]], wanted: NDArray[np.float32], pictures: int, tolerance: float
) -> Agreement:
    differences, same = [], []
    for name, given in answers.items():
        those = wanted[: len(given)]
        if given.shape != those.shape:
            raise ExportError(f"signature {name}: answers have shape {given.shape}, not {those.shape}")
        differences.append(np.abs(given - those).max())
        same.append(np.mean(given.argmax(axis=-1) == those.argmax(axis=-1)))
    found = Agreement(pictures=pictures, greatest_difference=float(max(differences)), top1_agreement=float(min(same)))
    if not found.greatest_difference <= tolerance:
        raise ExportError(
            f"the exported model differs from the trained one by up to {found.greatest_difference:.2g} in a "
            f"probability (at most {tolerance:g} is allowed); the same class comes first for "
            f"{found.top1_agreement:.1%} of {numbered(found.pictures, 'picture')}. Nothing was exported."
        )
    return found


def tolerance_of(model: keras.Model) -> float:
    """Return the greatest difference of a probability that the precision of `model` explains.

    The precision is read from its layers: the policy of a functional model says float32 whatever they do.
    """
    computed = {layer.compute_dtype for layer in model._flatten_layers(include_self=False)}
    return max((TOLERANCE[kind] for kind in computed if kind in TOLERANCE), default=TOLERANCE["float32"])


def probabilities(model: keras.Model, pixels: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Return the probabilities, [N, K], that `model` (logits out) gives for framed pictures, [N, H, W, C]."""
    batches = [pixels[start : start + BATCH] for start in range(0, len(pixels), BATCH)]
    return np.concatenate([_of_batch(model, batch.astype(np.float32), preprocessing) for batch in batches])


def _of_batch(model: keras.Model, pixels: NDArray[np.float32], preprocessing: Preprocessing) -> NDArray[np.float32]:
    logits = model.predict_on_batch(scaled(pixels, preprocessing))
    answers: NDArray[np.float32] = keras.ops.convert_to_numpy(keras.ops.softmax(keras.ops.cast(logits, "float32")))
    return answers


def _answers(saved: Path, raw: Sequence[np.ndarray], pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the saved model answers in a fresh process, by signature: `pixels` begin with those of `raw`."""
    told = saved.parent / "asked.npz"
    pictures = {str(number): picture for number, picture in enumerate(raw)}
    np.savez(told, pixels=pixels, **pictures)  # type: ignore[arg-type]
    checker = helper.command("suite.export.loaded", str(saved), str(told))
    done = subprocess.run(checker, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ExportError(f"the exported model cannot be loaded and asked in a fresh process: {last}")
    with np.load(told.with_suffix(".answers.npz")) as answers:
        return dict(answers)
