"""What networks that were trained again with several seeds say on the test pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.core import answers, seen
from suite.core.errors import StoreError
from suite.core.measures import costs
from suite.core.study import Confirm, Constraint
from suite.core.trial import Run, Trial
from suite.report import choice
from suite.report.comparison import Comparison
from suite.report.entries import Entry
from suite.statistics import pairs, seeds
from suite.statistics.pairs import LEVEL
from suite.statistics.seeds import Mean, fewest

EQUAL = 1.0  # points of accuracy up to which two networks are practically equal
ZERO_SHOT = ("zero_shot", "zero_shot_low", "zero_shot_high")
BESIDE = ("behind", "behind_low", "behind_high", "best_is_better", "p", "practically_equal", "verdict")


def chosen(comparison: Comparison, most: int, wanted: Sequence[Constraint] = ()) -> list[Entry]:
    """Return what to confirm within the limits `wanted`, at most `most` candidates, the most accurate first.

    They are the best, the best of each family, and members of the front: its ends, then what lies most apart from those
    taken. Raises as `choice.best`.
    """
    among = choice.fitting(comparison, wanted)
    ranked = sorted(among, key=lambda entry: -entry.trial.measures.get("accuracy", 0.0))
    best = list({entry.family: entry for entry in reversed(ranked)}.values())[::-1]
    front = _spread(comparison.best(ranked, comparison.objectives))
    taken = list({entry.name: entry for entry in [*front[:1], *best, *front]}.values())[:most]
    return sorted(taken, key=ranked.index)


def _spread(front: Sequence[Entry]) -> list[Entry]:
    """Return members of a front, sorted by accuracy: the first, the last, then the middles of the largest gaps."""
    if len(front) < 3:
        return list(front)
    taken, left = [0, len(front) - 1], set(range(1, len(front) - 1))
    while left:
        apart = max(left, key=lambda one: (min(abs(one - other) for other in taken), -one))
        taken.append(apart)
        left.remove(apart)
    return [front[one] for one in taken]


@dataclass(frozen=True, kw_only=True)
class Again:
    """A training that is still to be done."""

    run: Run
    trial: Trial
    seed: int
    look: str  # at the test pictures, to which it belongs

    def __str__(self) -> str:
        return f"{self.run.name}/{self.trial.number} with seed {self.seed}"


def missing(comparison: Comparison, entries: Sequence[Entry], wanted: Sequence[int]) -> list[Again]:
    """Return the trainings that are not done: all networks with the first of the seeds `wanted`, then with the next."""
    chosen = [(run, entry.trial) for entry in entries if (run := comparison.run_of(entry))]
    looks = {run.folder: _look([trial.number for of, trial in chosen if of is run]) for run, _ in chosen}
    every = [Again(run=run, trial=trial, seed=seed, look=looks[run.folder]) for seed in wanted for run, trial in chosen]
    return [one for one in every if not answers.again(one.run.folder, one.trial.number, one.seed).exists()]


def asked(comparison: Comparison, wanted: Confirm) -> list[Again]:
    """Return the trainings that [confirm] of a study asks for, and that are not done."""
    entries = chosen(comparison, wanted.networks) if comparison.candidates else []
    return missing(comparison, entries, range(1, (wanted.seeds or fewest(max(1, len(entries) - 1))) + 1))


def _look(numbers: Sequence[int]) -> str:
    return f"confirm {', '.join(map(str, sorted(numbers)))}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Confirmation:
    """Networks trained with the same S seeds, and their answers to the same N test pictures."""

    entries: tuple[Entry, ...]  # the best first
    right: tuple[NDArray[np.bool_], ...]  # [S, N] for each entry
    by_text: tuple[NDArray[np.bool_] | None, ...]  # [S, N] by the texts of the classes alone; None for most networks

    @property
    def seeds(self) -> int:
        """The number of seeds."""
        return len(self.right[0])

    @cached_property
    def means(self) -> list[Mean]:
        """Mean accuracy of each network, with its interval over seeds and pictures; shares."""
        return [seeds.share(one) for one in self.right]

    @cached_property
    def by_seed(self) -> list[NDArray[np.float64]]:
        """Accuracy of each network by seed [S], in percent."""
        return [100 * one.mean(axis=1) for one in self.right]

    @cached_property
    def p(self) -> NDArray[np.float64]:
        """P-values of the best and each other by the sign-flip test of paired seeds, with Holm's correction."""
        return pairs.holm([seeds.sign_flip(self.by_seed[0] - other) for other in self.by_seed[1:]])

    @property
    def held_out(self) -> float:
        """The share of the pictures to learn from that each seed keeps for validation."""
        known = self.entries[0].trial.surroundings
        train, validation = (seen.images(known, split) or 0 for split in ("train", "validation"))
        return validation / max(1, train + validation)

    def rows(self, equal: float = EQUAL) -> list[dict[str, Any]]:
        """Return a row for each network, in percent; differences of up to `equal` points do not matter."""
        return [self._row(index, equal) for index in range(len(self.entries))]

    def _row(self, index: int, equal: float) -> dict[str, Any]:
        mean, each = self.means[index], self.by_seed[index]
        row = {
            "trial": self.entries[index].name,
            "seeds": self.seeds,
            **percent("accuracy", mean),
            "worst_seed": float(each.min()),
            "best_seed": float(each.max()),
            **self._zero_shot(index),
            **_costs(self.entries[index]),
        }
        best = dict.fromkeys(BESIDE) | {"verdict": "the best"}
        return row | (self._beside_the_best(index, equal) if index else best)

    def _zero_shot(self, index: int) -> dict[str, float | None]:
        """Return the accuracy by the texts of the classes alone, if some network has one."""
        if not any(one is not None for one in self.by_text):
            return {}
        right = self.by_text[index]
        known = {} if right is None else percent("zero_shot", seeds.share(right), "zero_shot_")
        return {name: known.get(name) for name in ZERO_SHOT}

    def _beside_the_best(self, index: int, equal: float) -> dict[str, Any]:
        """Return how sure it is that the first network is better than another."""
        best, other = self.by_seed[0], self.by_seed[index]
        sure, behind = seeds.better(best, other), seeds.behind(self.right[0], self.right[index], len(self.entries))
        low, high = (100 * end for end in behind.interval)
        found = {"behind": 100 * behind.value, "behind_low": low, "behind_high": high, "best_is_better": sure.share}
        needed = fewest(len(self.entries) - 1)
        if self.seeds < needed:
            return dict.fromkeys(BESIDE) | found | {"verdict": f"a range: {needed} seeds can tell"}
        p, believed = float(self.p[index - 1]), seeds.practically(best - other, equal, self.held_out)
        worse = seeds.worse(self.right[0], self.right[index], p, len(self.entries))
        said = "worse" if worse else "practically equal" if believed.equal > 1 - LEVEL else "not told apart"
        return found | {"p": p, "practically_equal": believed.equal, "verdict": said}


def percent(name: str, mean: Mean, before: str = "") -> dict[str, float]:
    """Return a mean under its name, and the ends of its interval with a word `before` them, in percent."""
    low, high = mean.interval
    return {name: 100 * mean.value, f"{before}low": 100 * low, f"{before}high": 100 * high}


def _costs(entry: Entry) -> dict[str, float]:
    known = entry.trial.measures
    return {cost.name: known[cost.name] for cost in costs() if cost.is_brief and cost.name in known}


def seeds_of(comparison: Comparison, entries: Sequence[Entry]) -> list[int]:
    """Return the seeds with which some of `entries` were trained again."""
    homes = [
        answers.again(run.folder, entry.trial.number, 0).parent
        for entry in entries
        if (run := comparison.run_of(entry))
    ]
    return sorted({int(file.stem) for home in homes for file in home.glob("*.npz") if file.stem.isdecimal()})


def alone(comparison: Comparison, number: int) -> dict[str, Any] | None:
    """Return what all seeds of one trial of the only run say, for what travels with it; None if it has none."""
    entries = [entry for entry in comparison.entries if entry.trial.number == number]
    found = of(comparison, entries, seeds_of(comparison, entries))
    if found is None:
        return None
    each = found.by_seed[0]
    ends = {"worst_seed": float(each.min()), "best_seed": float(each.max())}
    return {"seeds": found.seeds, "pictures": found.right[0].shape[1], **percent("accuracy", found.means[0]), **ends}


def of(comparison: Comparison, entries: Sequence[Entry], wanted: Sequence[int]) -> Confirmation | None:
    """Return what the networks of `entries` say with those of the seeds `wanted` that all have; None if there are none.

    Raises StoreError when answers cannot be read, or are of different test pictures.
    """
    numbered = [(run.folder, entry.trial.number) for entry in entries if (run := comparison.run_of(entry))]
    common = [seed for seed in wanted if all(answers.again(*one, seed).exists() for one in numbered)]
    if not common or not numbered:
        return None
    read = [[answers.read(answers.again(*one, seed)) for seed in common] for one in numbered]
    texts = [[answers.read(answers.by_text(*one, seed)) for seed in common] for one in numbered]
    labels = read[0][0].labels  # type: ignore[union-attr]
    if any(not np.array_equal(one.labels, labels) for column in [*read, *texts] for one in column if one):
        place = answers.again(*numbered[0], common[0]).parent.parent
        raise StoreError(f"{place}: holds answers to different test pictures. Remove this folder, and confirm again.")
    right = [np.array([one.right for one in column if one]) for column in read]
    by_text = [np.array([one.right for one in column if one]) if all(column) else None for column in texts]
    ranked = sorted(range(len(right)), key=lambda one: -right[one].mean())
    return Confirmation(
        entries=tuple(entries[one] for one in ranked),
        right=tuple(right[one] for one in ranked),
        by_text=tuple(by_text[one] for one in ranked),
    )
