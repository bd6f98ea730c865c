"""Is a preset what a recipe starts from, in a file, in a search, and in what a trial records?"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from suite import architectures, datasets, pipeline, studyfile
from suite.architectures import candidate
from suite.cli.commands import cli
from suite.core.domains import Choice
from suite.core.errors import StudyError
from suite.core.presets import PRESETS, TUNED
from suite.core.recipe import TUNING, Recipe, started
from suite.core.study import Fidelity
from suite.core.task import Shape, Task
from suite.core.trial import Trial
from suite.datasets import Dataset
from suite.tracking import content
from suite.training import loop
from tests import studies
from tests.pictures import fill


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_recipe_that_leaves_the_precision_to_the_study(name: str) -> None:
    """The precision belongs to the network that is timed, and not to how it is trained."""
    recipe = started(name, Recipe())
    assert recipe.precision == Recipe().precision
    assert recipe.preset == name
    assert PRESETS[name].source
    assert {key: getattr(recipe, key) for key in PRESETS[name].fields} == PRESETS[name].fields


NETWORKS = {  # a small one of the family that a preset is of
    "alexnet-2012": "alexnet", "vgg-2014": "vgg", "resnet-2015": "resnet", "densenet": "densenet",
    "inception-v3": "inception_v3", "coatnet": "coatnet",
    "mobilenet-v2": "mobilenet_v2", "mobilenet-v3": "mobilenet_v3", "efficientnet": "efficientnet",
    "efficientnet-v2": "efficientnet_v2", "nfnet": "nfnet", "deit": "vit", "vit-baseline": "vit",
    "convnext": "convnext", "maxvit": "maxvit", "resnet-strikes-back": "resnet", "small-data": "resnet",
    "transfer": "mobilenet_v3",
}  # fmt: skip


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Twenty pictures of noise, which are one batch."""
    root = tmp_path_factory.mktemp("few")
    fill(root / "one", range(12), size=(32, 32))
    fill(root / "other", range(100, 112), size=(32, 32))
    return datasets.load(str(root))


@pytest.mark.slow  # each traces a network: a quarter of a minute
@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_trains_a_network_of_its_family(name: str, few: Dataset, tmp_path: Path) -> None:
    architecture = f"{NETWORKS[name]}/tiny"
    plain = studies.study(
        architecture=architecture, space={}, recipe={"preset": name}, constraints=(), fidelity=Fidelity(epochs=2)
    )
    studyfile.write(plain, file := tmp_path / "study.toml")
    study = pipeline.study(file)
    recipe = candidate.recipe(study, {})
    assert {**asdict(recipe), **PRESETS[name].fields} == asdict(recipe)

    def build(image: Shape, share: float = 1.0) -> keras.Model:
        task = Task(height=image[0], width=image[1], channels=image[2], classes=few.task.classes)
        return candidate.network(study, {}, task, dropout_share=share)

    model = build(few.task.image)
    before = model.get_weights()
    found = loop.train(model, recipe, few, epochs=2, seed=0, build=build)
    assert len(found.curve) == 2
    assert any(not np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True))


def test_what_a_network_never_leaves_out_is_no_part_of_its_recipe(tmp_path: Path) -> None:
    """DeiT's stochastic depth for a ViT; for a ResNet, which has none, the rest of the recipe."""
    for architecture, share in (("vit/tiny", 0.1), ("resnet/tiny", None)):
        plain = studies.study(architecture=architecture, space={}, recipe={"preset": "deit"}, constraints=())
        studyfile.write(plain, file := tmp_path / "study.toml")
        study = pipeline.study(file)
        assert study.recipe.get("stochastic_depth") == share
        assert study.recipe["erase"] == 0.25
        assert getattr(candidate.config(study, {}), "stochastic_depth", None) == share


def test_weights_come_with_the_recipe_that_the_preset_for_them_begins_with() -> None:
    assert PRESETS["transfer"].fields.items() >= TUNED.items()
    assert {key: getattr(TUNING, key) for key in TUNED} == TUNED


def test_fields_beside_a_preset_override_it_and_the_familys_own_do_not(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    studyfile.write(studies.study(recipe={"preset": "alexnet-2012", "batch_size": 16}), file)
    bound = pipeline.study(file)
    found = candidate.recipe(bound, {})
    assert found == replace(Recipe(**PRESETS["alexnet-2012"].fields), preset="alexnet-2012", batch_size=16)
    assert bound.recipe["schedule"] == "plateau"  # the copy in the folder of the run says all of it


def test_presets_are_searched_over_and_a_trial_records_its_whole_recipe(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    choice = Choice(("family", "small-data"))
    studyfile.write(studies.study(recipe={"preset": choice, "warmup": 0.2}), file)
    bound = pipeline.study(file)
    own = architectures.recipe(bound.source)
    for name, start in (("family", own), ("small-data", started("small-data", own))):
        recipe = candidate.recipe(bound, {"recipe.preset": name})
        assert recipe == replace(start, preset=name, warmup=0.2)
        trial = Trial(
            number=0, state="complete", configuration={"recipe.preset": name},
            surroundings={"recipe": json.dumps(asdict(recipe))},
        )  # fmt: skip
        params = content.trial_params(bound, trial)
        assert float(params["learning_rate"]) == start.learning_rate
        assert params["preset"] == name


def test_an_unknown_preset_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    studyfile.write(studies.study(), file)
    with pytest.raises(StudyError, match=r"--set recipe\.preset: no preset \"small-date\".*'small-data'"):
        pipeline.study(file, ['recipe.preset="small-date"'])


def test_presets_are_listed_with_their_fields_and_sources() -> None:
    found = CliRunner().invoke(cli, ["list", "presets", "resnet-strikes*", "--format", "json"])
    (row,) = json.loads(found.output)
    assert row["name"] == "resnet-strikes-back"
    assert 'optimizer = "lamb"' in row["recipe"]
    assert "2110.00476" in row["source"]
