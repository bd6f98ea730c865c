"""Can a user bring an architecture of their own, in one file, and do with it all that is done with ours?"""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from suite import architectures, pipeline, studyfile
from suite.cli import arguments
from suite.core.errors import ArchitectureError
from suite.core.task import Task
from suite.search import folder
from tests import commands

PAGE = (Path(__file__).parents[1] / "docs" / "architectures.md").read_text(encoding="utf-8")
(MINE,) = re.findall(r'```python\n("""ConvMixer.*?)```', PAGE, re.S)

STUDY = """
name = "mine"
question = "How wide must it be?"
architecture = "../networks/mine.py/small"
dataset = "digits"
image = [16, 16, 1]

[space]
width = { choice = [4, 8] }

[[objectives]]
measure = "accuracy"
goal = "max"

[[objectives]]
measure = "parameters"
goal = "min"

[budget]
trials = 1

[fidelity]
epochs = 1

[latency]
seconds = 0.3
settling = 0
"""

# A layer that Keras does not know, in the network and in the saved file.
LAYER = """

@keras.saving.register_keras_serializable("mine")
class Doubled(layers.Layer):
    def call(self, inputs):
        return 2 * inputs

    def work(self, inputs, outputs):
        return 0, 0
"""


def with_a_layer(source: str) -> str:
    """Return the module with the layer in front of its classifier."""
    head = "layers.GlobalAveragePooling2D()(x)"
    assert source.count(head) == 1
    return source.replace(head, f"Doubled()({head})") + LAYER


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an architecture of one's own, and a study of it."""
    root = tmp_path_factory.mktemp("own")
    for name in ("networks", "studies", "elsewhere"):
        (root / name).mkdir()
    (root / "networks" / "mine.py").write_text(with_a_layer(MINE))
    (root / "studies" / "mine.toml").write_text(STUDY)
    return root


@pytest.fixture(scope="module")
def world(home: Path) -> Path:
    """The same, after the study was run from elsewhere."""
    done = suite(home / "elsewhere", "run", "../studies/mine.toml", "--runs", "../runs")
    assert done.returncode == 0, done.stderr
    return home


def suite(cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return commands.suite(*words, cwd=cwd)


@pytest.mark.slow
def test_the_architecture_in_the_readme_trains_in_a_study_and_the_run_knows_where_it_is(world: Path) -> None:
    run = folder.read(world / "runs" / "mine")
    assert [trial.state for trial in run.trials] == ["complete"]
    assert run.study.architecture == f"{world}/networks/mine.py/small"
    assert len(run.trials[0].surroundings["architecture_digest"]) == 64


@pytest.mark.slow
def test_a_trained_network_with_layers_of_ones_own_is_exported(world: Path) -> None:
    """In a process that has not seen the module."""
    done = suite(world, "export", "mine", "best", "exports")
    assert done.returncode == 0, done.stderr
    assert "the same class comes first for 100.0%" in done.stderr


@pytest.mark.slow
def test_the_report_names_it_without_its_path(world: Path) -> None:
    run = folder.read(world / "runs" / "mine")
    page = pipeline.report([run], world / "report").read_text()
    assert "mine/small" in page
    assert str(world / "networks") not in page
    assert (world / "report" / "trials.csv").read_text().splitlines()[1].split(",")[:2] == ["mine", "mine"]


@pytest.mark.slow
def test_the_same_study_from_another_folder_is_the_same_run(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world / "studies")
    again = pipeline.run(pipeline.study(Path("mine.toml")), Path("../runs"))
    assert len(again.trials) == 1


def test_ones_own_networks_are_measured_by_path_and_wildcard(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    names = arguments.architectures(["networks/mine.py/*", "resnet/tiny"])
    assert names == ["networks/mine.py/small", "networks/mine.py/large", "resnet/tiny"]
    small, large, _ = pipeline.count(names, (16, 16, 1), 10)
    # Of 2x2 patches to 32 channels; four times a 5x5 depthwise and a 1x1 convolution; the classifier. Each with biases
    # and all but the last with a normalisation.
    assert small.measures["parameters"] == (4 + 3) * 32 + 4 * ((25 + 3) * 32 + (32 + 3) * 32) + 33 * 10
    assert large.measures["parameters"] > small.measures["parameters"]
    with pytest.raises(ArchitectureError, match=r"no variant 'smal' of networks/mine.py. Did you mean 'small'\?"):
        arguments.architectures(["networks/mine.py/smal"])


def test_a_network_whose_config_names_no_resolution_is_measured_at_224(home: Path) -> None:
    assert architectures.resolution(f"{home}/networks/mine.py/small") == 224
    assert architectures.resolution("alexnet/2012") == 227


def test_a_recipe_of_its_own_is_what_the_study_leaves_out(home: Path) -> None:
    assert architectures.recipe(f"{home}/networks/mine.py").learning_rate == 1e-2


# ---- where it is looked for


def test_a_study_file_looks_from_its_own_folder_and_an_override_from_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "mine.toml").write_text(STUDY)
    file = Path("a/mine.toml")
    assert studyfile.read(file).architecture == f"{tmp_path}/networks/mine.py/small"
    assert studyfile.read(file, ["architecture=b c/x.py/y"]).architecture == f"{tmp_path}/b c/x.py/y"
    assert studyfile.read(file, ["architecture=~/x.py/y"]).architecture == str(Path.home() / "x.py" / "y")
    assert studyfile.read(file, ["architecture=resnet/50"]).architecture == "resnet/50"


def test_a_study_says_its_family_as_people_do() -> None:
    study = studyfile.parse({**tomllib.loads(STUDY), "architecture": "/a/networks/mine.py/small"}, "mine.toml")
    assert (study.family, study.network, study.source) == ("mine", "mine/small", "/a/networks/mine.py")


def test_a_file_of_an_earlier_version_finds_what_has_moved(tmp_path: Path) -> None:
    then = "from suite.errors import ArchitectureError\nfrom suite.study import Recipe\nfrom suite.task import Task\n"
    file = tmp_path / "then.py"
    file.write_text(then + HEAD + "RECIPE = Recipe(batch_size=8)\n")
    module = architectures.family(str(file))
    assert (module.Task, module.ArchitectureError, module.RECIPE.batch_size) == (Task, ArchitectureError, 8)


# ---- mistakes

HEAD = """\
from dataclasses import dataclass

@dataclass(frozen=True)
class Config:
    width: int = 8

VARIANTS = {"small": Config()}

def build(config, task):
    return None
"""

MISTAKES = {
    "a name missing": (
        HEAD.replace("VARIANTS", "VARIANT"), "no VARIANTS: an architecture has Config, VARIANTS, build",
    ),
    "two names missing": ("Config = 3", "no VARIANTS and no build: an architecture has"),
    "a mutable Config": (HEAD.replace("(frozen=True)", ""), "Config is not a frozen dataclass: write @dataclass("),
    "a Config that is no dataclass": (
        HEAD.replace("@dataclass(frozen=True)\n", ""), "Config is not a frozen dataclass: write @dataclass(frozen",
    ),
    "no variant": (HEAD.replace('{"small": Config()}', "{}"), "VARIANTS names no network: write VARIANTS = {"),
    "a variant of another kind": (
        HEAD.replace("Config()}", "dict(width=8)}"), "VARIANTS['small'] is not a Config, but of class dict",
    ),
    "a build that is none": (HEAD + "build = 3\n", "build is not a function: write def build("),
    "a recipe of another kind": (HEAD + "RECIPE = {}\n", "RECIPE is not a Recipe: write RECIPE = Recipe(...)"),
    "an error while it runs": (HEAD + "\nwidth / 2\n", ", line 12: NameError: name 'width' is not defined"),
    "an error in what it calls": (HEAD + "\nConfig(depth=2)\n", ", line 12: TypeError: "),
    "no Python": (HEAD + "def f(:\n", ", line 11: SyntaxError: invalid syntax"),
    "a package that is not there": ("\nimport tensorflow_in_gold\n", ", line 2: ModuleNotFoundError: No module named"),
}  # fmt: skip


@pytest.mark.parametrize("case", MISTAKES)
def test_what_is_wrong_in_the_file_is_said_with_the_file_and_the_line(tmp_path: Path, case: str) -> None:
    source, message = MISTAKES[case]
    file = tmp_path / "mine.py"
    file.write_text(source)
    for _ in range(2):  # a module that failed is not half there
        with pytest.raises(ArchitectureError) as error:
            architectures.config(f"{file}/small")
        assert str(error.value).startswith(f"{file}: {message}" if message[0] != "," else f"{file}{message}")


def test_a_file_that_is_not_there_is_said_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(HEAD)
    with pytest.raises(ArchitectureError) as error:
        architectures.config(f"{tmp_path}/mime.py/small")
    assert str(error.value) == (
        f"{tmp_path}/mime.py: cannot be read: No such file or directory. Did you mean '{tmp_path}/mine.py'?"
    )


def test_a_build_that_fails_is_said_with_the_line(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(HEAD.replace("return None", "return config.depth"))
    with pytest.raises(ArchitectureError, match=r"mine.py, line 10: AttributeError: 'Config' object has no .* 'depth'"):
        architectures.build(f"{tmp_path}/mine.py/small", Task(height=8, width=8, channels=1, classes=2))


@pytest.mark.slow
def test_a_build_that_fails_in_a_study_is_a_failed_trial(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(HEAD.replace("return None", "return config.depth"))
    (tmp_path / "mine.toml").write_text(STUDY.replace("../networks/", ""))
    done = suite(tmp_path, "run", "mine.toml")
    assert "AttributeError: 'Config' object has no attribute 'depth'" in done.stderr
    assert "0 complete, 0 refused, 1 failed" in done.stderr
    assert "Traceback" not in done.stderr


LAST = 'layers.Dense(task.classes, dtype="float32")'
UNKEPT = {
    "nothing": (MINE.replace("return keras.Model", "keras.Model"), "NoneType: end it with `return keras.Model("),
    "other pictures": (
        MINE.replace("keras.Input(task.image)", "keras.Input((8, 8, 3))"),
        "a network that takes (None, 8, 8, 3), not (None, 8, 8, 1): begin with keras.Input(task.image)",
    ),
    "other classes": (
        MINE.replace(LAST, "layers.Dense(3)"), "a network that answers (None, 3), not (None, 2): end with a Dense(",
    ),
    "a map": (
        MINE.replace("layers.GlobalAveragePooling2D()(x)", "x"),
        "a network that answers (None, 4, 4, 2), not (None, 2)",
    ),
    "float16": (MINE.replace("float32", "float16"), "a network that answers in float16: write dtype="),
    "probabilities": (
        MINE.replace(LAST, 'layers.Dense(task.classes, "softmax", name="last")'),
        "probabilities: leave out the activation of 'last'",
    ),
    "probabilities by a layer": (
        MINE.replace(LAST, 'layers.Softmax(name="last")(' + LAST).replace("Pooling2D()(x)", "Pooling2D()(x))"),
        "probabilities: leave out the activation of 'last'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UNKEPT)
def test_a_build_that_returns_no_network_from_pictures_to_logits_is_refused(tmp_path: Path, case: str) -> None:
    source, message = UNKEPT[case]
    assert source != MINE
    (tmp_path / "mine.py").write_text(source)
    with pytest.raises(ArchitectureError) as error:
        architectures.build(f"{tmp_path}/mine.py/small", Task(height=8, width=8, channels=1, classes=2))
    assert str(error.value).startswith(f"{tmp_path}/mine.py: TypeError: build returns {message}")


def test_a_mistake_reaches_the_command_line_as_one_message(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("Config = 3")
    (tmp_path / "mine.toml").write_text(STUDY.replace("../networks/", ""))
    done = suite(tmp_path, "check", "mine.toml")
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith(f"suite: {tmp_path}/mine.py: no VARIANTS and no build")
    assert "Traceback" not in done.stderr


def test_a_file_is_run_once_and_two_of_one_name_are_two(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.py").write_text(HEAD + f'NAME = "{name}"\n')
    first, second = (architectures.family(f"{tmp_path}/{name}/mine.py") for name in "ab")
    assert (first.NAME, second.NAME) == ("a", "b")  # type: ignore[attr-defined]
    assert architectures.family(f"{tmp_path}/b/../a/mine.py") is first
