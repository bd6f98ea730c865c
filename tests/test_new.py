"""Does `suite new` write a study that fits the pictures and the limits, and that runs?"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from suite import architectures, pipeline
from suite.cli.commands import main
from suite.core.domains import Choice
from suite.core.errors import NothingFitsError
from suite.core.study import Constraint
from suite.search import beginning, first_look
from tests.pictures import fill


@pytest.fixture(autouse=True)
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "prepared"))
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("ant", "bee")):
        fill(tmp_path / "my pictures" / name, range(100 * number, 100 * number + 12), size=(70, 60))
    return tmp_path / "my pictures"


def suite(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["suite", *words])
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_it_is_a_study_of_networks_with_weights_that_are_here(
    pictures: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert suite(monkeypatch, "new", str(pictures), "--max-latency", "5", "--hours", "0.5") == 0
    study = pipeline.study(Path("my-pictures.toml"))
    assert (study.name, study.dataset, study.weights) == ("my-pictures", str(pictures), "imagenet")
    assert {"efficientnet/lite0", "efficientnet/lite1", "efficientnet/lite2"} <= set(study.architectures)
    assert all(beginning.has_weights(name) for name in study.architectures)
    assert study.image == Choice((48, 64, 96, 128))
    assert study.constraints == (Constraint(measure="latency", at_most=5.0),)
    assert study.budget.hours == 0.5
    said = capfd.readouterr().err
    assert "24 pictures of 2 classes, about 60 pixels a side." in said
    assert "`suite run my-pictures.toml` begins the search." in said
    assert suite(monkeypatch, "new", str(pictures)) != 0
    assert "my-pictures.toml is there already" in capfd.readouterr().err


@pytest.mark.slow
def test_where_no_weights_are_small_enough_networks_are_trained_from_scratch(pictures: Path) -> None:
    most = 4e5
    limits = [Constraint(measure="parameters", at_most=most), Constraint(measure="accuracy", at_least=50.0)]
    begun = beginning.begun(str(pictures), limits, 1.0)
    Path("study.toml").write_text(begun.text)
    study = pipeline.study(Path("study.toml"))
    assert study.weights == "none"
    assert study.constraints == tuple(limits)
    assert "mobilenet/0.25" in study.architectures
    assert "mobilenet_v2/0.35" in study.architectures  # 1.7 million with its 1,000 classes, 0.4 with two
    assert architectures.recorded()["mobilenet_v2/0.35"].parameters > most
    assert "mobilenet_v3/large" not in study.architectures
    assert "from scratch" in begun.lines[1]


def test_what_no_network_can_keep_is_said(pictures: Path) -> None:
    with pytest.raises(NothingFitsError, match="no network fits parameters <= 100"):
        beginning.begun(str(pictures), [Constraint(measure="parameters", at_most=100.0)], 1.0)


@pytest.mark.slow
def test_what_cannot_be_read_is_left_out_by_the_study_too_if_asked(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pictures / "ant" / "bad.png").write_bytes(b"no picture")
    assert suite(monkeypatch, "new", str(pictures)) == 2
    assert suite(monkeypatch, "new", str(pictures), "--skip-broken") == 0
    assert pipeline.study(Path("my-pictures.toml")).skip_broken


def test_a_quarter_of_the_hours_goes_to_first_results_and_the_dearest_networks_are_left_out() -> None:
    needs = {"dear": 40.0, "cheap": 10.0, "fair": 20.0}
    assert first_look.affordable(needs, 4 * 70 / 3600) == ["dear", "cheap", "fair"]
    assert first_look.affordable(needs, 4 * 60 / 3600) == ["cheap", "fair"]
    assert first_look.affordable(needs, 1e-6) == ["cheap"]


def test_the_time_of_a_first_look_follows_the_work() -> None:
    names = ["efficientnet/lite0", "vgg/16"]
    one = first_look.seconds(names, [32], 100, 1)
    known = architectures.recorded()
    assert one["vgg/16"] / one["efficientnet/lite0"] == pytest.approx(known["vgg/16"].macs / known[names[0]].macs)
