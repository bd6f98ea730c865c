"""How the two sides of a network learn from pictures with texts, before a study trains its classifier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from suite.core import rules
from suite.core.errors import StudyError
from suite.core.recipe import Augmentation, Recipe

CLASS_NAMES = "class names"  # pairs that are made of the names of the classes
PLACE = "{}"  # where a template takes the name of a class


@dataclass(frozen=True, kw_only=True)
class Words(Augmentation):
    """Pairs of picture and text, and how a network learns from them. The picture side is searched, the text side not.

    The templates make the texts of the classes: for zero-shot classification, and for pairs of class names.
    """

    pairs: str  # CLASS_NAMES, a table of files and texts, or a captioned set of tensorflow-datasets
    templates: tuple[str, ...] = ("a photo of a {}.",)
    epochs: int = 30
    text: Mapping[str, Any] = field(default_factory=dict)  # fields of the family's Text
    temperature: float | None = None  # at the beginning, above 0; it is learned. None: as in the paper
    optimizer: str = "adamw"  # one of optimizers.OPTIMIZERS
    learning_rate: float = 1e-3  # peak; a cosine to zero follows
    warmup: float = 0.1  # share of the steps in which the rate rises from zero, 0 to 1
    weight_decay: float = 1e-4
    batch_size: int = 64  # pairs in a step; each text is told from the others of its step

    def __post_init__(self) -> None:
        rules.hold_fields(self)
        if self.mixes:
            raise StudyError("mixup and cutmix make one picture of two, which no text describes: remove them")
        for template in self.templates:
            if template.count(PLACE) != 1:
                raise StudyError(f'templates: write {PLACE} once where the class goes, as in "a photo of a {PLACE}."')

    def recipe(self, precision: str) -> Recipe:
        """Return how both sides are trained, in the precision of the classifier."""
        shared = {each.name for each in fields(Words)} & {each.name for each in fields(Recipe)}
        return Recipe(precision=precision, **{name: getattr(self, name) for name in shared})

    def prompts(self, name: str) -> list[str]:
        """Return the texts for a class, one for each template: `golden_retriever` is a golden retriever."""
        return [template.replace(PLACE, " ".join(name.replace("_", " ").split())) for template in self.templates]
