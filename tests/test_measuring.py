"""Networks timed on this device: with the real runtimes, in processes of their own, kept in a file."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from suite import architectures
from suite.benchmark import building, campaign, together
from suite.benchmark.settings import Settings
from suite.core import cells
from suite.core.cells import Cell, Table
from suite.core.errors import ArchitectureError, MissingExtraError, SuiteError, TableError
from suite.core.inputs import Input
from suite.core.paths import narrowed
from suite.machine import cache
from suite.machine.capacity import cached
from suite.timing import order as orders
from suite.timing import process as timing_process
from suite.timing import protocol, references, runtimes, sensors, slopes
from suite.timing.following import BEYOND, HELD, USUAL, Prior
from suite.timing.order import Order, Setup
from suite.timing.protocol import PAUSED, ROW
from suite.timing.timer import GoneError, Timer

FAST = Settings(threads=1, seconds=0.5, image=(32, 32, 3), classes=10)
ALL = ("saved_model", "xla", "litert", "litert-int8", "onnx", "openvino", "keras")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Cell]]:
    """One small network on every path, at two batch sizes."""
    file = tmp_path_factory.mktemp("measured") / "here.csv"
    return file, campaign.measure(["mobilenet/tiny"], replace(FAST, paths=ALL, batches=(1, 4)), file)


@pytest.mark.slow
@pytest.mark.parametrize("path", ALL)
def test_a_network_is_timed_on_every_path(measured: tuple[Path, list[Cell]], path: str) -> None:
    one, four = [cell for cell in measured[1] if cell.path == path]
    assert (one.batch, four.batch) == (1, 4)
    for cell in (one, four):
        assert cell.state in (cells.STABLE, cells.UNSTABLE), cell.reason
        assert 0 < cell.measures["latency_low"] <= cell.measures["latency"] <= cell.measures["latency_high"]
        assert cell.blocks == len(cell.block_times.split()) == len(cell.reference_times.split()) >= 10
        assert cell.measures["peak_memory"] < 1e3
        assert cell.activation_memory == cell.batch * one.activation_memory
    assert one.measures["cold_start"] > one.measures["latency"] / 1e3
    assert "cold_start" not in four.measures
    assert one.measures["file_size"] > 0.001


@pytest.mark.slow
def test_counts_stand_beside_and_a_view_has_the_columns_and_units_of_timm(measured: tuple[Path, list[Cell]]) -> None:
    (cell, *_) = measured[1]
    model = architectures.build("mobilenet/tiny", architectures_task())
    assert cell.measures["parameters"] == sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert (cell.image, cell.size) == ("32x32x3", 32)
    (row,) = cells.of_timm([cell])
    assert row["param_count"] == pytest.approx(cell.measures["parameters"] / 1e6)
    assert row["infer_gmacs"] == pytest.approx(cell.measures["macs"] / 1e9)
    assert row["infer_samples_per_sec"] == pytest.approx(1000 / row["infer_step_time"])


def architectures_task() -> object:
    from suite.core.task import Task

    return Task(height=32, width=32, channels=3, classes=10)


@pytest.mark.slow
def test_what_the_file_has_is_not_measured_again(
    measured: tuple[Path, list[Cell]], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, before = measured
    monkeypatch.setattr(building, "_asked", lambda *order: pytest.fail("something was measured again"))
    assert cells.read(file).cells == tuple(
        campaign.measure(["mobilenet/tiny"], replace(FAST, paths=ALL, batches=(1, 4)), file)
    )
    assert [cell.key for cell in cells.read(file).cells] == [cell.key for cell in before]


@pytest.mark.slow
def test_a_file_of_another_device_is_refused_and_stays(measured: tuple[Path, list[Cell]], tmp_path: Path) -> None:
    table, file = cells.read(measured[0]), tmp_path / "there.csv"
    cells.write(Table(surroundings={**table.surroundings, "device": "a phone"}, cells=table.cells), file)
    with pytest.raises(
        TableError, match=r"was measured with device a phone, and here it is .*Name another file with -o"
    ):
        campaign.measure(["mobilenet/tiny"], FAST, file)
    assert cells.read(file).device == "a phone"


@pytest.mark.slow
def test_an_interruption_loses_nothing_that_was_measured(tmp_path: Path) -> None:
    file = tmp_path / "here.csv"
    words = ["measure", "mobilenet/tiny", "resnet/tiny", "--image", "32x32x3", "--classes", "10", "--seconds", "2"]
    command = [sys.executable, "-m", "suite", *words, "--threads", "1", "-o", str(file)]
    begun = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not file.exists():
        assert begun.poll() is None
        time.sleep(0.05)
    begun.send_signal(signal.SIGKILL)
    begun.wait()
    (kept,) = cells.read(file).cells
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    found = cells.read(file).cells[0]
    for column in ("measured", "follows", "block_times", "calls"):
        assert getattr(found, column) == getattr(kept, column)
    for measure in ("latency_raw", "peak_memory"):
        assert found.measures[measure] == kept.measures[measure]
    grown = (found.rest / kept.rest) ** kept.follows
    assert found.measures["latency"] == pytest.approx(grown * kept.measures["latency"]), "rescaled"
    assert found.measures["latency"] == pytest.approx(found.ratio * found.rest, rel=1e-6)
    assert "resnet/tiny, saved_model, batch 1: " in again.stderr
    assert "mobilenet/tiny, saved_model" not in again.stderr


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_end_leaves_the_table_and_nothing_else(tmp_path: Path, end: signal.Signals) -> None:
    file, scratch = tmp_path / "here.csv", tmp_path / "scratch"
    scratch.mkdir()
    words = ["measure", "mobilenet/tiny", "--batch", "1,2,4,8", "--path", "saved_model,xla", "--seconds", "2"]
    environment = os.environ | {"TMPDIR": str(scratch)}
    command = [sys.executable, "-m", "suite", *words, "-o", str(file)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    ) as begun:
        while not file.exists():
            assert begun.poll() is None
            time.sleep(0.05)
        begun.send_signal(end)
        said = begun.communicate()[1]
    assert begun.returncode == 130
    assert said.endswith("suite: interrupted. What was finished is kept; the same command goes on.\n")
    assert cells.read(file).cells
    assert list(scratch.glob("suite-*")) == []


@pytest.mark.slow
def test_models_of_ones_own_are_measured_by_their_file(tmp_path: Path) -> None:
    image = keras.Input((12, 10, 2))
    model = keras.Model(image, keras.layers.Dense(3)(keras.layers.Flatten()(image)))
    model.save(tmp_path / "mine.keras")
    model.export(tmp_path / "mine", verbose=False)
    names = [str(tmp_path / "mine.keras"), str(tmp_path / "mine")]
    own, exported = campaign.measure(names, replace(FAST, image=None), tmp_path / "here.csv")
    assert own.is_timed, own.reason
    assert exported.is_timed, exported.reason
    assert own.measures["macs"] == 12 * 10 * 2 * 3
    assert len({own.digest, exported.digest, ""}) == 3
    model.layers[-1].bias.assign([1.0, 2.0, 3.0])
    model.save(tmp_path / "mine.keras")
    assert campaign._digest(names[0]) != own.digest  # another model of that name is measured anew


def test_what_cannot_be_built_or_held_is_a_cell_that_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    (small,) = campaign.measure(
        ["inception_v3/2015"],
        replace(FAST, image=(8, 8, 3)),
        tmp_path / "a.csv",
    )
    assert small.state == cells.FAILED
    assert "8" in small.reason
    free = psutil.virtual_memory()._replace(available=100_000)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    (large,) = campaign.measure(["resnet/50"], FAST, tmp_path / "b.csv")
    assert large.state == cells.NO_MEMORY
    assert "needs 0.3 GB to be built" in large.reason
    assert [cell.reason for cell in cells.read(tmp_path / "b.csv").cells] == [large.reason]


def test_a_batch_that_the_memory_cannot_hold_is_a_cell_and_smaller_ones_stay() -> None:
    """As the process that times sees it: by what is needed, and by what a library raises."""
    process = timing_process._Process(Setup(path="onnx", threads=1, references={}))
    order = Order(artefact="", batches=(1, 64), seconds=0.2, longest=60, needs={"1": 10, "64": 10**15})

    def full() -> None:
        raise RuntimeError("Failed to allocate memory for requested buffer of size 12345")

    takes = (Input(name="x", shape=(None,), dtype="float32"),)
    calls = {1: lambda: None, 64: full}
    runtime = runtimes.Runtime(takes=takes, asks=lambda given: calls[len(given["x"])], gpu=False)
    broken = runtimes.Runtime(takes=takes, asks=lambda given: 1 / 0, gpu=False)
    assert "measures" in process._timed(runtime, 1, order, time.perf_counter(), 0)
    assert "GB are free" in process._timed(runtime, 64, order, time.perf_counter(), 0)["no_memory"]
    unknown = replace(order, needs={})
    assert "allocate" in process._timed(runtime, 64, unknown, time.perf_counter(), 0)["no_memory"]
    assert "failed" in process._timed(broken, 64, unknown, 0.0, 0)


@pytest.mark.parametrize(("touches", "third", "manner", "prior"), [
    ({"1": 2**20}, 2**25, ROW, HELD), ({"1": 2**20 + 1}, 2**25, PAUSED, USUAL), ({"8": 10}, 2**25, PAUSED, USUAL),
    ({"1": 2**25}, 2**25, PAUSED, USUAL), ({"1": 2**25 + 1}, 2**25, PAUSED, BEYOND), ({"1": 2**30}, 0, PAUSED, USUAL),
])  # fmt: skip
def test_references_are_called_where_the_data_of_the_network_are(
    monkeypatch: pytest.MonkeyPatch, touches: dict[str, int], third: int, manner: str, prior: Prior
) -> None:
    """In a row if a core surely holds them in its cache. Each manner has a rest and a steepness of its own."""
    seen: list[dict[str, Any]] = []

    def latency(*words: Any, **more: Any) -> Any:
        seen.append(more)
        return protocol.latency(*words, **more)

    monkeypatch.setattr(orders, "cached", {2: 2**20, 3: third}.get)
    monkeypatch.setattr(timing_process, "latency", latency)
    takes = (Input(name="x", shape=(None,), dtype="float32"),)
    runtime = runtimes.Runtime(takes=takes, asks=lambda given: lambda: None, gpu=False)
    rests = {ROW: {"small": 0.001}, PAUSED: {"small": 0.002}}
    order = Order(artefact="", batches=(1,), seconds=0.2, longest=60, touches=touches, rests=rests)
    process = timing_process._Process(Setup(path="onnx", threads=1, references={}))
    process._references = {"small": lambda: None}
    answer = process._timed(runtime, 1, order, time.perf_counter(), 0)
    assert answer["reference"] == f"small {manner}"
    assert answer["rest"] == pytest.approx(1e3 * rests[manner]["small"])
    assert process.seen.keys() == {manner}
    (asked,) = seen
    assert asdict(asked["prior"]) == pytest.approx(asdict(prior))


def test_a_path_of_8_bits_touches_a_quarter_of_what_the_network_does() -> None:
    cell = Cell(model="resnet/18", batch=8, path="", precision="float32", image="224x224x3", state="")
    made = {
        "artefacts": {path: {"file": "a"} for path in ("litert", "litert-int8")}, "sizes": {},
        "counts": {"weights": 4000, "peaks": {"8": 800}},
    }  # fmt: skip
    touched = {
        path: together._network([replace(cell, path=path)], made, FAST)._order.touches
        for path in ("litert", "litert-int8")
    }
    assert touched == {"litert": {"8": 4800}, "litert-int8": {"8": 1200}}


@pytest.mark.slow
def test_what_would_take_too_long_is_left_out_and_says_so(tmp_path: Path) -> None:
    """Of one network, the batch that takes longer than was asked for; larger ones are not even begun."""
    batches = replace(FAST, image=(96, 96, 3), batches=(1, 10**4, 10**6), longest=2.0)  # a ms, seconds, minutes
    one, many, more = campaign.measure(["resnet/tiny"], batches, tmp_path / "here.csv")
    assert one.is_timed, one.reason
    assert (many.state, more.state) == (cells.TOO_SLOW, cells.TOO_SLOW)
    assert "ten blocks would take longer than 2 s (--longest)" in many.reason
    assert [cell.state for cell in cells.read(tmp_path / "here.csv").cells] == [one.state, many.state, more.state]


@pytest.mark.slow
def test_what_the_file_shows_to_take_too_long_is_not_even_built(tmp_path: Path) -> None:
    here = replace(FAST, image=(96, 96, 3), batches=(2,))
    (two,) = campaign.measure(["resnet/18"], here, tmp_path / "here.csv")
    shorter = replace(here, batches=(1, 4), longest=two.measures["latency"] / 1e4)  # not one call
    one, four = campaign.measure(["resnet/18"], shorter, tmp_path / "here.csv")
    assert one.state == cells.TOO_SLOW  # was tried: fewer pictures may be fast enough
    assert "at batch 2" not in one.reason
    assert four.state == cells.TOO_SLOW
    assert [four.measures[m] for m in ("macs", "file_size")] == [two.measures[m] for m in ("macs", "file_size")]
    assert four.reason.endswith("s (--longest); at batch 2 already")


@pytest.mark.slow
def test_a_latency_is_the_ratio_to_the_references_times_these_at_rest(measured: tuple[Path, list[Cell]]) -> None:
    for cell in measured[1]:
        touched = narrowed(cell.path, round(4 * cell.total_parameters + 1e6 * cell.activation_memory))
        manner = ROW if touched <= cached(2) else PAUSED
        assert cell.reference == f"small+large {manner}", "a latency beside other references has another scale"
        assert cell.measures["latency"] == pytest.approx(cell.ratio * cell.rest, rel=1e-6)
        assert cell.measures["latency_raw"] > 0
        assert cell.rate == pytest.approx(1e3 * cell.batch / cell.measures["latency"])


def test_latencies_of_one_table_are_multiples_of_one_rest_whatever_the_order() -> None:
    """The rest of the references is known better with each network; rows of before are put on that scale."""
    first = Cell(model="a", batch=1, path="xla", precision="float32", image="32x32x3",
                 state=cells.STABLE, reference="small+large", ratio=4.0, rest=0.5,
                 measures={"latency": 2.0, "latency_low": 1.9, "latency_high": 2.1, "latency_p99": 3.0, "macs": 7.0},
                 measured="2026-11-27 09:59:59")  # fmt: skip
    refined = replace(first, model="b", path="saved_model", rest=0.4, ratio=5.0, measured="2026-11-27 10:00:00")
    large = replace(first, model="c", reference="large", rest=0.1)
    others = [replace(first, model="d", path="onnx", rest=0.3), replace(first, model="e", rest=None, reference="")]
    for order in ([first, refined, large, *others], [*others, large, refined, first]):
        scaled = {cell.model: cell for cell in cells.on_one_scale(order)}
        assert (scaled["a"].measures["latency"], scaled["a"].measures["latency_low"]) == pytest.approx((1.6, 1.52))
        assert scaled["a"].measures["latency_p99"] == pytest.approx(2.4)
        assert scaled["a"].rate == pytest.approx(625)
        assert scaled["a"].measures["macs"] == 7.0
        assert [scaled[name] for name in "bcde"] == [refined, large, *others]


def test_a_latency_that_hardly_follows_the_references_hardly_moves_with_their_rest() -> None:
    """A row is put on another scale by the power of the references' time that it follows."""
    old = Cell(model="a", batch=1, path="xla", precision="float32", image="32x32x3", state=cells.STABLE,
               reference="small+large", ratio=4.0, rest=0.5, follows=0.25, measures={"latency": 2.0},
               measured="2026-11-27 09:59:59")  # fmt: skip
    new = replace(old, model="b", rest=0.4, measured="2026-11-27 10:00:00")
    scaled, _ = cells.on_one_scale([old, new])
    assert scaled.measures["latency"] == pytest.approx(2.0 * 0.8**0.25)
    assert scaled.ratio * scaled.rest == pytest.approx(scaled.measures["latency"])


@dataclass(kw_only=True)
class Asked:
    """An order that a timer was given, and by which process it was carried out."""

    forked: bool
    order: Order
    process: int

    @property
    def before(self) -> int:
        """How many timings of its first batch size it adds to."""
        return len({block["timing"] for block in self.order.before.get(str(self.order.batches[0]), ())})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """All orders to timers, as they come; the timers are real."""
    seen: list[Asked] = []
    original = Timer.ask

    def ask(timer: Timer, order: Order) -> Iterator[dict[str, Any]]:
        timer.start()
        assert timer._process
        seen.append(Asked(forked=timer._forked, order=order, process=timer._process.pid))
        yield from original(timer, order)

    monkeypatch.setattr(Timer, "ask", ask)
    return seen


@pytest.mark.slow
def test_networks_take_turns_and_the_first_round_of_each_has_a_process_of_its_own(
    tmp_path: Path, asked: list[Asked]
) -> None:
    """It reads the memory of its process. Later ones share a process for three timings; all add to the same latency."""
    names, told = ["mobilenet/tiny", "resnet/tiny"], []
    settings = replace(FAST, seconds=21.0, paths=("litert",))
    found = campaign.measure(names, settings, tmp_path / "here.csv", lambda *said: told.append(said))
    planned, extra = asked[:8], asked[8:]  # a network that is not known well enough then has a few more
    assert [Path(one.order.artefact).parent.name for one in planned] == [*"01", *"01", *"01", *"01"]
    assert [one.forked for one in asked] == [False] * 2 + [True] * (len(asked) - 2)
    assert [bool(one.order.readings) for one in asked] == [True] * 2 + [False] * (len(asked) - 2)
    assert [one.order.left for one in asked] == [3, 3, 2, 2, 1, 1, 0, 0] + [0] * len(extra)
    assert [one.before for one in planned] == [0, 0, 1, 1, 2, 2, 3, 3]
    used = [one.process for one in asked]
    assert len(set(used[:2])) == 2
    assert used[2:6] == [used[2]] * 4, "the second and third round"
    assert used[6:8] == [used[6]] * 2
    assert len(set(used[:8])) == 4
    assert [(done, count) for _, done, count in told[:6]] == [(one, 8) for one in range(1, 7)]
    assert [cell.left for cell, _, _ in told[:6]] == [3, 3, 2, 2, 1, 1]
    assert told[-1][1:] == (8, 8), "extra rounds do not make more to do"
    for cell in found:
        assert cell.left == 0
        assert cell.blocks >= 10
        assert {"peak_memory", "cold_start"} <= cell.measures.keys(), "from the first round"
        seconds = [one.seconds for one, _, _ in told if one.model == cell.model]
        assert seconds == sorted(seconds), "of all rounds so far"


@pytest.mark.slow
def test_what_was_measured_in_some_rounds_is_kept_and_measured_anew_by_the_next_command(tmp_path: Path) -> None:
    file = tmp_path / "here.csv"
    settings = replace(FAST, seconds=10.0, paths=("litert",))
    names = ["mobilenet/tiny", "resnet/tiny"]
    words = [*names, "--image", "32x32x3", "--classes", "10", "--seconds", "10", "--path", "litert", "--threads", "1"]
    command = [sys.executable, "-m", "suite", "measure", *words, "-o", str(file)]
    begun = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not file.exists() or len(cells.read(file).cells) < 2:
        assert begun.poll() is None
        time.sleep(0.05)
    begun.kill()
    begun.wait()
    before = cells.read(file).cells
    assert [(cell.model, cell.left, cell.is_timed) for cell in before] == [(name, 1, True) for name in names]
    told: list[str] = []
    after = campaign.measure(names, settings, file, lambda cell, *_: told.append(cell.model))
    assert told == names * 2
    assert [cell.left for cell in after] == [0, 0]
    again = campaign.measure(names, settings, file, lambda *_: pytest.fail("measured again"))
    assert [cell.measured for cell in again] == [cell.measured for cell in after]


def test_networks_take_turns_as_long_as_the_disk_is_not_filled() -> None:
    def cell(name: str, path: str = "litert") -> Cell:
        return Cell(model=name, path=path, precision="float32", batch=1, image="", state=cells.FAILED)

    small, large = [[cell("mobilenet/tiny")]] * 8, [[cell("vgg/16")]] * 2  # 553 MB each
    long, short = replace(FAST, seconds=30.0), FAST
    assert [len(group) for group in together.groups([*small, *large], long)] == [6, 3, 1]
    assert [len(group) for group in together.groups(small, short)] == [1] * 8, "a single round needs no turns"
    both = [[cell("vgg/16", path) for path in ("litert", "onnx")]]
    assert [len(group) for group in together.groups([*both, *small], long)] == [1, 6, 2]


@pytest.mark.slow
def test_the_next_run_knows_how_a_network_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: list[Asked]
) -> None:
    kept = shutil.copytree(cache.folder(), tmp_path / "cache", ignore=shutil.ignore_patterns("follows.json*"))
    monkeypatch.setenv("SUITE_CACHE", str(kept))
    settings = replace(FAST, seconds=10.0, batches=(1, 4), paths=("litert",))
    timer, name = Timer("litert", 1), "mobilenet/tiny 32x32x3 float32"
    for manner in (ROW, PAUSED):  # the size of this machine's caches decides
        slopes.learned(kept / "follows.json", timer.place(manner), name, {"1": (9.0, 10.0)})
    for number in range(2):
        campaign.measure(["mobilenet/tiny"], settings, tmp_path / f"{number}.csv")
        first, second = asked[2 * number :]
        assert first.order.slopes == second.order.slopes, "what these blocks show is not counted twice"
    assert asked[0].order.slopes == {"1": (9.0, 10.0)}
    assert asked[2].order.slopes["1"][1] >= 10.0
    place = timer.place(asked[0].order.manner(1))
    assert slopes.known(kept / "follows.json", place, name)["1"][1] >= asked[2].order.slopes["1"][1]


@pytest.mark.slow
def test_what_the_first_round_knew_stays_when_the_process_of_the_second_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Timer.ask

    def ask(timer: Timer, order: Order) -> Iterator[dict[str, Any]]:
        timer.start()
        if order.before:
            timer._process.kill()
        yield from original(timer, order)

    monkeypatch.setattr(Timer, "ask", ask)
    settings = replace(FAST, seconds=10.0, batches=(1, 4), paths=("litert",))
    found = campaign.measure(["mobilenet/tiny"], settings, tmp_path / "here.csv")
    assert [cell.is_timed for cell in found] == [True, True]
    assert all(cell.measures["latency_high"] > 1.01 * cell.measures["latency"] for cell in found), "of one timing"


@pytest.mark.slow
def test_without_references_a_network_is_timed_all_the_same_and_it_is_said(tmp_path: Path, monkeypatch) -> None:
    def nothing(path: str) -> dict[str, Path]:
        raise SuiteError("the disk is full")

    monkeypatch.setattr(references, "files", nothing)
    (cell,) = campaign.measure(["mobilenet/tiny"], FAST, tmp_path / "here.csv")
    assert cell.measures["latency"] == pytest.approx(cell.measures["latency_raw"])
    assert (cell.state, cell.reference) == (cells.UNSTABLE, "")
    assert "timed without a reference (the disk is full)" in cell.reason
    monkeypatch.setattr(references, "files", lambda path: {"small": tmp_path / "gone"})
    (again,) = campaign.measure(["mobilenet/tiny"], replace(FAST, again=True), tmp_path / "here.csv")
    assert "timed without a reference (small: " in again.reason


@pytest.mark.slow
def test_two_commands_on_one_file_keep_the_rows_of_both(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "suite", "measure", "--image", "32x32x3", "--classes", "10", "--seconds", "0.5",
             "--threads", "1", "-o", str(tmp_path / "both.csv")]  # fmt: skip
    names = [["mobilenet/tiny", "resnet/tiny"], ["alexnet/tiny", "vgg/tiny"]]
    both = [subprocess.Popen([*words, *some], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for some in names]
    for one in both:
        assert one.wait() == 0, one.communicate()[1]
        one.communicate()
    assert sorted(cell.model for cell in cells.read(tmp_path / "both.csv").cells) == sorted(names[0] + names[1])


@pytest.mark.slow
def test_the_memory_of_a_network_does_not_grow_with_what_was_timed_before_it(tmp_path: Path) -> None:
    """Of one process that stays: the large network's peak is not counted for the small one."""
    settings = replace(FAST, image=(96, 96, 3))
    made = {name: building.made(name, settings, ["litert"], str(tmp_path / name.replace("/", "-")))
            for name in ("resnet/50", "mobilenet/tiny")}  # fmt: skip
    with Timer("litert", 1) as timer:
        used = {}
        for name, answer in made.items():
            order = Order(artefact=answer["artefacts"]["litert"]["file"], batches=(1,), seconds=0.3, longest=60,
                          readings=("peak_memory",))  # fmt: skip
            (told,) = timer.ask(order)
            used[name] = told["measures"]["peak_memory"]
    assert used["mobilenet/tiny"] < used["resnet/50"] / 4


def test_a_file_is_not_labelled_with_a_precision_that_it_ignores(tmp_path: Path) -> None:
    keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(3)]).save(
        tmp_path / "m.keras"
    )
    with pytest.raises(ArchitectureError, match=r"m\.keras: a file has its own precision"):
        campaign.measure([str(tmp_path / "m.keras")], replace(FAST, precision="mixed_float16"), tmp_path / "here.csv")


@pytest.mark.slow
def test_a_machine_that_others_use_is_never_called_stable(tmp_path: Path) -> None:
    """A neighbour that never rests makes every call slower alike: no interval could show it."""
    code = "import os\nos.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", code]) as neighbour:
        try:
            (cell,) = campaign.measure(["mobilenet/tiny"], FAST, tmp_path / "here.csv")
        finally:
            neighbour.kill()
    assert cell.others > 25
    assert cell.state == cells.UNSTABLE
    assert f"other processes took {cell.others:.0f} % of its processors" in cell.reason


def test_the_median_is_that_of_the_calls_that_were_made(tmp_path: Path) -> None:
    """A stopwatch around the very calls that the process made. benchmarks/stopwatch.py compares it with other calls."""
    image = keras.Input((32, 32, 3))
    keras.Model(image, keras.layers.Conv2D(64, 3)(image)).export(tmp_path / "mine", verbose=False)
    runtime = runtimes.opened("saved_model", tmp_path / "mine", 1)
    times: list[float] = []

    def asks(given: Mapping[str, np.ndarray]) -> runtimes.Call:
        call = runtime.asks(given)

        def stopped() -> object:
            began = time.perf_counter()
            answer = call()
            times.append(1e3 * (time.perf_counter() - began))
            return answer

        return stopped

    process = timing_process._Process(Setup(path="saved_model", threads=1, references={}))
    order = Order(artefact=str(tmp_path / "mine"), batches=(4,), seconds=0.5, longest=600)
    found = process._timed(replace(runtime, asks=asks), 4, order, 0.0, 0)
    # All calls were stopped, and those of the warm-up do not count: the median is that of most of them.
    least, most = np.sort(times)[found["calls"] // 2 - 1], np.sort(times)[-(found["calls"] // 2)]
    assert least <= found["measures"]["latency_raw"] <= 1.1 * most
    assert found["measures"]["latency"] == found["measures"]["latency_raw"]  # there was no reference


def test_blocks_that_were_timed_beside_other_references_are_not_mixed_with_these(tmp_path: Path) -> None:
    """In one of several processes a reference may fail to load."""
    image = keras.Input((8, 8, 3))
    keras.Model(image, keras.layers.Conv2D(2, 3)(image)).export(tmp_path / "mine", verbose=False)
    runtime = runtimes.opened("saved_model", tmp_path / "mine", 1)
    process = timing_process._Process(Setup(path="saved_model", threads=1, references={}))
    other = {"began": 0.0, "timing": 0, "times": [9.0], "turns": [9.0], "references": {"small": [0.5]}}
    alike = {**other, "references": {}}
    told = []
    for before in ([], [other], [alike]):
        order = Order(artefact=str(tmp_path / "mine"), batches=(1,), seconds=0.2, longest=600, before={"1": before})
        told.append(process._timed(runtime, 1, order, 0.0, 0))
    alone, beside, mixed = ([block["timing"] for block in one["timed"]] for one in told)
    assert set(alone) == set(beside) == {0}
    assert set(mixed) == {1}
    assert [len(one["blocks"]) - len(one["timed"]) for one in told] == [0, 0, 1]


def test_a_runtime_that_is_not_there_names_its_install_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "find_spec", lambda package: None)
    with pytest.raises(MissingExtraError, match=r"path onnx needs onnxruntime: pip install .*\[onnx\]"):
        campaign.measure(["resnet/tiny"], replace(FAST, paths=("onnx",)), tmp_path / "here.csv")


def test_energy_is_counted_or_not_available_but_never_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensors, "POWERCAP", tmp_path)
    monkeypatch.setattr(sensors, "LEAST", 0.05)
    assert sensors.joules(lambda: None, 1, gpu=False) is None
    assert not sensors.counts_energy(gpu=False)
    counter = tmp_path / "intel-rapl:0" / "energy_uj"
    for zone in ("intel-rapl", "intel-rapl:0", "intel-rapl:0:0", "intel-rapl:0:1"):  # the last two are parts of it
        (tmp_path / zone).mkdir()
        (tmp_path / zone / "energy_uj").write_text("0")
        (tmp_path / zone / "name").write_text("package-0\n" if zone == "intel-rapl:0" else "core\n")
    counter.with_name("max_energy_range_uj").write_text("3000000000")
    calls = (number % 1000 for number in range(995, 10**9))  # it is nearly full, and begins again at zero
    counter.write_text("2982000000")
    found = sensors.joules(lambda: (time.sleep(0.001), counter.write_text(str(next(calls) * 3_000_000))), 2, gpu=False)
    assert sensors.counts_energy(gpu=False)
    assert found == pytest.approx(1.5)  # three joules a call of two pictures


def test_the_energy_of_a_processor_is_counted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zones of real machines: a laptop with `psys`, a server of two processors, and two dies that share a counter."""
    monkeypatch.setattr(sensors, "POWERCAP", tmp_path)
    zones = {
        "laptop": {"0": ("package-0", 3_780), "0:0": ("core", 840), "0:1": ("uncore", 210), "1": ("psys", 9_610)},
        "server": {"0": ("package-0", 5_000), "0:0": ("dram", 700), "1": ("package-1", 9_000), "1:0": ("dram", 800)},
        "dies": {"0": ("package-0-die-0", 6_800), "1": ("package-0-die-1", 6_801)},
    }
    counted = {}
    for machine, known in zones.items():
        folder = tmp_path / machine
        for number, (name, joules) in known.items():
            zone = folder / f"intel-rapl:{number}"
            zone.mkdir(parents=True)
            (zone / "name").write_text(f"{name}\n")
            (zone / "energy_uj").write_text(str(joules * 1_000_000))
        monkeypatch.setattr(sensors, "POWERCAP", folder)
        counted[machine] = [file.parent.name for file in sensors._packages()]
    assert counted == {
        "laptop": ["intel-rapl:0"],
        "server": ["intel-rapl:0", "intel-rapl:1"],
        "dies": ["intel-rapl:0"],
    }


def test_a_table_reads_back_as_it_was_written(tmp_path: Path) -> None:
    cell = Cell(model="a, b", batch=8, path="onnx", precision="float32",
                image="32x32x3", state=cells.UNSTABLE, reason="known to 9 %, not better",
                measures={"latency": 1.25, "parameters": 12345678.0, "energy": 0.5}, clock=2400.0)  # fmt: skip
    cells.write(Table(surroundings={"device": "a: b", "threads": "2"}, cells=(cell,)), tmp_path / "one.csv")
    assert cells.read(tmp_path / "one.csv") == Table(surroundings={"device": "a: b", "threads": "2"}, cells=(cell,))
    (tmp_path / "other.csv").write_text("x,y\n1,2\n")
    with pytest.raises(TableError, match="columns `model` and `batch`"):
        cells.read(tmp_path / "other.csv")


@pytest.mark.gpu
def test_on_a_gpu_its_own_memory_clock_heat_and_energy_are_told(tmp_path: Path) -> None:
    paths = ("saved_model", "xla", "keras", "litert")
    settings = replace(FAST, image=None, classes=1000, paths=paths, batches=(1, 8))
    found = campaign.measure(["resnet/18"], settings, tmp_path / "here.csv")
    assert all(cell.is_timed for cell in found)
    for cell in found:
        if cell.path == "litert":  # runs on the processor
            continue
        assert 11_689_512 * 4e-6 < cell.measures["peak_memory"] < 2e3
        assert cell.clock > 100
        assert 20 < cell.temperature < 110
        assert cell.measures["energy"] > 0
    times = {(cell.path, cell.batch): cell.measures["latency"] for cell in found}
    assert times["saved_model", 8] < times["litert", 8]


@pytest.mark.slow
def test_a_timer_whose_process_dies_between_two_orders_says_so_and_takes_another(tmp_path: Path) -> None:
    made = building.made("mobilenet/tiny", FAST, ["litert"], str(tmp_path))
    order = Order(artefact=made["artefacts"]["litert"]["file"], batches=(1,), seconds=0.2, longest=60)
    with Timer("litert", 1) as timer:
        (first,) = timer.ask(order)
        timer._process.kill()
        timer._process.wait()
        with pytest.raises(GoneError):
            list(timer.ask(order))
        (again,) = timer.ask(order)
    assert min(first["measures"]["latency"], again["measures"]["latency"]) > 0


@pytest.mark.slow
def test_what_cannot_be_opened_is_a_cell_for_each_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"this is no network")
    made = building.made("mobilenet/tiny", replace(FAST, batches=(1, 8)), ["litert"], str(tmp_path))
    made["artefacts"]["litert"]["file"] = str(broken)
    monkeypatch.setattr(building, "made", lambda *_: made)
    found = campaign.measure(["mobilenet/tiny"], replace(FAST, paths=("litert",), batches=(1, 8)), tmp_path / "a.csv")
    assert [(cell.state, cell.batch) for cell in found] == [(cells.FAILED, 1), (cells.FAILED, 8)]
