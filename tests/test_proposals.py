"""What a search proposes: never the same twice, nothing known to be refused, and the same again from the same seed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from suite.core.domains import Choice, Range
from suite.core.rules import SAMPLERS
from suite.core.study import Budget, Objective
from suite.core.trial import Trial
from suite.sampler import cheap_first
from suite.search import folder, tuner
from suite.search.proposals import OPTUNAS, sampler
from suite.search.proposer import DROPS
from suite.studyfile import binding
from tests import studies


def proposed(home: Path, sampler: str, count: int) -> list[Trial]:
    """Return `count` proposals, each finished with accuracy growing with size."""
    trials = []
    with folder.opened(home, studies.study(sampler=sampler)) as store:
        for _ in range(count):
            trial = store.ask()
            assert trial is not None
            store.finish(studies.complete(trial, accuracy=studies.weights(trial) / 200))
            trials.append(trial)
    return trials


def test_every_sampler_that_a_study_may_name_is_one_of_its_own() -> None:
    assert {*OPTUNAS, "cheap-first"} == set(SAMPLERS)
    named = [sampler(studies.study(sampler=name), asked=0) for name in OPTUNAS]
    assert len({type(one) for one in named}) == len(OPTUNAS)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_configuration_of_a_finite_space_is_tried_once_and_then_the_search_ends(
    tmp_path: Path, sampler: str
) -> None:
    study = studies.finite(sampler=sampler)
    seen = []
    with folder.opened(tmp_path / "run", study) as store:
        while (trial := store.ask()) is not None:
            seen.append(json.dumps(trial.configuration))
            store.finish(studies.complete(trial))
    assert sorted(seen) == sorted(json.dumps(configuration) for configuration in binding.configurations(study))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_same_seed_proposes_the_same(tmp_path: Path, sampler: str) -> None:
    one, two = proposed(tmp_path / "one", sampler, 8), proposed(tmp_path / "two", sampler, 8)
    assert [trial.configuration for trial in one] == [trial.configuration for trial in two]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_an_interruption_changes_no_later_proposal(tmp_path: Path, sampler: str) -> None:
    whole = proposed(tmp_path / "whole", sampler, 8)
    parts = proposed(tmp_path / "parts", sampler, 3) + proposed(tmp_path / "parts", sampler, 5)
    assert [trial.configuration for trial in parts] == [trial.configuration for trial in whole]


def test_a_refused_network_is_not_proposed_under_another_recipe(tmp_path: Path) -> None:
    networks = []
    with folder.opened(tmp_path / "run", studies.study()) as store:
        while (trial := store.ask()) is not None:
            networks.append(json.dumps([trial.configuration["space.depths"], trial.configuration["space.widths"]]))
            store.finish(studies.refused(trial))
    assert len(networks) == len(set(networks)) == 12


def test_refusals_do_not_end_a_search_that_has_something_left(tmp_path: Path) -> None:
    feasible = {"space.depths": (2, 2, 2), "space.widths": (8, 8, 8)}
    study = studies.finite()
    with folder.opened(tmp_path / "run", study) as store:
        found = False
        while (trial := store.ask()) is not None:
            found = found or trial.configuration == feasible
            store.finish(studies.complete(trial) if trial.configuration == feasible else studies.refused(trial))
    assert found


def timed(trial: Trial, times: float = 1.0) -> Trial:
    """Return a begun trial whose latency was measured, `times` as long as that of others of its size."""
    return replace(trial, measures={"latency": times * studies.weights(trial) / 1000})


def test_a_candidate_that_turns_out_far_slower_than_it_promised_is_not_worth_its_training(tmp_path: Path) -> None:
    latency = Objective(measure="latency", goal="min")
    wanted = studies.study(constraints=(), objectives=(studies.study().objectives[0], latency))
    with folder.opened(tmp_path / "run", wanted) as store:
        for _ in range(cheap_first.START):
            trial = store.ask()
            assert not store.disappointment(timed(trial, 100))  # nobody knows yet what is much
            measures = timed(trial).measures
            store.finish(studies.complete(trial, accuracy=50 + studies.weights(trial) / 200, **measures))
        for drops in range(DROPS):
            trial = store.ask()
            assert drops or not store.disappointment(timed(trial))  # later ones are predicted from what was dropped too
            assert not store.disappointment(replace(timed(trial, 100), continues=0))
            reason = store.disappointment(timed(trial, 100))
            assert "more than expected" in reason, drops
            store.finish(timed(trial, 100).dropped(reason))
        assert not store.disappointment(timed(store.ask(), 100))  # else a slow device would train nothing


def test_a_dropped_network_is_asked_for_again_when_more_is_known_and_its_costs_are_no_surprise_then(
    tmp_path: Path,
) -> None:
    """Of twelve networks nine are trained and two dropped: after one more training these two are what is left."""
    latency = Objective(measure="latency", goal="min")
    wanted = studies.finite(constraints=(), objectives=(studies.study().objectives[0], latency))
    with folder.opened(tmp_path / "run", wanted) as store:
        for _ in range(9):
            store.finish(learnt(store.ask()))
        dropped = [store.ask() for _ in range(2)]
        for trial in dropped:
            store.finish(timed(trial).dropped("measured 100 ms, more than expected: 3% of what it promised is left"))
        last = store.ask()
        assert last.configuration not in [trial.configuration for trial in dropped]  # nothing more is known yet
        store.finish(learnt(last))
        again = [store.ask() for _ in range(2)]
        assert sorted(map(named, again)) == sorted(map(named, dropped))
        for trial in again:
            assert not store.disappointment(timed(trial))
            store.finish(learnt(trial))
        assert store.ask() is None


def test_a_dropped_network_is_no_obstacle_to_another_recipe_for_it(tmp_path: Path) -> None:
    """There is one network: under whichever recipe it is dropped, the next one is asked for."""
    only = {"depths": (1, 1, 1), "widths": Choice(((4, 4, 8),))}
    with folder.opened(tmp_path / "run", studies.study(space=only)) as store:
        store.finish(store.ask().dropped("too slow for what it promises"))
        assert store.ask() is not None


def test_a_trial_dropped_by_an_earlier_version_is_read_as_dropped(tmp_path: Path) -> None:
    """It was recorded as refused, the state of a broken limit."""
    with folder.opened(tmp_path / "run", studies.study()) as store:
        store.finish(store.ask().refused("measured 8.1 ms, more than expected: 3% of what it promised is left"))
        store.finish(store.ask().refused("parameters 9,000 breaks parameters <= 5,000"))
    assert [trial.state for trial in folder.read(tmp_path / "run").trials] == ["dropped", "refused"]


def test_a_dropped_candidate_costs_no_trial_of_the_budget(tmp_path: Path) -> None:
    dropped: list[int] = []

    def evaluate(trial: Trial) -> Trial:
        if trial.number in (1, 3):
            dropped.append(trial.number)
            return trial.dropped("too slow for what it promises")
        return studies.complete(trial)

    with folder.opened(tmp_path / "run", studies.study(budget=Budget(trials=4), constraints=())) as store:
        found = tuner.search(store, evaluate)
        states = [trial.state for trial in store.trials()]
    assert dropped == [1, 3]
    assert states == ["complete", "dropped", "complete", "dropped", "complete", "complete"]
    assert {trial.status for trial in found.oracle.trials.values()} == {"COMPLETED"}


def learnt(trial: Trial) -> Trial:
    return studies.complete(trial, accuracy=50 + studies.weights(trial) / 200, **timed(trial).measures)


def named(trial: Trial) -> str:
    return json.dumps(trial.configuration, sort_keys=True)


def test_tpe_finds_better_candidates_than_chance(tmp_path: Path) -> None:
    """On a smooth function of one number, where TPE has something to learn."""

    def nearest(sampler: str) -> float:
        study = studies.study(sampler=sampler, space={}, recipe={"learning_rate": Range(low=0.001, high=1.0)})
        with folder.opened(tmp_path / sampler, study) as store:
            distances = []
            for _ in range(30):
                trial = store.ask()
                distance = abs(trial.configuration["recipe.learning_rate"] - 0.4321)
                store.finish(_ended(trial, 100 - 100 * distance))
                distances.append(distance)
        return sum(distances[15:])

    assert nearest("tpe") < nearest("random")


def _ended(trial: Trial, accuracy: float) -> Trial:
    return studies.complete(
        Trial(number=trial.number, state="running", configuration={"space.depths": (1,), "space.widths": (1,)}),
        accuracy,
    )


def test_choices_of_lists_and_of_mixed_numbers_come_back_as_they_were(tmp_path: Path) -> None:
    space = {"depths": Choice(((1, 2), (3,))), "widths": Choice((1, 2.5)), "stem": Choice((True, False))}
    with folder.opened(tmp_path / "run", studies.study(space=space)) as store:
        configuration = store.ask().configuration
    assert configuration["space.depths"] in ((1, 2), (3,))
    assert type(configuration["space.stem"]) is bool
