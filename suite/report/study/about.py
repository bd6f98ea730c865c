"""How it was measured: the studies, devices, data and versions behind a page, and what was not trained to its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from suite.core.domains import Choice, Domain
from suite.core.rules import brief
from suite.core.study import Study
from suite.core.trial import Run
from suite.report import phrases
from suite.report.comparison import Comparison
from suite.report.entries import Entry
from suite.report.language import many, say

_ORDER = (
    "device",
    "threads",
    "latency_path",
    "dataset",
    "dataset_digest",
    "train_images",
    "validation_images",
    "test_images",
    "classes",
    "image",
    "data_notes",
)
# Numbers of the timing that no reader compares.
_INNER = ("latency_timed", "latency_rest", "latency_follows", "latency_others")
_ENDED = ("failed", "interrupted", "refused", "dropped")  # failures first, as a refusal is what a study asks

Rows = list[tuple[str, list[str]]]  # a property, then its value in each run


def questions(comparison: Comparison) -> list[tuple[str, str]]:
    """Return each question with the names of the runs that ask it."""
    asked: dict[str, list[str]] = {}
    for name, run in zip(comparison.names, comparison.runs, strict=True):
        if isinstance(run, Run):
            asked.setdefault(run.study.question, []).append(name)
    return [(question, phrases.listed(names)) for question, names in asked.items() if question]


def unfinished(comparison: Comparison) -> list[Entry]:
    """Return the failed, interrupted, refused and dropped trials."""
    chosen = [entry for entry in comparison.entries if entry.trial.state in _ENDED]
    return sorted(chosen, key=lambda entry: _ENDED.index(entry.trial.state))


def reasons(comparison: Comparison) -> list[str]:
    """Return how many candidates each constraint refused, the most frequent first."""
    counts = Counter(
        (entry.run, str(constraint))
        for entry in comparison.entries
        if entry.trial.state == "refused"
        for constraint in entry.trial.broken(entry.constraints)
    )
    return [
        many(
            number,
            "{run}: {number:,} candidate broke {limit}",
            "{run}: {number:,} candidates broke {limit}",
            run=run,
            limit=limit,
        )
        for (run, limit), number in counts.most_common()
    ]


def studies(comparison: Comparison) -> Rows:
    """Return the rows of the table of studies."""
    described = [_study(run) for run in comparison.studied]
    return [(key, [each[key] for each in described]) for key in (described[0] if described else ())]


def _study(run: Run) -> Mapping[str, str]:
    study = run.study
    began = min((trial.started for trial in run.trials if trial.started), default=None)
    ended = max((trial.finished for trial in run.trials if trial.finished), default=None)
    return {
        say("architecture"): study.network,
        say("objectives"): ", ".join(f"{o.measure} {o.goal}" for o in study.objectives),
        say("constraints"): ", ".join(map(phrases.limit, study.constraints)) or say("none"),
        say("budget"): _budget(study),
        say("fidelity"): _fidelity(study),
        say("sampler"): study.sampler,
        say("searched over"): "; ".join(f"{path} {_domain(domain)}" for path, domain in study.domains.items())
        or say("nothing"),
        say("first trial"): f"{began:%Y-%m-%d %H:%M} UTC" if began else say("none"),
        say("last result"): f"{ended:%Y-%m-%d %H:%M} UTC" if ended else say("none"),
    }


def _budget(study: Study) -> str:
    trials, hours = study.budget.trials, study.budget.hours
    said = many(trials, "{number:,} trial", "{number:,} trials") if trials else ""
    spent = say("{hours:g} hour", hours=hours) if hours == 1 else say("{hours:g} hours", hours=hours) if hours else ""
    return say("{trials} or {hours}", trials=said, hours=spent) if said and spent else said or spent


def _fidelity(study: Study) -> str:
    epochs = many(study.rungs[-1], "{number:,} epoch", "{number:,} epochs")
    if len(study.rungs) == 1:
        return epochs
    pauses = phrases.listed([str(rung) for rung in study.rungs[:-1]])
    return say("{epochs}, pausing at {pauses}", epochs=epochs, pauses=pauses)


def _domain(domain: Domain) -> str:
    if isinstance(domain, Choice):
        return "{" + " | ".join(brief(value) for value in domain.values) + "}"
    ends = say("{low} to {high}", low=brief(domain.low), high=brief(domain.high))
    return ends + (say(", logarithmic") if domain.log else "")


def surroundings(comparison: Comparison) -> Rows:
    """Return the rows of the table of surroundings: a key, then each run's value, or values if its trials differ."""
    seen = [[trial.surroundings for trial in run.trials] for run in comparison.runs]
    keys = dict.fromkeys([*_ORDER, *(key for run in seen for each in run for key in each)])
    rows = [(key.replace("_", " "), [_values(run, key) for run in seen]) for key in keys if key not in _INNER]
    return [(key, values) for key, values in rows if any(values)]


def _values(seen: Sequence[Mapping[str, str]], key: str) -> str:
    counts = Counter(each[key] for each in seen if each.get(key))
    if len(counts) < 2:
        return next(iter(counts), "")
    told = [
        many(number, "{value} ({number:,} trial)", "{value} ({number:,} trials)", value=value)
        for value, number in counts.most_common()
    ]
    return "; ".join(told)
