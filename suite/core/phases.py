"""The phases of a training: epochs in a row on pictures of one size, and what of the network learns in them.

Progressive learning: Tan and Le 2021, https://arxiv.org/abs/2104.00298, section 4, Algorithm 1: all stages are
equally long, and both the side and the strength grow by equal steps.

FixRes: Touvron et al. 2019, https://arxiv.org/abs/1906.06423, section 4.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from suite.core.recipe import Augmentation, Sizes

FEATURES = 1 / 3  # of an epoch: a pass forward alone, without the one backward, which takes about twice as long


@dataclass(frozen=True, kw_only=True)
class Phase:
    """Some epochs of a training."""

    last: int  # epoch; the first is that after the last phase's
    side: float = 1.0  # of its pictures, as a share of the side at which the network is used
    strength: float = 1.0  # of RandAugment, mixup, CutMix and dropout, as a share of the recipe's
    is_fixres: bool = False  # whether only the classifier and the last normalisation learn

    @property
    def is_plain(self) -> bool:
        """Whether it trains the network as it is used and as the recipe says."""
        return self.side == self.strength == 1

    @property
    def work(self) -> float:
        """The work of one of its epochs, as a part of that of an epoch of the whole network at the whole size."""
        return FEATURES if self.is_fixres else self.side**2

    def weakened(self, augmentation: Augmentation) -> Augmentation:
        """Return what changes the pictures of this phase; FixRes sees them as they are used."""
        if self.is_fixres:
            return Augmentation()
        grown = ("randaugment", "mixup", "cutmix")
        return replace(augmentation, **{name: getattr(augmentation, name) * self.strength for name in grown})


def phases(sizes: Sizes, epochs: int) -> list[Phase]:
    """Return the phases of a training of so many epochs. Where pictures keep their size, FixRes has nothing to do."""
    fixed = sizes.fixres if sizes.train_side < 1 else 0
    trained = epochs - fixed
    stages = max(1, min(sizes.progressive, trained))
    found = [
        Phase(
            last=trained * (number + 1) // stages,
            side=sizes.train_side * _grown(sizes.first_side, number, stages),
            strength=_grown(sizes.first_strength, number, stages),
        )
        for number in range(stages)
    ]
    return [*found, *([Phase(last=epochs, is_fixres=True)] if fixed else [])]


def work(planned: Sequence[Phase], epoch: int) -> float:
    """Return the work of a training up to an epoch, in epochs of the whole network at the whole size."""
    starts = [0, *(phase.last for phase in planned[:-1])]
    return sum(
        phase.work * max(0, min(epoch, phase.last) - start) for phase, start in zip(planned, starts, strict=True)
    )


def _grown(first: float, number: int, count: int) -> float:
    """Return the share of a stage, which grows from the first to exactly 1; a single one has all."""
    return 1.0 if number == count - 1 else first + (1 - first) * number / (count - 1)
