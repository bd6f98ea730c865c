"""The end of a search: the front is timed if nobody timed it, and what decides it is timed again.

A study whose objectives and limits need no timing has candidates without a latency. Those on the front are timed, each
once, so that tables show it. Where latency matters, what decides is timed again until it is known or the time is over.
A candidate decides when no other surely dominates it and its interval is too wide to say more, or when its interval
lies on both sides of a limit. Latency does not depend on the weights, so the network is built anew. The candidates
take turns, so that the timings of each are spread over the whole time.

Workers that begin at once may time one network each. All its trials get the latency that is known best: two values that
differ only by noise would make it look like two networks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

from suite.core import dominance, limits
from suite.core.errors import first_line
from suite.core.measures import interval
from suite.core.study import Study
from suite.core.trial import Trial
from suite.search.evaluation import Evaluation
from suite.search.proposals import key
from suite.search.space import network
from suite.search.store import Store

Told = Callable[[str], object]  # takes a line that says what goes on


def settle(store: Store, evaluation: Evaluation, told: Told = lambda line: None) -> None:
    """Time what stands on the front and was not timed, then the deciding candidates again; each is durable at once.

    The second takes `latency.settling` seconds at most. A network that cannot be timed is told of.
    """
    _time_front(store, evaluation, told)
    _agree(store, evaluation)
    began, wanted = monotonic(), store.study.latency
    told_of: set[str] = set()
    while monotonic() - began < wanted.settling:
        deciding = _networks(undecided(store.study, evaluation.timed_here(store.trials())))
        if not deciding:
            return
        for name, trials in deciding.items():
            if name not in told_of:
                told(f"{store.study.name}/{trials[0].number} is timed again: its latency is too uncertain to decide.")
                told_of.add(name)
            measures, origin = evaluation.timed_again(trials[0])
            for trial in trials:
                store.retime(trial.number, measures, origin)
            if monotonic() - began >= wanted.settling:
                return


def _time_front(store: Store, evaluation: Evaluation, told: Told) -> None:
    here = evaluation.timed_here(store.trials())
    alike = _networks(here)
    for name, (trial, *_) in _networks(untimed(store.study, here)).items():
        title = f"{store.study.name}/{trial.number}"
        told(f"{title} is on the front: its latency is measured.")
        try:
            measures, origin = evaluation.timed(trial)
        except Exception as error:  # of its layers, or of a library that writes it
            told(f"{title} could not be timed: {first_line(error) or type(error).__name__}")
            continue
        for one in alike[name]:  # else two latencies would make two networks of it
            store.retime(one.number, measures, origin)


def _agree(store: Store, evaluation: Evaluation) -> None:
    """Give all trials of a network the one latency among theirs whose interval is the narrowest."""
    timed = [trial for trial in evaluation.timed_here(store.trials()) if "latency" in trial.measures]
    for alike in _networks(timed).values():
        best = min(alike, key=_width)
        measures = {name: value for name, value in best.measures.items() if name.startswith("latency")}
        origin = {name: value for name, value in best.surroundings.items() if name.startswith("latency_")}
        for one in alike:
            if not measures.items() <= one.measures.items():
                store.retime(one.number, measures, origin)


def _width(trial: Trial) -> float:
    low, high = interval(trial.measures, "latency")
    return (high - low) / trial.measures["latency"]


def untimed(study: Study, trials: Sequence[Trial]) -> list[Trial]:
    """Return those of the `trials` of one place that are on the front and have no latency."""
    fitting = [trial for trial in trials if trial.fits(study.constraints)]
    return [trial for trial in dominance.front(fitting, study.objectives) if "latency" not in trial.measures]


def undecided(study: Study, trials: Sequence[Trial]) -> list[Trial]:
    """Return those of the `trials` of one place whose latency is too uncertain to settle the front or a limit."""
    trained = [trial for trial in trials if trial.state == "complete" and "latency" in trial.measures]
    fitting = [trial for trial in trained if trial.fits(study.constraints)]
    is_choice = len(_networks(fitting)) > 1  # trainings of one network do not differ in latency
    on_front = {trial.number for trial in dominance.undecided(fitting, study.objectives)} if is_choice else ()
    return [trial for trial in trained if trial.number in on_front or _hangs_on_a_limit(study, trial)]


def _hangs_on_a_limit(study: Study, trial: Trial) -> bool:
    """Whether the interval of its latency is wide and lies on both sides of a limit."""
    return any(limits.hangs(trial.measures, limit) for limit in study.constraints if limit.measure == "latency")


def _networks(trials: Sequence[Trial]) -> dict[str, list[Trial]]:
    """Return trials grouped by network: each network is timed once for all its trials."""
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        found.setdefault(key(network(trial.configuration)), []).append(trial)
    return found
