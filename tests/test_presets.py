"""Is a preset what a recipe starts from, in a file, in a search, and in what a trial records?"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from suite import architectures, pipeline, studyfile
from suite.architectures import candidate
from suite.cli.commands import cli
from suite.core.errors import StudyError
from suite.core.presets import PRESETS
from suite.core.recipe import Recipe, started
from suite.core.study import Choice
from suite.core.trial import Trial
from suite.tracking import content
from tests import studies


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_recipe_that_leaves_the_precision_to_the_study(name: str) -> None:
    """The precision belongs to the network that is timed, and not to how it is trained."""
    recipe = started(name, Recipe())
    assert recipe.precision == Recipe().precision
    assert recipe.preset == name
    assert PRESETS[name].source
    assert {key: getattr(recipe, key) for key in PRESETS[name].fields} == PRESETS[name].fields


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
    found = CliRunner().invoke(cli, ["list", "presets", "resnet*", "--format", "json"])
    (row,) = json.loads(found.output)
    assert row["name"] == "resnet-strikes-back"
    assert 'optimizer = "lamb"' in row["recipe"]
    assert "2110.00476" in row["source"]
