"""A study over several networks and sizes of pictures: is each trial what it says, from its costs to its export?"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest

from suite import architectures, datasets, pipeline, studyfile
from suite.architectures import candidate, weights
from suite.cli.commands import main
from suite.core.domains import Choice, Value
from suite.core.errors import ArchitectureError, StudyError
from suite.core.study import Study
from suite.core.task import Task, shape
from suite.core.trial import Run, Trial
from suite.counting.complexity import counts
from suite.search import space
from suite.search.folder import reopened
from suite.search.proposals import cheap_first, sampler
from suite.search.tuner import of_run
from suite.studyfile import binding
from suite.tracking import content
from tests.pictures import fill

STUDY = """
name = "which"
question = "Which network, on which size of picture?"
architecture = ["resnet/tiny", "mobilenet/tiny"]
dataset = "{pictures}"
image = {{ choice = [[32, 32, 3], [40, 24, 1]] }}

[space.resnet]
widths = {{ choice = [[4], [8]] }}
depths = [1]

[space.mobilenet]
width = {{ range = [0.25, 0.5], step = 0.25 }}

[recipe]
batch_size = 16
learning_rate = {{ log = [1e-3, 1e-2] }}

[[objectives]]
measure = "accuracy"
goal = "max"

[[objectives]]
measure = "macs"
goal = "min"

[budget]
trials = 4

[fidelity]
epochs = 1

[latency]
seconds = 0.1
settling = 0
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("which")
    for number, name in enumerate(("ant", "bee")):
        fill(root / "pictures" / name, range(100 * number, 100 * number + 12), size=(40, 33))
    path = root / "which.toml"
    path.write_text(STUDY.format(pictures=root / "pictures"))
    return path


@pytest.fixture(scope="module")
def study(file: Path) -> Study:
    return pipeline.study(file)


Called = Callable[..., tuple[str, str]]


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Called:
    """Run the command in this process; return its stdout and stderr."""

    def called(*words: str) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["suite", *words])
        with suppress(SystemExit):
            main()
        return tuple(capfd.readouterr())

    return called


def written(file: Path, old: str, new: str) -> Path:
    text = file.read_text()
    assert text.count(old) == 1
    changed = file.with_name("changed.toml")
    changed.write_text(text.replace(old, new))
    return changed


# ---- what a study file says


def test_a_pattern_means_all_networks_that_match_it_but_those_for_tests(file: Path) -> None:
    named = '["resnet/tiny", "mobilenet/tiny"]'
    study = pipeline.study(written(file, named, '["efficientnet/lite*", "mobilenet/1.0", "efficientnet/lite0"]'),
                           ["space={}"])  # fmt: skip
    assert study.architectures == (*(f"efficientnet/lite{number}" for number in range(3)), "mobilenet/1.0")
    assert study.families == ("efficientnet", "mobilenet")
    assert not [name for name in pipeline.study(file, ['architecture="resnet/*"', "space={}"]).architectures
                if name.endswith("tiny")]  # fmt: skip
    one = pipeline.study(written(file, named, '"mobilenet/1.0*"'), ["space={}"])
    assert (one.architecture, one.network) == ("mobilenet/1.0", "mobilenet/1.0")


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (
            ('"resnet/tiny", ', '"resnets/*", "resnet/tiny", '),
            ArchitectureError,
            "no network matches 'resnets/*'. Did you",
        ),
        (('"mobilenet/tiny"', '"mobilenet/huge"'), ArchitectureError, "no variant 'huge' of mobilenet"),
        (
            ("[space.mobilenet]", "[space.mobilenet_v2]"),
            StudyError,
            "mobilenet_v2 in [space]: no domain 'width'. A table of a",
        ),
        (("width =", "wdith ="), StudyError, "no key 'wdith' in [space.mobilenet]. Did you mean 'width'?"),
        (("depths = [1]", "depths = 1.5"), StudyError, "depths in [space.resnet]: needs a list of integers, not 1.5"),
        (
            ("[space.mobilenet]\nwidth", "[space]\nwidth"),
            StudyError,
            "resnet has no width: what only some families have belongs in a table of each, such as [space.FAMILY]",
        ),
    ],
)
def test_what_does_not_fit_the_networks_is_named(
    file: Path, change: tuple[str, str], error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        pipeline.study(written(file, *change))
    assert said in str(caught.value)


def test_networks_without_weights_are_left_out_if_asked(file: Path) -> None:
    changes = ["space={}", 'architecture=["efficientnet/*", "resnet/tiny"]', "with_weights=true"]
    study = pipeline.study(file, changes)
    assert {"efficientnet/lite0", "efficientnet/lite1", "efficientnet/lite2"} <= set(study.architectures)
    for name in study.architectures:
        assert weights.find(name).preprocessing.resolution
    with pytest.raises(ArchitectureError, match="no network of 1 has weights here"):
        pipeline.study(file, [*changes[::2], 'architecture="resnet/tiny"'])


def test_networks_whose_weights_are_not_here_are_all_named(file: Path) -> None:
    names = 'architecture=["efficientnet/lite0", "resnet/tiny", "resnet/18"]'
    with pytest.raises(ArchitectureError) as caught:
        pipeline.study(file, ["space={}", names, 'weights="imagenet"', "image=64"])
    first, second, hint = str(caught.value).splitlines()
    assert "'resnet/tiny'" in first
    assert "'resnet/18'" in second
    assert hint == "with_weights = true leaves out such networks"


def test_each_network_sees_pictures_as_its_own_weights_want_them(file: Path) -> None:
    changes = ["space={}", "recipe={}", 'architecture="efficientnet/lite*"', 'weights="imagenet"']
    study = replace(pipeline.study(file, [*changes, "image=64"]), image=None)
    for name in study.architectures:
        configuration = {"architecture": name}
        own = weights.find(name).preprocessing
        assert candidate.preprocessing(study, configuration) == own
        assert candidate.shape(study, configuration, (8, 8, 1)) == (own.resolution, own.resolution, 3)
    assert candidate.shape(replace(study, image=64), configuration, (8, 8, 1)) == (64, 64, 3)
    with pytest.raises(StudyError, match=r"weights of other trainings are for colour pictures: \[40, 24, 3\]"):
        pipeline.study(file, changes)


def test_a_study_reads_back_as_it_was_written(study: Study, tmp_path: Path) -> None:
    studyfile.write(study, tmp_path / "again.toml")
    assert studyfile.read(tmp_path / "again.toml") == study
    assert "[space.resnet]" in (tmp_path / "again.toml").read_text()


# ---- the space


def test_each_configuration_has_the_fields_of_its_own_family(study: Study) -> None:
    finite = replace(study, recipe={"batch_size": 16})
    every = list(binding.configurations(finite))
    assert len(every) == finite.size == 2 * 2 + 2 * 2
    assert len({json.dumps(one) for one in every}) == len(every)
    assert {frozenset(one) for one in every} == {
        frozenset({"architecture", "image", "space.resnet.widths"}),
        frozenset({"architecture", "image", "space.mobilenet.width"}),
    }
    for one in every:
        made = candidate.config(finite, one)
        assert type(made) is type(architectures.config(str(one["architecture"])))
        if one["architecture"] == "resnet/tiny":
            assert (made.depths, made.widths) == ((1,), one["space.resnet.widths"])


def test_a_configuration_survives_the_libraries(study: Study) -> None:
    for one in binding.configurations(replace(study, recipe={})):
        parameters = space.encoded(replace(study, recipe={}), one)
        assert space.decoded(replace(study, recipe={}), parameters) == one
        assert space.is_whole(replace(study, recipe={}), parameters)
        for key in parameters:
            less = {name: value for name, value in parameters.items() if name != key}
            assert not space.is_whole(replace(study, recipe={}), less)


@pytest.mark.parametrize("name", ["cheap-first", "tpe", "nsga2", "random"])
def test_every_sampler_proposes_networks_with_their_own_fields_only(study: Study, name: str) -> None:
    """And cheap-first finds the cheap ones: the objective is the cost alone."""
    asked = replace(study, sampler=name)

    def known(configuration: Mapping[str, Value]) -> Mapping[str, float]:
        return {"macs": 1e6 * (1 + len(str(configuration)))}

    ours = cheap_first(asked, known, lambda trial: {0.0: trial.values} if trial.values else {}, lambda trial: False)
    told = optuna.create_study(directions=["maximize", "minimize"])
    families: Counter[str] = Counter()
    for number in range(16):
        told.sampler = ours if name == "cheap-first" else sampler(asked, number)
        trial = told.ask()
        space.suggest(asked, trial)
        configuration = space.decoded(asked, trial.params)
        own = asked.at(configuration).family
        assert set(configuration) == {key for key in asked.domains if asked.has(key, configuration)}
        assert [key for key in configuration if key.startswith("space.")] == [
            key for key in asked.domains if key.startswith(f"space.{own}.")
        ]
        families[own] += 1
        told.tell(trial, [float(number % 3), known(configuration)["macs"]])
    assert len(families) == 2


def test_keras_tuner_shows_what_depends_on_the_architecture(study: Study) -> None:
    shown = space.hyperparameters(study)
    conditions = {one.name: [list(map(json.loads, c.values)) for c in one.conditions] for one in shown.space}
    assert conditions["space.resnet.widths"] == [["resnet/tiny"]]
    assert conditions["space.mobilenet.width"] == [["mobilenet/tiny"]]
    assert not conditions["architecture"]
    assert not conditions["image"]


# ---- a run


@pytest.fixture(scope="module")
def run(file: Path, study: Study) -> Run:
    return pipeline.run(study, file.parent / "runs", show=False)


def test_the_trials_are_of_both_families_and_sizes(run: Run) -> None:
    assert [trial.state for trial in run.trials] == ["complete"] * 4
    assert {trial.configuration["architecture"] for trial in run.trials} == {"resnet/tiny", "mobilenet/tiny"}
    assert {trial.configuration["image"] for trial in run.trials} == {(32, 32, 3), (40, 24, 1)}


def test_each_trial_has_the_costs_of_its_own_network_at_its_own_size(run: Run) -> None:
    for trial in run.trials:
        assert shape(trial.surroundings["image"]) == trial.configuration["image"]
        height, width, channels = shape(trial.surroundings["image"]) or (0, 0, 0)
        task = Task(height=height, width=width, channels=channels, classes=2)
        config = architectures.config(str(trial.configuration["architecture"]))
        own = {key.rpartition(".")[2]: value for key, value in trial.configuration.items() if key.startswith("space.")}
        if trial.configuration["architecture"] == "resnet/tiny":
            own["depths"] = (1,)
        built = architectures.family(str(trial.configuration["architecture"]).split("/")[0]).build(
            replace(config, **own), task
        )
        assert {name: trial.measures[name] for name in ("macs", "parameters")} == {
            name: value for name, value in counts(built).items() if name in ("macs", "parameters")
        }


def test_a_trained_network_is_loaded_at_its_own_size(run: Run) -> None:
    store = reopened(run.folder)
    try:
        shown = of_run(store)
        for number, trial in enumerate(run.trials[:2]):
            trained = pipeline.model(run.folder, trial.number)
            assert trained.input_shape[1:] == shape(trial.surroundings["image"])
            values = shown.oracle.trials[f"{number:04d}"].hyperparameters
            assert shown.hypermodel.build(values).count_params() == trained.count_params()
    finally:
        store.close()


def test_the_report_tells_the_families_apart(run: Run, tmp_path: Path) -> None:
    page = pipeline.report([run], tmp_path / "report")
    frame = pd.read_csv(tmp_path / "report" / "trials.csv")
    assert set(frame["family"]) == {"resnet", "mobilenet"}
    assert list(frame["architecture"]) == [trial.configuration["architecture"] for trial in run.trials]
    text = page.read_text()
    assert "Thin steps are the front of each family alone." in text
    drawn = (tmp_path / "report" / "front-macs.svg").read_text()
    assert "resnet" in drawn
    assert "mobilenet" in drawn


def test_mlflow_is_told_the_network_and_the_size(run: Run) -> None:
    for trial in run.trials:
        params = content.trial_params(run.study, trial)
        assert params["architecture"] == trial.configuration["architecture"]
        assert params["family"] == str(trial.configuration["architecture"]).split("/")[0]
        assert tuple(json.loads(params["image"])) == trial.configuration["image"]
        fields = {"width", "widths"} & params.keys()
        assert fields == ({"widths"} if params["family"] == "resnet" else {"width"})
    columns = content.view(run.study, "x")
    assert all(f"params.`{name}`" in columns for name in ("architecture", "image", "width", "widths"))


def front(run: Run, suite: Called) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(
        suite("front", "which", "--runs", str(run.folder.parent), "--format", "json")[0]
    )
    return rows


def test_the_front_names_the_network_and_its_size(run: Run, suite: Called) -> None:
    rows = front(run, suite)
    by_name = {f"which/{trial.number}": trial for trial in run.trials}
    assert rows
    for row in rows:
        chosen = by_name[row["trial"]].configuration
        assert row["network"] == f"{chosen['architecture']} at {'x'.join(map(str, chosen['image']))}"


@pytest.mark.slow
def test_the_export_names_the_network(run: Run, tmp_path: Path, suite: Called) -> None:
    number = front(run, suite)[0]["trial"].partition("/")[2]
    suite("export", "which", number, str(tmp_path / "export"), "--runs", str(run.folder.parent))
    (card,) = (tmp_path / "export").rglob("card.json")
    told = json.loads(card.read_text())
    assert told["architecture"] == run.trials[int(number)].configuration["architecture"]
    assert told["agreement"]["greatest_difference"] < 1e-4


def test_the_study_in_its_folder_is_bound_already_and_bound_again_the_same(run: Run, study: Study) -> None:
    assert pipeline.study(run.folder / "study.toml") == run.study == study


@pytest.mark.slow
def test_a_run_goes_on_where_it_stopped(run: Run, study: Study) -> None:
    more = replace(study, budget=replace(study.budget, trials=5))
    done = pipeline.run(more, run.folder.parent, show=False)
    assert [trial.number for trial in done.trials[: len(run.trials)]] == [trial.number for trial in run.trials]
    assert sum(trial.state == "complete" for trial in done.trials) == 5


def test_costs_of_a_network_at_another_size_are_others(study: Study) -> None:
    one: dict[str, Value] = {"architecture": "resnet/tiny", "image": (32, 32, 3), "recipe.learning_rate": 0.01}
    assert space.network(one) != space.network({**one, "image": (40, 24, 1)})
    assert space.network(one) != space.network({**one, "architecture": "mobilenet/tiny"})
    assert space.network(one) == space.network({**one, "recipe.learning_rate": 0.1})


def test_a_side_is_a_square_with_the_channels_of_the_pictures(file: Path) -> None:
    grey, colour = datasets.load("digits", 36), datasets.load(str(file.parent / "pictures"), 36)
    assert (grey.task.image, colour.task.image) == ((36, 36, 1), (36, 36, 3))
    assert (grey.seen(40).task.image, colour.seen((8, 9, 1)).task.image) == ((40, 40, 1), (8, 9, 1))


def test_sizes_in_a_range_are_searched_too(file: Path) -> None:
    study = pipeline.study(file, ["image={ range = [32, 64], step = 16 }"])
    assert {one["image"] for one in binding.configurations(replace(study, recipe={}))} == {32, 48, 64}
    assert isinstance(pipeline.study(file).image, Choice)


def test_suite_check_shows_what_is_searched(file: Path, suite: Called) -> None:
    shown, said = suite("check", str(file), "--format", "json")
    rows = {row["key"]: row for row in json.loads(shown)}
    assert list(rows)[:2] == ["architecture", "image"]
    assert rows["architecture"]["values"] == "2"
    assert rows["space.mobilenet.width"]["domain"] == "0.25 to 0.5, step 0.25"
    assert "infinitely many configurations from 2 networks of resnet, mobilenet" in said


def test_a_trial_of_a_study_of_one_network_has_no_network_column(study: Study) -> None:
    assert study.at({}).network == "2 networks of resnet, mobilenet"
    assert study.at({"architecture": "resnet/tiny"}).network == "resnet/tiny"
    assert isinstance(Trial(number=0, state="running", configuration={}), Trial)
