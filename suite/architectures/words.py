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


def longest(architecture: str) -> int:
    """Return the most word pieces of a text that a named network reads."""
    return int(text_side(architecture).length)


def bound(study: Study, place: str, overrides: Sequence[str] = ()) -> Study:
    """Return `study` with the fields of its text side converted to their types. Raises StudyError for each mistake."""
    if study.words is None:
        return study
    mistakes = Mistakes(place, overrides)
    if len(study.architectures) > 1:
        mistakes.add(("words",), "needs one network, not several in `architecture`")
        mistakes.check()
    if not learns(study.source):
        able = " and ".join(name for name in architectures.FAMILIES if learns(name))
        mistakes.add(("words",), f"{study.family} does not learn from texts; {able} do")
        mistakes.check()
    side = text_side(study.only)
    fields = typed_entries(study.words.text, type(side), ("words", "text"), mistakes)
    for name in ("vocabulary", "length"):
        if name in fields:
            mistakes.add(("words.text", name), "follows from the texts; remove it")
    mistakes.check()
    words = replace(study.words, text=fields)
    text_of(study.only, words, side.vocabulary, side.length)  # raises now if they do not go together
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
