"""Does a study file say what it means, and is every mistake in one named with file, key and way out?"""

from __future__ import annotations

import os
import random
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from suite import studyfile
from suite.core.domains import Choice, Domain, Range, Value
from suite.core.errors import StoreError, StudyError
from suite.core.measures import MEASURES
from suite.core.recipe import Recipe
from suite.core.rules import RECIPE_CHOICES, SAMPLERS
from suite.core.study import Budget, Constraint, Fidelity, Objective, Study

STUDIES = sorted((Path(__file__).parent.parent / "studies").rglob("*.toml"))

GOOD = """\
name = "resnet"
question = "Depth or width?"
architecture = "resnet/50"
dataset = "cifar10"
seed = 3

[space]
depths = { choice = [[1, 1, 1, 1], [2, 2, 2, 2]] }
groups = 2

[recipe]
learning_rate = { log = [1e-4, 1e-2] }
warmup = { range = [0, 0.5], step = 0.25 }

[[objectives]]
measure = "accuracy"
goal = "max"

[[objectives]]
measure = "latency"
goal = "min"

[[constraints]]
measure = "parameters"
at_most = 5_000_000

[budget]
trials = 40
hours = 2

[fidelity]
epochs = 30
"""

STUDY = Study(
    name="resnet",
    question="Depth or width?",
    architecture="resnet/50",
    dataset="cifar10",
    seed=3,
    space={"depths": Choice(((1, 1, 1, 1), (2, 2, 2, 2))), "groups": 2},
    recipe={"learning_rate": Range(low=1e-4, high=1e-2, log=True), "warmup": Range(low=0.0, high=0.5, step=0.25)},
    objectives=(Objective(measure="accuracy", goal="max"), Objective(measure="latency", goal="min")),
    constraints=(Constraint(measure="parameters", at_most=5_000_000.0),),
    budget=Budget(trials=40, hours=2.0),
    fidelity=Fidelity(epochs=30),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "resnet.toml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def refusal(path: Path, *overrides: str) -> str:
    """Return the message with which the study is refused, its folder cut off."""
    with pytest.raises(StudyError) as caught:
        studyfile.read(path, overrides)
    return str(caught.value).replace(f"{path.parent}/", "")


def refusal_of(path: Path, old: str, new: str) -> str:
    """Return the message after `old` in the good file was replaced by `new`."""
    assert GOOD.count(old) == 1, f"{old!r} stands {GOOD.count(old)} times in the good file"
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    return refusal(path)


def test_a_study_file_says_what_its_dataclasses_say(file: Path) -> None:
    assert studyfile.read(file) == STUDY


def test_numbers_of_a_recipe_have_the_types_of_its_fields(file: Path) -> None:
    study = studyfile.read(file, ["recipe.shift={range=[0, 1]}", "recipe.batch_size={range=[1, 4]}"])
    assert study.domains["recipe.shift"].size == float("inf")
    assert study.domains["recipe.batch_size"].size == 4


def test_a_file_with_windows_line_ends_and_byte_order_mark_is_read(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert studyfile.read(file) == STUDY


def test_domains_need_no_family_to_be_read(file: Path) -> None:
    study = studyfile.read(file, ["space.anything={choice=['a', 'b']}", "space.more=[[1, 2], [3]]"])
    assert study.space["anything"] == Choice(("a", "b"))
    assert study.space["more"] == ((1, 2), (3,))


# ---- mistakes: what is replaced in the good file, by what, and what is said of it

TOP = "at the top level"
DOMAIN = "a domain is one of { choice = [...] }, { range = [low, high] } and { log = [low, high] }"
VALUE = "needs a finite number, a string, true, false, or a list of these; not"
DEPTHS = "depths = { choice = [[1, 1, 1, 1], [2, 2, 2, 2]] }"
RATE = "learning_rate = { log = [1e-4, 1e-2] }"
WARMUP = "warmup = { range = [0, 0.5], step = 0.25 }"
LATENCY = 'measure = "latency"\ngoal = "min"'
LIMIT = 'measure = "parameters"\nat_most = 5_000_000'
OBJECTIVES = GOOD[GOOD.index("[[objectives]]") : GOOD.index("[[constraints]]")]
IMAGE_RULE = "needs a side in pixels, or [height, width, channels]: sides of at least 1 pixel, 1 or 3 channels"
NAME_RULE = (
    "needs letters, digits, '-', '_' and '.', a letter or digit first. A folder is named after it, so it has at "
    "most 100 of them, which take 200 bytes at most"
)

MISTAKES = {
    "unknown key at the top": (
        'dataset = "cifar10"', 'dateset = "cifar10"', f"no key 'dateset' {TOP}. Did you mean 'dataset'?",
    ),
    "unknown table": ("[recipe]", "[recipes]", f"no key 'recipes' {TOP}. Did you mean 'recipe'?"),
    "unknown key of an objective": (
        'measure = "latency"', 'mesure = "latency"',
        "no key 'mesure' in [[objectives]] number 2. Did you mean 'measure'?",
    ),
    "unknown key of a constraint": (
        "at_most", "atmost", "no key 'atmost' in [[constraints]] number 1. Did you mean 'at_most'?",
    ),
    "unknown key of the budget": ("trials", "trails", "no key 'trails' in [budget]. Did you mean 'trials'?"),
    "unknown key of the fidelity": ("epochs", "epoch", "no key 'epoch' in [fidelity]. Did you mean 'epochs'?"),
    "unknown key of the recipe": (
        "learning_rate", "lerning_rate", "no key 'lerning_rate' in [recipe]. Did you mean 'learning_rate'?",
    ),
    "missing key": ('name = "resnet"\n', "", f"missing 'name' {TOP}: write name = \"resnet\""),
    "missing table": (
        "[fidelity]\nepochs = 30", "", f"missing 'fidelity' {TOP}: write [fidelity] with epochs = 30",
    ),
    "missing key of a table": ("epochs = 30", "", "missing 'epochs' in [fidelity]: write epochs = 30"),
    "missing key of an objective": (
        LATENCY, 'goal = "min"', "missing 'measure' in [[objectives]] number 2: write measure = \"latency\"",
    ),
    "missing objectives": (
        OBJECTIVES, "",
        f'missing \'objectives\' {TOP}: write [[objectives]] with measure = "accuracy" and goal = "max"',
    ),
    "number for a string": ('name = "resnet"', "name = 3", "name: needs a string, not 3"),
    "string for an integer": ("trials = 40", 'trials = "ten"', 'trials in [budget]: needs an integer, not "ten"'),
    "fraction for an integer": ("epochs = 30", "epochs = 1.5", "epochs in [fidelity]: needs an integer, not 1.5"),
    "truth for an integer": ("seed = 3", "seed = true", "seed: needs an integer, not true"),
    "string for a number": (
        "5_000_000", '"5M"', 'at_most in [[constraints]] number 1: needs a number, not "5M"',
    ),
    "infinite limit": ("5_000_000", "inf", "at_most in [[constraints]] number 1: needs a number, not Infinity"),
    "date": ("seed = 3", "seed = 2024-05-01", "seed: needs an integer, not the date 2024-05-01"),
    "table for objectives": (
        OBJECTIVES, '[objectives]\nmeasure = "accuracy"\ngoal = "max"\n\n',
        "objectives: needs a list of tables, each headed [[objectives]]; not "
        '{"measure": "accuracy", "goal": "max"}',
    ),
    "unknown measure": (
        'measure = "latency"', 'measure = "latncy"',
        "measure in [[objectives]] number 2: no measure \"latncy\". Did you mean 'latency'?",
    ),
    "constraint on an unknown measure": (
        'measure = "parameters"', 'measure = "weights_of_it"',
        f'measure in [[constraints]] number 1: no measure "weights_of_it". Known: {", ".join(sorted(MEASURES))}.',
    ),
    "max for a cost": (
        LATENCY, 'measure = "latency"\ngoal = "max"',
        '[[objectives]] number 2: goal = "max" for latency, which is a cost: write "min"',
    ),
    "min for accuracy": (
        'goal = "max"', 'goal = "min"',
        '[[objectives]] number 1: goal = "min" for accuracy, which is better when larger: write "max"',
    ),
    "unknown goal": (
        'goal = "max"', 'goal = "maximum"', 'goal in [[objectives]] number 1: needs "min" or "max", not "maximum"',
    ),
    "duplicate objective": (
        LATENCY, 'measure = "accuracy"\ngoal = "max"', "objectives: accuracy is named twice; remove one of the two",
    ),
    "constraint without a limit": (
        "at_most = 5_000_000", "", "[[constraints]] number 1: a constraint needs either at_most or at_least",
    ),
    "constraint with two limits": (
        "at_most = 5_000_000", "at_most = 2\nat_least = 1",
        "[[constraints]] number 1: a constraint needs either at_most or at_least",
    ),
    "accuracy as a fraction": (
        LIMIT, 'measure = "accuracy"\nat_least = 0.9',
        "[[constraints]] number 1: accuracy is in percent: write 90, not 0.9",
    ),
    "limit that nothing keeps": (
        "5_000_000", "0", "at_most in [[constraints]] number 1: needs more than 0; not 0.0",
    ),
    "empty choice": (DEPTHS, "depths = { choice = [] }", "depths in [space]: an empty choice: name at least one value"),
    "value twice": (DEPTHS, "depths = { choice = [1, 1] }", "depths in [space]: a choice names the same value twice"),
    "mixed choice": (
        DEPTHS, 'depths = { choice = [1, "a"] }',
        "depths in [space]: a choice needs one kind (numbers, strings, lists, or true and false), not [1, \"a\"]",
    ),
    "truth among numbers": (
        DEPTHS, "depths = { choice = [0, true] }",
        "depths in [space]: a choice needs one kind (numbers, strings, lists, or true and false), not [0, true]",
    ),
    "choice without a list": (
        DEPTHS, "depths = { choice = 3 }", "depths in [space]: choice needs a list of values, not 3",
    ),
    "choice with a step": (
        DEPTHS, "depths = { choice = [1, 2], step = 1 }",
        "depths in [space]: a step goes with a range, not with a choice",
    ),
    "empty range": (DEPTHS, "depths = { range = [3, 1] }", "depths in [space]: an empty range: 3 is not below 1"),
    "range of one number": (
        DEPTHS, "depths = { range = [3] }", "depths in [space]: range needs a list of 2 numbers, not [3]",
    ),
    "range of strings": (
        DEPTHS, 'depths = { range = ["a", "b"] }',
        'depths in [space]: range needs a list of 2 numbers, not ["a", "b"]',
    ),
    "infinite range": (
        DEPTHS, "depths = { range = [0, inf] }",
        "depths in [space]: range needs a list of 2 numbers, not [0, Infinity]",
    ),
    "step too long": (
        DEPTHS, "depths = { range = [1, 4], step = 5 }",
        "depths in [space]: a step of 5 leads past 4: write a smaller one",
    ),
    "step backwards": (
        DEPTHS, "depths = { range = [1, 4], step = -1 }",
        "depths in [space]: a step must be above 0, and a logarithmic range has none",
    ),
    "logarithm with a step": (
        DEPTHS, "depths = { log = [1, 4], step = 1 }",
        "depths in [space]: a step must be above 0, and a logarithmic range has none",
    ),
    "logarithm from 0": (
        RATE, "learning_rate = { log = [0, 1e-2] }",
        "learning_rate in [recipe]: a logarithmic range must begin above 0, not at 0",
    ),
    "unknown domain": (
        DEPTHS, "depths = { chioce = [1, 2] }", "depths in [space]: no domain 'chioce'. Did you mean 'choice'?",
    ),
    "two domains": (DEPTHS, "depths = { choice = [1, 2], range = [1, 2] }", f"depths in [space]: {DOMAIN}"),
    "empty domain": (DEPTHS, "depths = {}", f"depths in [space]: {DOMAIN}"),
    "infinite value": (DEPTHS, "depths = nan", f"depths in [space]: {VALUE} NaN"),
    "date for a value": (DEPTHS, "depths = [2024-05-01]", f"depths in [space]: {VALUE} the date 2024-05-01"),
    "unknown sampler": (
        "seed = 3", 'sampler = "nsga3"', "sampler: no sampler \"nsga3\". Did you mean 'nsga2'?",
    ),
    "budget without limits": ("trials = 40\nhours = 2", "", "budget: a budget needs trials or hours"),
    "no trials": ("trials = 40", "trials = 0", "trials in [budget]: needs at least 1; not 0"),
    "no hours": ("hours = 2", "hours = 0", "hours in [budget]: needs more than 0; not 0.0"),
    "no epochs": ("epochs = 30", "epochs = 0", "epochs in [fidelity]: needs at least 1; not 0"),
    "pauses before the first epoch": (
        "epochs = 30", "epochs = 30\nmin_epochs = 0", "min_epochs in [fidelity]: needs at least 1; not 0",
    ),
    "pauses after the last epoch": (
        "epochs = 30", "epochs = 30\nmin_epochs = 40", "fidelity: min_epochs must be at most epochs: 40 is above 30",
    ),
    "negative seed": ("seed = 3", "seed = -1", "seed: needs 0 to 4294967295; not -1"),
    "name with a slash": ('name = "resnet"', 'name = "my/net"', f'name: {NAME_RULE}; not "my/net"'),
    "hidden name": ('name = "resnet"', 'name = ".."', f'name: {NAME_RULE}; not ".."'),
    "empty name": ('name = "resnet"', 'name = ""', f'name: {NAME_RULE}; not ""'),
    "blank dataset": (
        '"cifar10"', '" "', 'dataset: needs a tensorflow-datasets name, a folder, "hf:NAME", or "digits"; not " "',
    ),
    "architecture without variant": (
        '"resnet/50"', '"resnet"',
        'architecture: needs FAMILY/VARIANT, such as "resnet/50", or FILE.py/VARIANT; not "resnet"',
    ),
    "file without variant": (
        '"resnet/50"', '"networks/mine.py"',
        'architecture: needs FAMILY/VARIANT, such as "resnet/50", or FILE.py/VARIANT; not "networks/mine.py"',
    ),
    "flat image": (
        "seed = 3", "image = [32, 32]",
        "image: needs a list of 3 integers or an integer or { choice = [...] }, not [32, 32]",
    ),
    "image of no height": (
        "seed = 3", "image = [0, 32, 3]",
        f"image: {IMAGE_RULE}; not [0, 32, 3]",
    ),
    "image of five channels": (
        "seed = 3", "image = [32, 32, 5]",
        f"image: {IMAGE_RULE}; not [32, 32, 5]",
    ),
    "image of no side": ("seed = 3", "image = { choice = [96, 0] }", f"image: {IMAGE_RULE}; not 0"),
    "image of half a pixel": (
        "seed = 3", "image = { range = [96.5, 128] }",
        "image: needs a list of 3 integers or an integer or { choice = [...] }, not 96.5",
    ),
    "no architecture": (
        'architecture = "resnet/50"', "architecture = []",
        'architecture: needs FAMILY/VARIANT, such as "resnet/50", or FILE.py/VARIANT; not []',
    ),
    "a wrong one of several architectures": (
        'architecture = "resnet/50"', 'architecture = ["resnet/50", "vit"]',
        'architecture: needs FAMILY/VARIANT, such as "resnet/50", or FILE.py/VARIANT; not ["resnet/50", "vit"]',
    ),
    "a domain in the table of a family": (
        "groups = 2", "resnet.groups = { chioce = [1, 2] }",
        "groups in [space.resnet]: no domain 'chioce'. Did you mean 'choice'?",
    ),
    "recipe: wrong type": (WARMUP, "flip = 1", "flip in [recipe]: needs true or false, not 1"),
    "recipe: wrong type in a domain": (
        WARMUP, "batch_size = { choice = [16, 32.5] }", "batch_size in [recipe]: needs an integer, not 32.5",
    ),
    "recipe: range for a string": (
        WARMUP, "schedule = { range = [0, 1] }",
        "schedule in [recipe]: needs a string: write { choice = [...] }, not a range of numbers",
    ),
    "recipe: unknown optimizer": (
        WARMUP, 'optimizer = "sdg"', "optimizer in [recipe]: no optimizer \"sdg\". Did you mean 'sgd'?",
    ),
    "recipe: unknown schedule in a choice": (
        WARMUP, 'schedule = { choice = ["cosine", "constnt"] }',
        "schedule in [recipe]: no schedule \"constnt\". Did you mean 'constant'?",
    ),
    "recipe: batch of none": (WARMUP, "batch_size = 0", "batch_size in [recipe]: needs at least 1; not 0"),
    "recipe: warmup to the end": (
        WARMUP, "warmup = { range = [0, 1] }",
        "warmup in [recipe]: needs a share of the steps, 0 or more and below 1; not 1.0",
    ),
    "recipe: no learning": (WARMUP, "momentum = 1.0", "momentum in [recipe]: needs 0 or more and below 1; not 1.0"),
    "recipe: negative decay": (WARMUP, "weight_decay = -1", "weight_decay in [recipe]: needs 0 or more; not -1.0"),
    "recipe: negative clipping": (
        WARMUP, "adaptive_clipping = -0.1",
        "adaptive_clipping in [recipe]: needs 0 or more (0 clips no gradient); not -0.1",
    ),
    "recipe: all smoothed": (
        WARMUP, "label_smoothing = 1", "label_smoothing in [recipe]: needs 0 or more and below 1; not 1.0",
    ),
    "recipe: shifted out": (WARMUP, "shift = 2", "shift in [recipe]: needs a share of the side, 0 to 1; not 2.0"),
    "recipe: rate of zero": (
        RATE, "learning_rate = { choice = [0, 0.1] }", "learning_rate in [recipe]: needs more than 0; not 0.0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_gets_one_line_with_file_key_and_way_out(file: Path, case: str) -> None:
    old, new, message = MISTAKES[case]
    assert refusal_of(file, old, new) == f"resnet.toml: {message}"


def test_all_mistakes_of_a_file_are_told_at_once(file: Path) -> None:
    file.write_text(GOOD.replace("epochs", "epoch").replace("choice", "choose").replace("seed = 3", "seed = -3"))
    lines = refusal(file).splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "seed", "depths in [space]", "no key 'epoch' in [fidelity]. Did you mean 'epochs'?",
    ]  # fmt: skip


def test_a_missing_file_is_told_with_the_nearest_one(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    assert refusal(Path("resnt.toml")) == "resnt.toml: no such file. Did you mean 'resnet.toml'?"


def test_a_folder_is_no_study(tmp_path: Path) -> None:
    assert refusal(tmp_path).endswith(": cannot be read: Is a directory")


def test_what_is_not_toml_is_told_with_line_and_column(file: Path) -> None:
    message = refusal_of(file, "[space]", "[space")
    assert message.startswith("resnet.toml: not TOML: ")
    assert message.endswith("(at line 7, column 7)")


def test_what_is_not_text_is_refused(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    assert refusal(file).startswith("resnet.toml: not TOML: ")


def test_every_required_key_has_an_example_that_reads(file: Path) -> None:
    file.write_text("", encoding="utf-8")
    lines = refusal(file).splitlines()
    assert len(lines) == 6
    assert all(": write " in line for line in lines)


def test_every_choice_and_sampler_that_the_suite_knows_is_accepted(file: Path) -> None:
    assert {studyfile.read(file, [f"sampler={sampler}"]).sampler for sampler in SAMPLERS} == set(SAMPLERS)
    for key, choices in RECIPE_CHOICES.items():
        study = studyfile.read(file, ["weights=imagenet", f"recipe.{key}={{choice={list(choices)}}}"])
        assert study.recipe[key] == Choice(choices)


def test_the_defaults_of_the_recipe_are_themselves_allowed(file: Path) -> None:
    recipe = {field.name: field.default for field in fields(Recipe) if field.default is not None}
    overrides = ["weights=imagenet", *(f"recipe.{key}={str(value).lower()}" for key, value in recipe.items())]
    assert studyfile.read(file, overrides).recipe == recipe


# ---- --set


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("budget.trials=5", lambda study: study.budget.trials == 5),
        ("fidelity.epochs = 1", lambda study: study.fidelity.epochs == 1),
        ("dataset=~/pictures", lambda study: study.dataset == str(Path.home() / "pictures")),
        ('dataset="a=b"', lambda study: study.dataset == "a=b"),
        ("question=", lambda study: study.question == ""),
        ("question=1\nseed=7", lambda study: (study.question, study.seed) == ("1\nseed=7", 3)),
        ("objectives[1].measure=macs", lambda study: study.objectives[1] == Objective(measure="macs", goal="min")),
        ('constraints=[{measure="macs", at_most=9}]', lambda study: study.constraints[0].measure == "macs"),
        ("constraints=[]", lambda study: study.constraints == ()),
        ("space.depths={choice=[[1,1],[2,2]]}", lambda study: study.space["depths"] == Choice(((1, 1), (2, 2)))),
        ("space.depths=[1, 1]", lambda study: study.space["depths"] == (1, 1)),
        ("recipe.flip=true", lambda study: study.recipe["flip"] is True),
        ("image=[8, 8, 1]", lambda study: study.image == (8, 8, 1)),
    ],
)
def test_set_replaces_one_key(file: Path, override: str, value: object) -> None:
    assert value(studyfile.read(file, [override]))  # type: ignore[operator]


def test_the_last_set_wins(file: Path) -> None:
    assert studyfile.read(file, ["seed=1", "seed=2"]).seed == 2


def test_set_makes_a_table_that_the_file_lacks(file: Path) -> None:
    file.write_text(GOOD.replace("[budget]\ntrials = 40\nhours = 2\n", ""))
    assert studyfile.read(file, ["budget.trials=1"]).budget == Budget(trials=1)


def test_set_mends_a_mistake_of_the_file(file: Path) -> None:
    file.write_text(GOOD.replace("epochs = 30", 'epochs = "many"'))
    assert studyfile.read(file, ["fidelity.epochs=2"]).fidelity.epochs == 2


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("budget.trials=0", "--set budget.trials: needs at least 1; not 0"),
        ("budget.trails=5", "--set budget.trails: no key 'trails' in [budget]. Did you mean 'trials'?"),
        ("space.depths={choice=[]}", "--set space.depths: an empty choice: name at least one value"),
        (
            "objectives[1].measure=x",
            f'--set objectives[1].measure: no measure "x". Known: {", ".join(sorted(MEASURES))}.',
        ),
        ("recipe=3", "--set recipe: needs a table, not 3"),
        ("budget=3", "--set budget: needs a table, not 3"),
        ("objectives=3", "--set objectives: needs a list of tables, each headed [[objectives]]; not 3"),
        ("objectives=[3]", "--set objectives: [[objectives]] number 1: needs a table, not 3"),
        (
            "objectives=[]",
            '--set objectives: needs at least one: [[objectives]] with measure = "accuracy" and goal = "max"',
        ),
        (
            "objectives[1].goal=max",
            "resnet.toml with --set objectives[1].goal: "
            '[[objectives]] number 2: goal = "max" for latency, which is a cost: write "min"',
        ),
        (
            "space.depths.choice=[]",
            "resnet.toml with --set space.depths.choice: depths in [space]: an empty choice: name at least one value",
        ),
        ("objectives[2].goal=max", "--set objectives[2].goal: no [2]: the list has 2, counted from 0"),
        ("objectives.goal=max", "--set objectives.goal: the part before 'goal' is not a table"),
        ("budget[0].trials=1", "--set budget[0].trials: the part before [0] is not a list"),
        ("budget.trials", "--set budget.trials: no value. Write it like --set budget.trials=5"),
        ("budget..trials=1", "--set budget..trials: not a key. Keys look like budget.trials or objectives[1].measure"),
        ("=1", "--set : not a key. Keys look like budget.trials or objectives[1].measure"),
    ],
)
def test_a_mistake_behind_set_names_the_set(file: Path, override: str, message: str) -> None:
    assert refusal(file, override) == message


def test_a_mistake_of_the_file_is_not_blamed_on_a_set(file: Path) -> None:
    file.write_text(GOOD.replace("hours = 2", "hours = -2"))
    assert refusal(file, "budget.trials=5") == "resnet.toml: hours in [budget]: needs more than 0; not -2.0"


# ---- back to TOML


def test_a_study_survives_its_text(tmp_path: Path) -> None:
    studyfile.write(STUDY, tmp_path / "study.toml")
    assert studyfile.read(tmp_path / "study.toml") == STUDY
    assert [path.name for path in tmp_path.iterdir()] == ["study.toml"]


def test_a_text_looks_as_one_writes_it_by_hand() -> None:
    assert "depths = {choice = [[1, 1, 1, 1], [2, 2, 2, 2]]}" in studyfile.text(STUDY)
    assert '\n\n[[objectives]]\nmeasure = "latency"\ngoal = "min"\n' in studyfile.text(STUDY)


@pytest.mark.parametrize("seed", range(50))
def test_any_study_survives_its_text(seed: int) -> None:
    study = drawn_study(random.Random(seed))
    document = tomllib.loads(studyfile.text(study))
    assert studyfile.parse(document, "text") == study
    assert studyfile.text(studyfile.parse(document, "text")) == studyfile.text(study)


def drawn_study(draw: random.Random) -> Study:
    """Return a study with odd strings, tiny and huge numbers, and domains of every kind."""
    strings = ["", 'a "quoted" one', "back\\slash", "two\nlines\tand a tab", "Größe \u2028 \U0001f600", "\x01\x1b\x7f"]
    numbers = [1e-300, 5e-324, 1e22, 1.5e-5, 0.1 + 0.2, 123456789.125]
    entries: list[Value | Domain] = [
        True, 7, -(2**62), draw.choice(numbers), draw.choice(strings), (), ((1, 2), (3,)), ("a", "b"),
        Choice((draw.choice(strings), "other")), Choice((0.5, 2)), Choice(((1,), (2, 3))), Choice((True, False)),
        Range(low=draw.randint(-9, 0), high=draw.randint(1, 9)), Range(low=0.0, high=draw.uniform(1, 2), step=0.125),
        Range(low=1e-7, high=1e22, log=True), Range(low=1, high=4096, log=True), Range(low=1, high=9, step=4),
    ]  # fmt: skip
    measures = draw.sample(sorted(name for name in MEASURES if not MEASURES[name].of_words), k=draw.randint(1, 5))
    owner = draw.choice(["", "vit."])
    return Study(
        name=draw.choice(["a", "run-2.1_b", "Größe"]),
        question=draw.choice(strings),
        architecture=draw.choice([("resnet/50-v1.5", "vit/*")] if owner else ["resnet/50-v1.5", ("a/1", "b/2")]),
        dataset=draw.choice(["digits", "C:\\pictures", "/a b/c"]),
        image=draw.choice([None, (8, 8, 1), (1, 999, 3), 96, Choice((96, 128)), Range(low=32, high=64, step=8)]),
        seed=draw.randrange(2**32),
        sampler=draw.choice(SAMPLERS),
        space={
            f"{owner * (number > 4)}field_{number}": entry for number, entry in enumerate(draw.sample(entries, k=8))
        },
        recipe=draw.choice([{}, {"learning_rate": Range(low=1e-6, high=1.0, log=True), "flip": Choice((True, False))}]),
        objectives=tuple(Objective(measure=name, goal=MEASURES[name].goal) for name in measures),
        constraints=draw.choice([(), (Constraint(measure="accuracy", at_least=99.5),)]),
        budget=draw.choice([Budget(trials=1), Budget(hours=0.1), Budget(trials=10**6, hours=1e3)]),
        fidelity=draw.choice([Fidelity(epochs=draw.randint(1, 99)), Fidelity(epochs=30, min_epochs=2)]),
    )


def test_a_write_that_fails_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"resnet\.toml: cannot be written: No space left on device$"):
        studyfile.write(STUDY, file)
    monkeypatch.undo()
    assert file.read_text() == GOOD
    assert len(list(file.parent.iterdir())) == 1


# ---- the studies that come with the suite


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: "/".join(path.parts[-2:]))
def test_a_study_of_ours_reads_and_rehearses_on_digits(path: Path) -> None:
    study = studyfile.read(path, ["dataset=digits", "fidelity.epochs=1", "budget.trials=2"])
    assert study.question.endswith("?")
    assert study.budget.trials == 2
    measures = {objective.measure for objective in study.objectives}
    assert measures >= {"accuracy", "latency"} or measures == {"accuracy", "training_seconds"}
