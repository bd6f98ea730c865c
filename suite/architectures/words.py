"""Families whose networks learn from pictures with texts: the whole network beside its picture side.

The module of such a family also defines `Text`, a dataclass with every choice of the text side; TEXTS, the text side
of each variant and others by name; PRETRAINED, the side of the pictures when its paper trains both sides;
`pretraining`, which builds both sides; and `trained`, which adds the losses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from suite import architectures
from suite.core.study import Study, split
from suite.core.words import Words
from suite.studyfile import binding
from suite.studyfile.kinds import typed_entries
from suite.studyfile.mistakes import Mistakes

if TYPE_CHECKING:
    import keras

    from suite.core.task import Task


def learns(family: str) -> bool:
    """Whether the networks of a family learn from pictures with texts."""
    return hasattr(architectures.family(family), "pretraining")


def text_side(architecture: str) -> Any:
    """Return the text side, a `Text` of its family, of a named network that learns from texts."""
    family, variant = split(architecture)
    return _module(family).TEXTS[variant]


def text_of(architecture: str, words: Words, vocabulary: int, length: int) -> Any:
    """Return the text side of a study, a `Text`, for so many word pieces, and for texts of so many.

    Raises ArchitectureError when its fields do not go together.
    """
    return binding.replaced(text_side(architecture), {**words.text, "vocabulary": vocabulary, "length": length})


def bound(study: Study, place: str, overrides: Sequence[str] = ()) -> Study:
    """Return `study` with the fields of its text side converted to their types. Raises StudyError for each mistake."""
    if study.words is None:
        return study
    mistakes = Mistakes(place, overrides)
    mute = [name for name in study.architectures if not learns(split(name)[0])]
    if mute:
        able = " and ".join(name for name in architectures.FAMILIES if learns(name))
        mistakes.add(("words",), f"{split(mute[0])[0]} does not learn from texts; {able} do")
        mistakes.check()
    words = study.words
    for name in {split(name)[0]: name for name in study.architectures}.values():  # each family once
        words = replace(words, text=typed_entries(words.text, type(text_side(name)), ("words", "text"), mistakes))
    for key in ("vocabulary", "length"):
        if key in words.text:
            mistakes.add(("words", "text", key), "follows from the texts; remove it")
    mistakes.check()
    for name in study.architectures:  # raises now if the fields do not go together
        text_of(name, words, text_side(name).vocabulary, text_side(name).length)
    return replace(study, words=words)


def whole(family: str, config: architectures.Config, text: Any, task: Task) -> keras.Model:
    """Return the network of both sides, from "image" (B, H, W, C) and "text" (B, T) to "image" and "text", (B, D).

    These are vectors of length 1, alike where a text fits a picture. A network that captions also returns "caption",
    the logits (B, T, V) of each next word. Raises ArchitectureError for pictures too small.
    """
    built: keras.Model = _module(family).pretraining(config, text, task)
    return built


def with_losses(family: str, network: keras.Model, temperature: float | None = None) -> keras.Model:
    """Return a `whole` network with the losses of its paper, and the learned temperature as one more weight.

    The temperature begins at a value, by default that of the paper.
    """
    start = {} if temperature is None else {"temperature": temperature}
    trained: keras.Model = _module(family).trained(network, **start)
    return trained


def carried(network: keras.Model, whole: keras.Model) -> list[str]:
    """Give a classifier what the picture side of a `whole` network has learned.

    Return the names of the layers with weights that are new in the classifier: its head.
    """
    learned = {layer.name: layer for layer in whole.layers}
    new = []
    for layer in network.layers:
        source = learned.get(layer.name)
        if source is not None:
            layer.set_weights(source.get_weights())
        elif layer.weights:
            new.append(layer.name)
    return new


def _module(family: str) -> Any:
    return architectures.family(family)
