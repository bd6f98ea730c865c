"""How one network is trained: the recipe, and the augmentation within it."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields

from suite.core import rules
from suite.core.presets import FAMILY, PRESETS, TUNED
from suite.core.rules import AUTO, PRECISIONS

FLOAT32 = PRECISIONS[0]
SCRATCH, FROZEN, TUNE = "scratch", "frozen", "tune"  # modes: what is new, and what is trained


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Random changes to the training pictures. A field that is 0 or false does nothing.

    A new change needs a field here, a rule for its values in `rules`, and a row in `datasets.augment.STEPS`.
    """

    shift: float = 0.0  # largest shift, share of the side, 0 to 1
    flip: bool = False  # left-right mirror
    crop: float = 0.0  # least share of the area of a random part that is resized, 0 to 1; 0: off
    colour: float = 0.0  # largest change of brightness, contrast and saturation, share, 0 to 1
    randaugment: float = 0.0  # strength of two random operations, 0 to 10
    augmix: float = 0.0  # largest strength in a mixture of chains of operations, 0 to 10
    erase: float = 0.0  # probability that a rectangle becomes noise, 0 to 1
    mixup: float = 0.0  # blends two pictures: alpha of the Beta distribution of the share
    cutmix: float = 0.0  # lays a rectangle of one picture on another: alpha of the Beta distribution of the share

    @property
    def mixes(self) -> bool:
        """Whether two pictures become one, so that labels are shares of classes."""
        return bool(self.mixup or self.cutmix)

    def __bool__(self) -> bool:
        return any(astuple(self))


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """How weights that others trained are used. Without such weights, `mode` is "scratch" and the rest means nothing.

    The defaults are those of suite/training/transfer.py, with their sources.
    """

    mode: str = SCRATCH  # all weights are new; "frozen": only the classifier is; "tune": begin from frozen, train on
    body_rate: float = 0.1  # learning rate of all but the classifier, as a share of the classifier's
    layer_decay: float = 1.0  # by which that rate is multiplied from each stage to the one before it, 0 to 1
    frozen_stages: int = 0  # first stages whose weights stay as they were
    batch_norm: str = "inference"  # batch normalisation keeps its means, deviations, scales and shifts; or "train"


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Which sizes of pictures a training goes through, see `phases`. It is validated and used at the whole size.

    Touvron et al. 2019, https://arxiv.org/abs/1906.06423 (`train_side`, `fixres`). Tan and Le 2021,
    https://arxiv.org/abs/2104.00298, section 4 (`progressive`), with the shares of their code (google/automl,
    efficientnetv2).
    """

    train_side: float = 1.0  # of the pictures in training, as a share of the side at which the network is used
    fixres: int = 0  # last epochs, in which only classifier and last normalisation learn, at the whole size
    progressive: int = 0  # stages in which pictures and regularisation grow, up to `train_side`; 0: they do not
    first_side: float = 0.57  # of the pictures in the first of these stages, as a share of that in the last
    first_strength: float = 0.5  # of RandAugment, mixup, CutMix and dropout there, as a share of that in the last


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """What a network leaves out at random in training. Only the networks of some families do; None: as its Config says.

    Each has the name of the field of a Config that it replaces.
    """

    dropout: float | None = None  # share of units, 0 to 1
    stochastic_depth: float | None = None  # probability of the last block, 0 to 1


@dataclass(frozen=True, kw_only=True)
class Recipe(Augmentation, Transfer, Sizes, LeftOut):
    """How one network is trained. Every field may be searched over."""

    preset: str = FAMILY  # what the other fields start from: the family's recipe, or one of presets.PRESETS
    optimizer: str = "adamw"  # one of optimizers.OPTIMIZERS
    learning_rate: float = 1e-3  # peak
    schedule: str = "cosine"  # one of schedules.SCHEDULES
    warmup: float = 0.1  # share of the steps in which the rate rises, 0 to 1
    momentum: float = 0.9  # of optimizers that have one
    epsilon: float | None = None  # of optimizers that divide by the size of gradients: added to it; None: as they say
    weight_decay: float = 1e-4  # decoupled; of kernels, not of biases, normalisation and gains
    norm_clipping: float = 0.0  # largest length of all gradients together; 0: off
    adaptive_clipping: float = 0.0  # largest ratio of an output unit's gradient norm to its weight norm; 0: off
    sharpness: float = 0.0  # radius in which sharpness-aware minimisation looks for the largest loss; 0: off
    average: float = 0.0  # what the moving average of the weights keeps of itself in a step, 0 to 1; 0: off
    patience: int = 0  # epochs without a better one after which the training ends; 0: never
    batch_size: int = 64  # images per step
    label_smoothing: float = 0.0  # 0 to 1
    cross_entropy: str = "softmax"  # over all classes; or "sigmoid": each class by itself
    class_weight: str = "none"  # or "balanced": a picture counts the more, the fewer its class has
    precision: str = FLOAT32  # of the training and the network: one of rules.PRECISIONS; AUTO: of the training only
    xla: str = "default"  # whether steps are compiled by XLA: "off", "on", or as Keras has it, on GPUs; AUTO

    def __post_init__(self) -> None:
        rules.hold_fields(self)

    @property
    def deployed(self) -> str:
        """The precision in which its network is timed and deployed, unless the study names another."""
        return FLOAT32 if self.precision == AUTO else self.precision

    @property
    def augmentation(self) -> Augmentation:
        """The part of the recipe that changes the pictures."""
        return Augmentation(**{each.name: getattr(self, each.name) for each in fields(Augmentation)})

    @property
    def left_out(self) -> dict[str, float]:
        """The shares that it names of what a network leaves out at random."""
        named = {each.name: getattr(self, each.name) for each in fields(LeftOut)}
        return {key: share for key, share in named.items() if share is not None}

    @property
    def sizes(self) -> Sizes:
        """The part of the recipe that changes the size of the pictures."""
        return Sizes(**{each.name: getattr(self, each.name) for each in fields(Sizes)})


TUNING = Recipe(mode=TUNE, **TUNED)  # for weights of another training


def started(preset: str, own: Recipe) -> Recipe:
    """Return the recipe that a preset names, in the mode of the `own` recipe of a study, which `family` names."""
    return own if preset == FAMILY else Recipe(**{"preset": preset, "mode": own.mode, **PRESETS[preset].fields})
