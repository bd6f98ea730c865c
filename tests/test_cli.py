"""What the command line answers: to people, to programs, and to mistakes."""

from __future__ import annotations

import csv
import errno
import functools
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.cells import cell_len

from suite import architectures, pipeline
from suite.cli import arguments, listing
from suite.cli.commands import main
from suite.cli.printing import LEAST, Terminal, rendered
from suite.core.errors import ArchitectureError, NothingFitsError, SuiteError
from suite.core.study import Constraint
from suite.core.trial import Run, Trial
from suite.report import choice
from suite.report.comparison import compare
from suite.search import folder, supervisor
from tests import commands, studies
from tests.pictures import fill

STUDY = str(Path(__file__).parents[1] / "studies" / "quickstart" / "resnet.toml")


def suite(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "suite", *words], cwd=cwd, capture_output=True, text=True)


Here = Callable[..., tuple[object, str, str]]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Here:
    """Run the command in this process, with a data folder of its own: its exit code, stdout and stderr."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "prepared"))

    def called(*words: str) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["suite", *words])
        code: object = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        return code, *capfd.readouterr()

    return called


def candidates(*measures: tuple[float, float, float]) -> Run:
    """Return a run of trials with these accuracies, latencies and parameters."""
    trials = tuple(
        Trial(
            number=number,
            state="complete",
            configuration={"space.depths": (number,)},
            measures={"accuracy": accuracy, "latency": latency, "parameters": parameters},
        )
        for number, (accuracy, latency, parameters) in enumerate(measures)
    )
    return Run(folder=Path("runs/small"), study=studies.study(constraints=()), trials=trials)


RUN = candidates((90, 1.0, 1e3), (95, 2.0, 5e3), (95, 2.0, 4e3), (99, 9.0, 9e4), (80, 3.0, 2e3))


def test_a_format_that_is_not_known_is_no_table() -> None:
    with pytest.raises(SuiteError, match=r"no format 'jsn'\. Did you mean 'json'"):
        rendered([{"a": 1}], "jsn")


def test_lists_are_the_same_for_people_and_programs(tmp_path: Path) -> None:
    as_json = json.loads(suite("list", "--format", "json").stdout)
    as_csv = list(csv.DictReader(io.StringIO(suite("list", "--format", "csv").stdout)))
    assert [row["name"] for row in as_json] == [row["name"] for row in as_csv]
    resnet = next(row for row in as_json if row["name"] == "resnet/50")
    assert (resnet["year"], resnet["top1"], resnet["parameters"]) == (2015, 77.15, 25_557_032)
    assert list(resnet) == [
        *("name", "title", "family", "year", "top1", "top5"),
        *("parameters", "total_parameters", "whole_parameters", "macs", "resolution", "source"),
    ]
    assert "25,557,032" in suite("list", "architectures", "resnet/50").stdout


def test_the_whole_network_of_pictures_and_texts_stands_beside_its_picture_side() -> None:
    row = listing.rows("architectures", Path("runs"), "coca/coca")[0]
    assert (row["parameters"], row["whole_parameters"]) == (1_022_167_528, 2_118_149_504)
    assert "2,118,149,504" in suite("list", "architectures", "coca/*").stdout
    assert "whole_parameters" not in suite("list", "architectures", "vit/*").stdout


def test_a_wildcard_chooses_what_is_listed() -> None:
    names = [
        row["name"] for row in json.loads(suite("list", "architectures", "mobilenet/*", "--format", "json").stdout)
    ]
    assert names
    assert all(name.startswith("mobilenet/") for name in names)


def names(*words: str) -> list[str]:
    return [row["name"] for row in json.loads(suite("list", *words, "--format", "json").stdout)]


def test_a_wildcard_that_no_name_matches_is_looked_for_in_titles() -> None:
    assert names("architectures", "ResNeXt-50*") == names("architectures", "resnext-50*") == ["resnet/50-32x4d"]
    assert "resnet/50-32x4d" not in names("architectures", "resnet/50")


def test_titles_that_differ_by_capitals_only_are_told_apart() -> None:
    assert names("architectures", "ViT-G/14") == ["vit/G-14"]
    assert names("architectures", "ViT-g/14") == ["vit/g-14"]
    assert names("architectures", "VIT-G/14") == ["vit/g-14", "vit/G-14"]


@pytest.mark.parametrize(
    ("what", "pattern", "said"),
    [
        ("architectures", "resnet/5", "no architecture 'resnet/5'. Did you mean 'resnet/50'?"),
        ("architectures", "gpt*", "no architecture 'gpt*'. `suite list architectures` lists them all."),
        ("architectures", "AlexNot*", "no architecture 'AlexNot*'. Did you mean 'AlexNet'?"),
        ("measures", "acuracy", "no measure 'acuracy'. Did you mean 'accuracy'?"),
        ("studies", "resnet", "no study 'resnet'. `suite list studies` lists them all."),
        ("runs", "resnet", "no run 'resnet'. `suite list runs` lists them all."),
    ],
)
@pytest.mark.parametrize("format", ["table", "json"])
def test_a_pattern_that_matches_nothing_is_named_with_what_is_near(
    tmp_path: Path, what: str, pattern: str, said: str, format: str, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert here("list", what, pattern, "--format", format) == (2, "", f"suite: {said}\n")


def test_every_network_is_listed_with_a_title_of_its_own_and_those_for_tests_say_so() -> None:
    rows = listing.rows("architectures", Path("runs"))
    titles = [row["title"] for row in rows]
    assert len(rows) == len(architectures.recorded())
    assert len(set(titles)) == len(titles)
    assert all(row["source"] or row["title"].endswith("(no paper)") for row in rows)
    assert [row["title"] for row in rows if row["name"] == "resnet/tiny"] == ["resnet tiny (no paper)"]


def test_families_are_listed_by_year() -> None:
    listed = [row["family"] for row in listing.rows("architectures", Path("runs"))]
    assert list(dict.fromkeys(listed)) == [family for family in architectures.FAMILIES if family in listed]


def test_a_list_of_networks_loads_no_tensorflow() -> None:
    code = (
        "import sys; from suite.cli.commands import cli; "
        "cli(['list', 'architectures', '--format', 'csv'], standalone_mode=False); "
        "print(*({'tensorflow', 'keras', 'numpy', 'optuna', 'mlflow', 'pandas'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("name,title,")
    assert done.stderr.split() == []


def test_runs_are_listed_where_there_are_none(tmp_path: Path) -> None:
    done = suite("list", "runs", "--format", "csv", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout == "name,complete,paused,refused,dropped,failed,architecture,dataset,problem\n"


def test_a_damaged_run_is_listed_with_what_is_wrong(tmp_path: Path) -> None:
    """One file of each is damaged or gone, and one trial."""
    root = tmp_path / "runs"
    for name in ("whole", "garbage", "gone", "nameless", "mangled", "holed"):
        with folder.opened(root / name, studies.study(name=name)) as store:
            store.finish(studies.complete(store.ask()))
    (root / "garbage" / "trials.db").write_bytes(b"no database" * 500)
    (root / "gone" / "trials.db").unlink()
    (root / "nameless" / "study.toml").unlink()
    (root / "mangled" / "study.toml").write_text("name = ")
    with sqlite3.connect(root / "holed" / "trials.db") as database:
        database.execute("UPDATE trial_user_attributes SET value_json = '\"{}\"' WHERE key = 'record'")
    database.close()
    (root / "report").mkdir()  # no run, and none that was
    rows = {row["name"]: row for row in listing.rows("runs", root)}
    assert rows.pop("whole")["complete"] == 1
    problems = {name: row["problem"] for name, row in rows.items()}
    assert "file is not a database" in problems["garbage"]
    assert "lost it" in problems["gone"]
    assert "study.toml is lost" in problems["nameless"]
    assert "study.toml" in problems["mangled"]
    assert "trial 0 is damaged in the database" in problems["holed"]
    assert len(problems) == 5
    done = suite("list", "runs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "trial 0 is damaged" in done.stdout


@pytest.mark.parametrize("deaths", [0, 2, 3])
def test_a_worker_that_dies_while_nothing_runs_is_named_and_another_goes_on(
    deaths: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The worker is a program that ends itself by a segmentation fault, so many times."""
    dying(tmp_path, deaths)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    code = supervisor.supervise([], lambda reason: False, lambda: 0)
    said = capfd.readouterr().err
    assert said.count("no trial was running when a worker ended: its process was ended by SIGSEGV") == deaths
    assert code == (1 if deaths == supervisor.DEATHS else 0)
    assert ("no other is started" in said) == (deaths == supervisor.DEATHS)


def test_a_worker_that_crashes_when_it_is_asked_to_end_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library may abort while its process ends. Another worker would go on with what nobody wants any more."""
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "__init__.py").touch()
    (tmp_path / "suite" / "__main__.py").write_text(
        "import os, signal, time\n"
        "with open('begun', 'a') as begun: begun.write('x')\n"
        "signal.signal(signal.SIGTERM, lambda *_: os.abort())\n"
        "os.kill(os.getppid(), signal.SIGTERM)\n"
        "time.sleep(60)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert supervisor.supervise([], lambda reason: False, lambda: 0) == 130
    assert (tmp_path / "begun").read_text() == "x"


def test_workers_that_die_while_trials_end_are_replaced_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying(tmp_path, 7)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    ended = iter(range(100))
    assert supervisor.supervise([], lambda reason: False, lambda: next(ended)) == 0


def dying(root: Path, deaths: int) -> None:
    """Write a program `suite` that is ended by a segmentation fault so many times, and then does what is asked."""
    (root / "suite").mkdir()
    (root / "suite" / "__init__.py").touch()
    (root / "suite" / "__main__.py").write_text(f"""
import os, signal
with open("times", "a") as file:
    file.write("x")
if os.path.getsize("times") <= {deaths}:
    os.kill(os.getpid(), signal.SIGSEGV)
""")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "missing.toml"], 2, "missing.toml: no such file"),
        (["front", "nothing"], 1, "runs/nothing: no run here"),
        (["ui"], 1, "no runs here yet"),
        (["frnt"], 2, "No such command 'frnt'"),
        (["measure", "resnet/51"], 2, "no architecture 'resnet/51'. Did you mean 'resnet/50'?"),
        (["measure", "resnet/50", "--image", "32"], 2, "write height, width and channels like 32x32x3"),
        (["predict", "nowhere", "x.png"], 1, "nowhere: no exported model here"),
        (["front", "x" * 5000], 1, "no run here"),
        (
            ["list", "runs", "--runs", "x" * 5000],
            1,
            "cannot be read (File name too long). Name another folder with --runs",
        ),
        (["measure", "resnet/tiny", "--image", "²x1x1"], 2, "write height, width and channels like 32x32x3"),
        (["measure", "resnet/tiny", "--batch", "1,²"], 2, "write whole numbers like 1,8,32"),
        (["measure", "resnet/tiny", "--classes", "0"], 2, "0 is not in the range x>=1"),
        (["measure", "resnet/tiny", "--seconds", "nan"], 2, "nan: give a number of seconds above 0"),
        (["measure", "resnet/tiny", "--longest", "-1"], 2, "-1.0: give a number of seconds above 0"),
        (["check", STUDY, "--set", "dataset=" + "x" * 5000], 2, "no dataset 'xxx"),
        (["check", "--set", "budget.trials=5"], 2, "Missing argument"),
        (["check", STUDY, "--set", "dataset=./nowhere"], 2, "nowhere"),
        (["check", STUDY, "--set", "dataset=cifar11"], 2, "no dataset 'cifar11'. Did you mean"),
        (["check", STUDY, "--set", "space.depth=2"], 2, "no key 'depth' in [space]. Did you mean 'depths'?"),
    ],
)
def test_a_mistake_is_one_message_and_an_exit_code(
    tmp_path: Path,
    words: list[str],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    here: Here,
) -> None:
    monkeypatch.chdir(tmp_path)
    *ended, told = here(*words)
    assert ended == [code, ""]
    assert said in told
    assert "Traceback" not in told


def test_a_check_looks_at_the_pictures_and_says_how_small_a_difference_they_show(
    tmp_path: Path, here: Here, caplog: pytest.LogCaptureFixture
) -> None:
    fill(tmp_path / "set" / "cat", range(40))
    fill(tmp_path / "set" / "dog", range(100, 160))
    shutil.copytree(tmp_path / "set", tmp_path / "other")
    for place, name in (("other", "1.json"), ("set", "Thumbs.db")):
        (tmp_path / place / "cat" / name).touch()
        caplog.clear()
        asked = ["check", STUDY, "--set", f"dataset={tmp_path / place}"]
        code, _, told = here(*asked)
        assert code == 0
        assert [record.getMessage() for record in caplog.records] == [
            f"{tmp_path / place}: no pictures, so left out: 1 {'.json' if place == 'other' else 'Thumbs.db'}"
        ]
    assert "100 pictures of 2 classes (cat 40, dog 60): 80 for training, 10 for validation, 10 for the test." in told
    assert "a difference of less than 31.0 points may be chance" in told, "1.96 times 50 % over the root of 10"
    (tmp_path / "set" / "dog" / "cut.png").write_bytes((tmp_path / "set" / "dog" / "101.png").read_bytes()[:99])
    code, _, told = here(*asked)
    assert code == 2
    assert "1 damaged or cut short" in told


def test_broken_files_are_listed_all_or_left_out_and_counted(
    tmp_path: Path, here: Here, caplog: pytest.LogCaptureFixture
) -> None:
    for number, name in enumerate(("cat", "dog")):
        fill(tmp_path / "set" / name, range(100 * number, 100 * number + 30))
        for place in range(number + 2):
            (tmp_path / "set" / name / f"bad \n{place}.jpg").write_bytes(b"<html>" * place)
    asked = ["check", STUDY, "--set", f"dataset={tmp_path}/set"]
    code, _, told = here(*asked, "--problems", str(tmp_path / "bad.csv"))
    assert code == 2
    assert "2 empty" in told
    assert "3 no picture inside" in told
    listed = list(csv.DictReader(io.StringIO((tmp_path / "bad.csv").read_text(), newline="")))
    assert {Path(row["file"]) for row in listed} == set((tmp_path / "set").glob("*/bad*"))
    assert {row["problem"] for row in listed} == {"empty", "no picture inside"}
    code, _, told = here(*asked, "--skip-broken")
    assert code == 0
    assert "60 pictures of 2 classes (cat 30, dog 30)" in told
    assert "broken files are left out: 2 of cat, 3 of dog" in caplog.text


def test_a_check_downloads_nothing(tmp_path: Path, here: Here) -> None:
    code, _, told = here("check", STUDY, "--set", "dataset=cifar10")
    assert code == 0
    assert "cifar10 is downloaded when the study runs." in told
    assert not list(tmp_path.glob("prepared/*/*"))


def test_a_study_says_whole_how_its_family_trains() -> None:
    file = Path(STUDY).parents[1] / "vit.toml"
    recipe = pipeline.study(file, ["recipe.batch_size=16"]).recipe
    assert recipe["batch_size"] == 16, "what is asked for stands"
    assert recipe["weight_decay"] == 0.05, "what is left open is the family's"
    assert "optimizer" not in recipe, "and what the family leaves open is everybody's"


@pytest.mark.slow
def test_a_study_that_is_done_is_not_taken_for_another_because_its_family_completed_its_recipe(tmp_path: Path) -> None:
    file, once = Path(STUDY).parents[1] / "nfnet.toml", "budget.trials=1"
    with folder.opened(tmp_path / "runs" / "nfnet", pipeline.study(file, [once])) as store:
        trial = store.ask()
        assert trial
        store.finish(studies.complete(trial, latency=1.0))
    again = suite("run", str(file), "--set", once, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "nfnet is done: 1 complete" in again.stderr


def test_architectures_are_measured_without_training(tmp_path: Path) -> None:
    words = ["measure", "resnet/18", "mobilenet/1.0", "--no-latency", "--format", "json"]
    rows = {row["name"]: row for row in json.loads(commands.suite(*words).stdout)}
    assert rows["resnet/18"]["parameters"] == 11_689_512  # He et al. with option B, as torchvision counts it
    assert rows["mobilenet/1.0"]["parameters"] == 4_231_976
    assert rows["mobilenet/1.0"]["macs"] == pytest.approx(569e6, rel=2e-3)  # Howard et al. 2017, Table 4


def test_the_best_within_limits_is_the_most_accurate_and_of_equals_the_cheapest() -> None:
    comparison = compare([RUN])
    assert choice.best(comparison).trial.number == 3
    assert choice.best(comparison, [Constraint(measure="latency", at_most=5)]).trial.number == 2
    assert choice.best(comparison, [Constraint(measure="parameters", at_most=1500)]).trial.number == 0


def test_a_study_without_a_complete_trial_has_no_front_and_says_why(tmp_path: Path) -> None:
    """Reasons that differ by a number are counted together; the exit code is 1, by every verb that chooses."""
    with folder.opened(tmp_path / "runs" / "small", studies.study(constraints=())) as store:
        for number in range(5):
            trial = store.ask()
            assert trial
            said = f"{number + 30},000 breaks parameters <= 20,000"
            store.finish(trial.refused(said) if number > 1 else trial.failed("the loss is not a number"))
    for words in (["front", "small"], ["front", "small", "--max-latency", "5"], ["export", "small", "best", "out"]):
        done = suite(*words, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        first, *reasons = done.stderr.splitlines()
        assert first == "suite: small: no trial was completed, so there is no network and no front."
        assert reasons == [
            "  3 refused: 32,000 breaks parameters <= 20,000 (small/2)",
            "  2 failed: the loss is not a number (small/0)",
        ]


def test_the_nearest_misses_are_named_nearest_first() -> None:
    with pytest.raises(NothingFitsError) as missed:
        choice.best(compare([RUN]), [Constraint(measure="latency", at_most=0.5)])
    assert missed.value.exit_code == 3
    _, first, *_ = str(missed.value).splitlines()
    assert first == "  small/0: accuracy 90.00 %, latency 1 ms"


def test_the_knee_is_before_accuracy_becomes_dear() -> None:
    assert choice.knee(compare([RUN])).trial.number in (1, 2)


def test_a_trial_is_named_by_number_or_with_its_run() -> None:
    comparison = compare([RUN])
    assert arguments.entry(comparison, "3", ()).trial.number == 3
    assert arguments.entry(comparison, "small/3", ()).trial.number == 3
    with pytest.raises(SuiteError, match="no trial '12' in small"):
        arguments.entry(comparison, "12", ())
    refused = replace(RUN, trials=(RUN.trials[0].refused("too large"),))
    with pytest.raises(SuiteError, match="small/0 is refused and has no trained model"):
        arguments.entry(compare([refused]), "0", ())


FILES = ("model.pb", "model.pth", "model.pt", "model.safetensors", "notes.txt")


@pytest.mark.parametrize(("name", "is_there"), [
    *((name, is_there) for name in FILES for is_there in (True, False)), ("folder", True),
    *((f"model.{ending}", False) for ending in ("keras", "h5", "tflite", "onnx", "ONNX")),
    *((name, False) for name in ("./a", "~/a", "/a/b", "a/b/c", "nothing", "resnet", "x" * 500, "a\0b")),
])  # fmt: skip
def test_what_cannot_be_measured_is_one_short_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_there: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    if is_there and name in FILES:
        Path(name).write_bytes(b"x")
    with pytest.raises(ArchitectureError) as error:
        arguments.architectures([name])
    said = str(error.value)
    assert name in said
    assert "\n" not in said
    assert len(said) < 200 + len(name)
    assert ("no such file" in said) == (not is_there and name.startswith(("model.", ".", "~", "/")))


def test_patterns_that_match_nothing_are_named() -> None:
    assert arguments.architectures(["resnet/1*"]) != []
    with pytest.raises(ArchitectureError, match="no architecture 'gpt/2'"):
        arguments.architectures(["resnet/50", "gpt/2"])


def test_tables_are_aligned_and_programs_get_whole_numbers() -> None:
    rows = [{"name": "a", "count": 1234567, "share": 0.123456789}, {"name": "long", "count": None, "share": 2.0}]
    table, *_ = rendered(rows, "table").splitlines()
    assert table == "name      count   share"
    assert "1,234,567  0.1235" in rendered(rows, "table")
    assert rendered(rows, "csv").splitlines()[1] == "a,1234567,0.123456789"
    assert json.loads(rendered(rows, "json"))[1] == {"name": "long", "count": None, "share": 2.0}
    assert rendered([], "csv", ["name"]) == "name"


ROWS = [
    {"name": "resnet/50", "family": "resnet", "title": "A residual network of 50 layers", "parameters": 25_557_032},
    {"name": "resnet/101", "family": "resnet", "title": "A deeper one", "parameters": 44_549_160},
    {"name": "vgg/16", "family": "vgg", "title": "A plain one", "parameters": 138_357_544},
]


def test_on_a_narrow_terminal_words_wrap_then_columns_are_left_out_and_said_so() -> None:
    lines = rendered(ROWS, "table", terminal=Terminal(width=58, spare=("family",))).splitlines()
    assert lines[2:4] == [
        "resnet/50   resnet  A residual network of 50    25,557,032",
        "                    layers",
    ]
    assert max(map(len, lines)) <= 58
    narrow = rendered(ROWS, "table", terminal=Terminal(width=42, spare=("family", "parameters"))).splitlines()
    assert narrow[0].split() == ["name", "title", "parameters"]
    assert narrow[-1] == "No room for family: widen the terminal, or take --format csv."
    assert max(map(len, narrow[:-1])) <= 42


@pytest.mark.parametrize("width", range(1, 90, 4))
@pytest.mark.parametrize("spare", [(), ("family", "family"), ("title", "family", "nothing")])
def test_however_narrow_the_terminal_no_number_and_no_name_is_cut(width: int, spare: tuple[str, ...]) -> None:
    lines = rendered(ROWS, "table", terminal=Terminal(width=width, spare=spare)).splitlines()
    for row in ROWS:
        assert any(f"{row['parameters']:,}" in line and str(row["name"]) in line for line in lines)


@pytest.mark.parametrize("width", range(48, 120, 6))
def test_no_word_is_cut_while_a_column_can_be_left_out(width: int) -> None:
    rows = [{"name": "resnet/18", "weights": "timm:resnet18.fb_ssl_yfcc100m_ft_in1k", "licence": "cc-by-nc-4.0 only"}]
    rows += [{"name": "resnet/50", "weights": "imagenet", "licence": "apache-2.0"}]
    told = rendered(rows, "table", terminal=Terminal(width=width, spare=("licence",)))
    assert {word for word in " ".join(row["weights"] for row in rows).split() if word not in told.split()} == set()
    assert ("licence" in told.splitlines()[0]) == (width >= 48 + 2 + LEAST)


def test_a_table_with_wide_characters_fits_as_far_as_words_wrap() -> None:
    rows = [{"picture": "写真.png", "class": "三毛猫とその子猫たち、庭で", "note": "とても確か", "probability": 0.5}]
    for width in range(44, 90):
        lines = rendered(rows, "table", terminal=Terminal(width=width)).splitlines()
        assert max(map(cell_len, lines)) <= width


def test_on_a_wide_terminal_a_table_is_whole_and_its_groups_stand_apart() -> None:
    plain = rendered(ROWS, "table").splitlines()
    assert rendered(ROWS, "table", terminal=Terminal(width=200)).splitlines() == plain
    grouped = rendered(ROWS, "table", terminal=Terminal(width=200, apart="family")).splitlines()
    assert grouped == [*plain[:4], "", plain[4]]


# ---- faults of our own, and readers that go away


def test_a_fault_of_ours_is_two_lines_and_a_file_to_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Here
) -> None:
    monkeypatch.setenv("SUITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(listing, "rows", lambda *_: 1 / 0)
    code, _, told = here("list", "measures")
    first, second = told.splitlines()
    assert code == 70
    assert first == "suite: this is a fault of the suite, not of yours: ZeroDivisionError: division by zero"
    file = Path(second.rpartition(" ")[2])
    assert "suite list measures" in file.read_text()
    assert "ZeroDivisionError" in file.read_text()
    monkeypatch.setenv("SUITE_CACHE", str(file / "no folder"))
    code, _, told = here("list", "measures")
    assert code == 70
    assert "fault of the suite" in told


def test_a_full_disk_is_no_fault(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "runs/report/index.html")

    monkeypatch.setattr(listing, "rows", full)
    code, _, told = here("list", "measures")
    assert (code, told.count("\n")) == (1, 1)
    assert told.startswith("suite: runs/report/index.html: No space left on device.")


def test_a_reader_that_goes_away_is_no_fault() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "suite", "list", "architectures", "--format", "json"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


# ---- requests to end


def _reading(fifo: Path, **how: Any) -> tuple[subprocess.Popen[str], int]:
    """Start a verb that waits for its study to be written; return it when it waits, and where to write."""
    os.mkfifo(fifo)
    command = [sys.executable, "-m", "suite", "run", str(fifo)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how)
    while started.poll() is None:
        with suppress(OSError):  # nobody reads yet
            writing = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
            while psutil.Process(started.pid).status() != psutil.STATUS_SLEEPING:
                time.sleep(0.02)  # a signal just before it reads would wait for the reading to end
            return started, writing
        time.sleep(0.02)
    raise AssertionError(started.communicate())


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_request_to_end_is_answered_by_one_line(tmp_path: Path, end: signal.Signals) -> None:
    plain = functools.partial(signal.signal, end, signal.SIG_DFL)  # the tests may have been started by nohup
    started, writing = _reading(tmp_path / "study.toml", preexec_fn=plain)
    started.send_signal(end)
    told = started.communicate(timeout=300)
    os.close(writing)
    said = "\nsuite: interrupted. What was finished is kept; the same command goes on.\n"  # click ends the line of ^C
    assert (started.returncode, *told) == (130, "", said)


def test_a_terminal_that_closes_ends_nothing_that_nohup_has_started(tmp_path: Path) -> None:
    nohup = functools.partial(signal.signal, signal.SIGHUP, signal.SIG_IGN)
    started, writing = _reading(tmp_path / "study.toml", preexec_fn=nohup)
    started.send_signal(signal.SIGHUP)
    os.write(writing, b"name =")
    os.close(writing)
    _, told = started.communicate(timeout=300)
    assert (started.returncode, told.count("\n")) == (2, 1), told


# ---- terminals and pipes that cannot show every character


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1", "utf-8"])
def test_what_a_terminal_cannot_show_is_written_plainly(tmp_path: Path, encoding: str) -> None:
    with folder.opened(tmp_path / "runs" / "small", studies.study(constraints=(), question="Ⅻ × ─ ü 火")) as store:
        trial = store.ask()
        assert trial
        store.finish(studies.complete(trial, latency=1.0))
    environment = os.environ | {"PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}
    for words in (["list", "measures"], ["list", "runs"], ["front", "small"], ["front", "Ⅻ火"]):
        command = [sys.executable, "-m", "suite", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, env=environment)
        assert done.returncode == (words[-1] == "Ⅻ火"), done.stderr
        text = (done.stdout + done.stderr).decode(encoding)
        assert "Traceback" not in text
        rule = "─" if encoding == "utf-8" else "-"
        assert words[-1] == "Ⅻ火" or text.splitlines()[1].strip(rule + " ") == ""
        assert words[-1] != "Ⅻ火" or ("Ⅻ火" if encoding == "utf-8" else r"XII\u706b") in text
