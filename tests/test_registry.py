"""Is a registered export loaded by plain MLflow, where our package is not, and does it answer as the export does?"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from suite import datasets, tracking
from suite.core.errors import StoreError
from suite.export import exporting
from suite.export import folder as exports
from suite.tracking import registry
from tests.test_tracking import Story

PLAIN = """
import sys
sys.path.append(sys.argv[1])
try:
    import suite
    sys.exit("our package is there")
except ImportError:
    pass
import json, mlflow, numpy
mlflow.set_tracking_uri(sys.argv[2])
model = mlflow.pyfunc.load_model(sys.argv[3])
answer = model.predict(numpy.load(sys.argv[4]))
print(json.dumps({name: value.tolist() for name, value in answer.items()}))
"""  # run with -I -S: without the folder where it is, and without the link to our checkout


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> registry.Export:
    digits = datasets.load("digits")
    pixels = keras.Input(digits.task.image)
    model = keras.Model(pixels, keras.layers.Dense(10)(keras.layers.Flatten()(pixels)))
    folder = exporting.export(model, digits, tmp_path_factory.mktemp("a b'%20#") / "net", {}).folder
    picture = np.arange(90, dtype=np.uint8).reshape(10, 9, 1)
    return registry.Export(
        folder=folder, digest=exports.digest(folder), picture=picture, classes=10, tags={"device": "this one"}
    )


def test_plain_mlflow_loads_the_champion_and_it_answers_as_the_export(
    exported: registry.Export, tmp_path: Path
) -> None:
    story = Story(tmp_path / "tiny")
    trial = story.add()
    uri = tracking.uri(tmp_path)
    made = registry.register(story.run, trial.number, exported, uri, "shapes of mine", ["champion"])
    assert (made.uris, made.version, made.is_new) == (["models:/shapes of mine@champion"], "1", True)
    again = registry.register(story.run, trial.number, exported, uri, "shapes of mine", ["challenger"])
    assert (again.version, again.is_new) == ("1", False)

    pictures = np.random.default_rng(0).integers(0, 256, (3, 20, 30, 1), np.uint8)
    np.save(tmp_path / "pictures.npy", pictures)
    packages = sysconfig.get_path("purelib")
    words = (packages, uri, made.uris[0], str(tmp_path / "pictures.npy"))
    done = subprocess.run([sys.executable, "-I", "-S", "-c", PLAIN, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    wanted = tf.saved_model.load(str(exported.folder)).signatures["images"](images=tf.constant(pictures))
    np.testing.assert_allclose(answer["probabilities"], wanted["probabilities"], atol=1e-6)
    assert answer["label"] == [label.decode() for label in wanted["label"].numpy()]

    from mlflow import MlflowClient
    from mlflow.models import Model

    version = MlflowClient(uri, uri).get_model_version_by_alias("shapes of mine", "champion")
    assert version.tags == {"device": "this one", "digest": exported.digest}
    place = Path(version.source.removeprefix("file://"))
    kept = Model.load(str(place))
    (takes,) = kept.signature.inputs.inputs
    assert (takes.type, takes.shape) == (np.dtype("uint8"), (-1, -1, -1, 1))
    assert kept.saved_input_example_info
    needed = (place / "requirements.txt").read_text().split()
    assert all("==" in line for line in needed)
    assert {line.partition("==")[0] for line in needed} == {"mlflow", "tensorflow", "numpy"}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "alias"), [("", "champion"), ("a/b", "champion"), ("fine", "v1")])
def test_a_name_that_mlflow_does_not_take_is_said_in_a_line(
    name: str, alias: str, exported: registry.Export, tmp_path: Path
) -> None:
    story = Story(tmp_path / "tiny")
    trial = story.add()
    with pytest.raises(StoreError, match=r"^MLflow at sqlite:.*: ") as error:
        registry.register(story.run, trial.number, exported, tracking.uri(tmp_path), name, [alias])
    assert len(str(error.value).splitlines()) == 1


def test_a_server_that_is_away_is_said_in_a_line(exported: registry.Export, tmp_path: Path) -> None:
    story = Story(tmp_path / "tiny")
    trial = story.add()
    with pytest.raises(StoreError, match=r"Nothing was registered\."):
        registry.register(story.run, trial.number, exported, "http://127.0.0.1:9", "fine", [])
