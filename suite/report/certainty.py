"""How sure the accuracies of a comparison are, from the answers that its trials kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suite.core import answers, dominance
from suite.core.answers import Answers
from suite.core.errors import StoreError
from suite.core.measures import MEASURES
from suite.core.study import Objective
from suite.report import choice
from suite.report.comparison import Comparison
from suite.report.entries import Entry
from suite.report.language import localised, many, say
from suite.report.phrases import amount
from suite.statistics import chosen, fronts, pairs
from suite.statistics.chosen import Corrected
from suite.statistics.intervals import Interval, wilson

MEASURE = "accuracy"  # the only measure that is a share of pictures, each right or wrong


@dataclass(frozen=True, kw_only=True, eq=False)
class Certainty:
    """The K candidates whose answers to the same N validation pictures are known."""

    comparison: Comparison
    entries: tuple[Entry, ...]
    places: tuple[Path, ...]  # of the answers of each candidate
    right: NDArray[np.bool_]  # [K, N]

    def kept(self, one: int) -> Answers:
        """Return all that the candidate at an index answered. Raises StoreError when it cannot be read any more."""
        found = answers.read(self.places[one])
        if found is None:
            raise StoreError(f"{self.places[one]}: the answers were removed while they were read. Run it again.")
        return found

    @property
    def pictures(self) -> int:
        """The number of validation pictures."""
        return self.right.shape[1]

    @cached_property
    def best(self) -> int:
        """Index of the candidate that has most pictures right; of equals, the cheapest on their front."""
        count = self.right.sum(axis=1)
        equals = [self.entries[one] for one in np.flatnonzero(count == count.max())]
        return self._index[choice.leading(self.comparison, equals).name]

    @cached_property
    def corrected(self) -> Corrected:
        """What to expect of the best on new pictures."""
        return chosen.corrected(self.right)

    @cached_property
    def peers(self) -> list[int]:
        """Indices of the candidates that are not measurably worse than the best, itself among them."""
        return list(map(int, np.flatnonzero(pairs.not_worse(self.right, self.best))))

    @property
    def cheapest(self) -> int:
        """Index of the cheapest of the peers."""
        return min(self.peers, key=self._price)

    @property
    def cost(self) -> Objective:
        """The cost by which a candidate is cheap: the first that is asked for."""
        return (self.comparison.costs or [Objective(measure="parameters", goal="min")])[0]

    def _price(self, one: int) -> float:
        return self.entries[one].trial.measures.get(self.cost.measure, np.inf)

    def interval(self, entry: Entry) -> Interval | None:
        """Return the 95 % interval of a candidate's accuracy, in percent; None if its answers are not known."""
        if entry.name not in self._index:
            return None
        low, high = wilson(float(self.right[self._index[entry.name]].mean()), self.pictures)
        return Interval(100 * low, 100 * high)

    def letters(self, entries: Sequence[Entry]) -> dict[str, str]:
        """Return letters for candidates by name: two that share one cannot be told apart by their accuracy.

        A front was chosen by the same pictures, so all pairs of candidates are judged together, as for the peers.
        """
        known = [entry.name for entry in entries if entry.name in self._index]
        if not known:
            return {}
        right = self.right[[self._index[name] for name in known]]
        ordered = np.argsort(-right.sum(axis=1), kind="stable")  # `a` is of the best
        named = pairs.letters(pairs.different(right[ordered], among=len(self.right)))
        return {known[place]: letters for place, letters in zip(ordered, named, strict=True)}

    @cached_property
    def on_front(self) -> dict[str, float]:
        """The share of resamples of the pictures in which each candidate is on the front, by name.

        Empty if the front is not one of accuracy and costs.
        """
        others = [objective for objective in self.comparison.objectives if objective.measure != MEASURE]
        if len(others) == len(self.comparison.objectives) or any(not MEASURES[o.measure].is_cost for o in others):
            return {}
        return {
            name: share
            for group in self.comparison.groups(self.comparison.objectives).values()
            for name, share in self._shares(group, others).items()
        }

    def among(self, entries: Sequence[Entry]) -> Certainty | None:
        """Return what is known of some of the candidates alone; None if nothing is."""
        kept = [self._index[entry.name] for entry in entries if entry.name in self._index]
        if not kept:
            return None
        known, places = tuple(self.entries[one] for one in kept), tuple(self.places[one] for one in kept)
        return replace(self, entries=known, places=places, right=self.right[kept])

    def answers(self, entry: Entry) -> NDArray[np.bool_] | None:
        """Return which pictures a candidate has right [N]; None if its answers are not known."""
        return self.right[self._index[entry.name]] if entry.name in self._index else None

    def _shares(self, group: Sequence[Entry], costs: Sequence[Objective]) -> dict[str, float]:
        known = [e for e in group if e.name in self._index and all(cost.measure in e.trial.measures for cost in costs)]
        if not known:
            return {}
        right = self.right[[self._index[entry.name] for entry in known]]
        shares = fronts.on_front(right, dominance.intervals([entry.trial for entry in known], costs))
        return {entry.name: float(share) for entry, share in zip(known, shares, strict=True)}

    @cached_property
    def _index(self) -> dict[str, int]:
        return {entry.name: index for index, entry in enumerate(self.entries)}


def of(comparison: Comparison) -> Certainty | None:
    """Return how sure the accuracies are; None if no candidate kept its answers, or accuracy is not what is wanted.

    Raises StoreError for answers that cannot be read.
    """
    if comparison.quality.measure != MEASURE:
        return None
    found = [(entry, place) for entry in comparison.candidates if (place := _place(comparison, entry))]
    named = [(entry, place, kept) for entry, place in found if (kept := answers.named(place))]
    same = [(entry, place, kept) for entry, place, kept in named if np.array_equal(kept.labels, named[0][2].labels)]
    if not same:
        return None
    entries, places, known = (tuple(each) for each in zip(*same, strict=True))
    return Certainty(
        comparison=comparison, entries=entries, places=places, right=np.array([kept.right for kept in known])
    )


def _place(comparison: Comparison, entry: Entry) -> Path | None:
    run = comparison.run_of(entry)
    return answers.place(run.folder, entry.trial.number) if run else None


PERHAPS = 0.05  # share of resamples in which a candidate is on the front, from which it may belong there


def contenders(comparison: Comparison) -> list[Entry]:
    """Return the front, and after it what may not be told from it: what is on it in PERHAPS of the resamples or more.

    Of both the surest come first. Raises StoreError for answers that cannot be read.
    """
    sure = of(comparison)
    share = sure.on_front if sure else {}
    front = {entry.name for entry in comparison.front}
    near = [one for one in comparison.candidates if one.name in front or share.get(one.name, 0) >= PERHAPS]
    return sorted(near, key=lambda one: (one.name not in front, -share.get(one.name, 0)))


COLUMNS = ("wilson_low", "wilson_high", "group", "front_share")  # of a table of candidates, what `columns` fills


def columns(certainty: Certainty, entries: Sequence[Entry]) -> dict[str, dict[str, float | str | None]]:
    """Return the values of COLUMNS for candidates, by name.

    They are the 95 % interval of the accuracy (Wilson) and the share of resamples in which it is on the front, both in
    percent, and letters: candidates that share one cannot be told apart by their accuracy.
    """
    groups = certainty.letters(entries)
    return {entry.name: dict(zip(COLUMNS, _values(certainty, entry, groups), strict=True)) for entry in entries}


def _values(certainty: Certainty, entry: Entry, groups: Mapping[str, str]) -> tuple[float | str | None, ...]:
    low, high = certainty.interval(entry) or (None, None)
    share = certainty.on_front.get(entry.name)
    return low, high, groups.get(entry.name), None if share is None else 100 * share


def told(certainty: Certainty) -> list[str]:
    """Say what to expect of the best candidate on new pictures, and which others may be as good."""
    best, corrected = certainty.entries[certainty.best], certainty.corrected
    low, high = (100 * end for end in corrected.interval)
    known = {"name": best.name, "seen": 100 * corrected.seen, "pictures": certainty.pictures}
    has = (
        say("{name} has {seen:.1f} % of {pictures:,} validation pictures right, chosen among {all:,} by them",
            **known, all=len(certainty.entries))
        if len(certainty.entries) > 1
        else say("{name} has {seen:.1f} % of {pictures:,} validation pictures right", **known)
    )  # fmt: skip
    expected = say(
        "{has}: expect {share:.1f} % of new ones (95 % interval {low:.1f} to {high:.1f}).",
        has=has, share=100 * corrected.share, low=low, high=high,
    )  # fmt: skip
    return [expected, *_peers(certainty)]


def _peers(certainty: Certainty) -> list[str]:
    others, peers = len(certainty.entries) - 1, len(certainty.peers) - 1
    if not others:
        return []
    if not peers:
        return [many(others, "The other is measurably worse.", "All {number:,} others are measurably worse.")]
    told = (
        many(others, "The other is not measurably worse.", "None of the {number:,} others is measurably worse.")
        if peers == others
        else _some(peers, others)
    )
    return [f"{told} {_cheapest(certainty)}"]


def _some(peers: int, others: int) -> str:
    return many(
        peers, "{number:,} of the {all:,} others is not measurably worse.",
        "{number:,} of the {all:,} others are not measurably worse.", all=others,
    )  # fmt: skip


def _cheapest(certainty: Certainty) -> str:
    """Name the cheapest of the peers."""
    small, cost = certainty.entries[certainty.cheapest], certainty.cost.measure
    if small is certainty.entries[certainty.best]:
        return say("It is the cheapest of them.")
    size = amount(cost, small.trial.measures[cost]) if cost in small.trial.measures else ""
    accuracy = localised(f"{small.trial.measures[MEASURE]:.1f} %")
    known = ", ".join(filter(None, [size, accuracy]))
    return say("The cheapest of them is {name} ({known}).", name=small.name, known=known)
