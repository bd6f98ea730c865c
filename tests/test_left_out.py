"""Is what a network leaves out at random part of its recipe where its family does so, and refused elsewhere?"""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from suite import architectures, pipeline, studyfile
from suite.architectures import candidate
from suite.architectures.layers import StochasticDepth, deployed
from suite.core.domains import Choice, Range
from suite.core.errors import StudyError
from suite.core.study import Study
from suite.core.task import Task
from suite.counting.complexity import weightless
from suite.search.proposals import Tried
from suite.search.space import network
from suite.training import features
from tests import studies

TASK = Task(height=32, width=32, channels=3, classes=10)
KINDS = {"dropout": keras.layers.Dropout, "stochastic_depth": StochasticDepth}


def bound(tmp_path: Path, **changes: object) -> Study:
    plain = {"image": (32, 32, 3), "space": {}, "constraints": ()}
    studyfile.write(studies.study(**{**plain, **changes}), file := tmp_path / "study.toml")
    return pipeline.study(file)


def shares(model: keras.Model, kind: type) -> set[float]:
    """Return the shares that the layers of exactly this kind leave out."""
    return {round(layer.rate, 6) for layer in deployed(model).layers if type(layer) is kind}


@pytest.mark.parametrize("key", KINDS)
@pytest.mark.parametrize("family", architectures.FAMILIES)
def test_a_recipe_says_what_a_network_leaves_out_or_that_it_leaves_nothing_out(
    family: str, key: str, tmp_path: Path
) -> None:
    name = f"{family}/tiny"
    if not hasattr(architectures.config(name), key):
        assert not shares(weightless(lambda: architectures.build(name, TASK)), KINDS[key])
        with pytest.raises(
            StudyError, match=rf"study\.toml: {key} in \[recipe\]: {family} networks have no {key}: remove it"
        ):
            bound(tmp_path, architecture=name, recipe={key: 0.37})
        return
    study = bound(tmp_path, architecture=name, recipe={key: Choice((0.2, 0.4))})

    def built(share: float) -> keras.Model:
        return weightless(lambda: candidate.network(study, {f"recipe.{key}": share}, TASK))

    few, many = shares(built(0.2), KINDS[key]), shares(built(0.4), KINDS[key])
    assert max(many) == pytest.approx(2 * max(few), rel=1e-5)
    assert key == "stochastic_depth" or many == {0.4}


def test_where_only_some_families_leave_units_out_each_says_so_by_itself(tmp_path: Path) -> None:
    both = {"architecture": ("resnet/tiny", "vit/tiny")}
    with pytest.raises(StudyError, match=r"resnet networks have no dropout.*\[space\.FAMILY\]"):
        bound(tmp_path, **both, recipe={"dropout": 0.2})
    study = bound(tmp_path, **both, space={"vit.dropout": 0.2}, recipe={})
    assert candidate.config(study, {"architecture": "vit/tiny"}).dropout == 0.2  # type: ignore[attr-defined]


def test_a_share_is_said_once(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"dropout in \[recipe\]: is in \[space\] too: keep one of them"):
        bound(tmp_path, architecture="vit/tiny", space={"dropout": 0.1}, recipe={"dropout": Range(low=0.0, high=0.5)})
    with pytest.raises(StudyError, match=r"dropout: needs a share of the units, 0 or more and below 1; not 1\.0"):
        studies.study(recipe={"dropout": 1.0})


def test_networks_that_leave_out_more_or_less_cost_the_same_and_have_the_same_features(tmp_path: Path) -> None:
    study = bound(tmp_path, architecture="vit/tiny", recipe={"dropout": Choice((0.0, 0.4)), "stochastic_depth": 0.2})
    one, other = ({"recipe.dropout": share} for share in (0.0, 0.4))
    assert network(one) == network(other)
    plain, dropping = (candidate.network(study, configuration, TASK) for configuration in (one, other))
    dropping.set_weights(plain.get_weights())
    assert features.digest(features.body(plain)) == features.digest(features.body(dropping))
    assert Tried(study, []).fresh(one)
