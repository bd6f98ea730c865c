"""The pictures that trials were trained on: which trials belong together, and what has changed since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from suite.core.preprocessing import PLAIN, Preprocessing
from suite.core.trial import Run, Trial

SPLITS = ("train", "validation", "test")


def main(trials: Iterable[Trial]) -> Trial | None:
    """Return the first trial on the pictures that most complete trials saw, or if none is complete, most trials."""
    known = [trial for trial in trials if _digest(trial)]
    chosen = [trial for trial in known if trial.state == "complete"] or known
    if not chosen:
        return None
    most = Counter(map(_digest, chosen)).most_common(1)[0][0]  # on a tie, the first
    return next(trial for trial in chosen if _digest(trial) == most)


def together(run: Run) -> tuple[Run, list[Trial]]:
    """Return a run with its comparable trials only, and the trials that saw other pictures."""
    first = main(run.trials)
    others = [trial for trial in run.trials if first and _digest(trial) not in ("", _digest(first))]
    return replace(run, trials=tuple(trial for trial in run.trials if trial not in others)), others


def groups(runs: Iterable[Run]) -> list[list[Run]]:
    """Return runs grouped by the pictures that they saw; a run without trials joins the first group."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        first = main(run.trials)
        found.setdefault(_digest(first) if first else next(iter(found), ""), []).append(run)
    return list(found.values())


def change(trial: Trial, now: Mapping[str, str]) -> str:
    """Say how the pictures that `trial` saw differ from those of the surroundings `now`; empty when they are the same.

    `train 96 then, 97 now (1 more); 3 classes then, 4 now`.
    """
    if _digest(trial) in ("", now["dataset_digest"]):
        return ""
    before, after = _sizes(trial.surroundings), _sizes(now)
    said = [
        f"{split} {before[split]:,} then, {after[split]:,} now ({_difference(after[split] - before[split])})"
        for split in SPLITS
        if split in before and split in after and before[split] != after[split]
    ]
    classes = trial.surroundings.get("classes"), now.get("classes")
    said += [f"{classes[0]} classes then, {classes[1]} now"] if all(classes) and classes[0] != classes[1] else []
    return "; ".join(said) or "as many as before, but different pictures, or in a different class or split"


def baseline(trials: Iterable[Trial]) -> tuple[float, str] | None:
    """Return the accuracy of always naming the largest class, in percent, and that class; None if no trial says it."""
    told = (trial.surroundings for trial in trials if "baseline" in trial.surroundings)
    return next(((float(one["baseline"]), one["largest_class"]) for one in told), None)


TO_BEAT = "To beat: {share:.1f} %, the share of the largest class, {largest}, of the validation pictures."


def to_beat(share: float, largest: str) -> str:
    """Say what an accuracy is worth beside always naming the largest class."""
    return TO_BEAT.format(share=share, largest=largest)


def images(surroundings: Mapping[str, str], split: str) -> int | None:
    """Return the number of pictures in a split; None if the trial does not say it."""
    told = surroundings.get(f"{split}_images")
    return None if told is None else int(told)


def preprocessing(trial: Trial) -> Preprocessing:
    """Return how the pictures that a trial saw became the input of its network. Earlier versions did not record it."""
    told = trial.surroundings.get("preprocessing")
    return Preprocessing.read(told) if told else PLAIN


def _digest(trial: Trial) -> str:
    return trial.surroundings.get("dataset_digest", "")


def _sizes(surroundings: Mapping[str, str]) -> dict[str, int]:
    """Return the number of pictures in each split."""
    return {split: size for split in SPLITS if (size := images(surroundings, split)) is not None}


def _difference(more: int) -> str:
    return f"{more:,} more" if more > 0 else f"{-more:,} fewer"
