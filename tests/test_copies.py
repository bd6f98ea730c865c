"""Which pictures are taken for copies of each other, and which are only alike."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from sklearn.datasets import load_digits, load_sample_images

from suite import datasets
from suite.core.preparation import Preparation
from suite.datasets import copies
from suite.pictures.viewing import view
from tests.pictures import encoded, noise

SPLITS = ("train", "validation", "test")


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "prepared"))


def photos() -> list[Image.Image]:
    return [Image.fromarray(image).resize((320, 214)) for image in load_sample_images().images]


def scene(number: int, size: int = 120) -> Image.Image:
    """A picture with large forms and fine grain, unlike any other."""
    coarse = noise(number, (6, 6)).resize((size, size), Image.Resampling.BICUBIC)
    return Image.blend(coarse, noise(number + 5000, (size, size)), 0.15).filter(ImageFilter.GaussianBlur(1))


def groups(pictures: list[Image.Image], folder: Path) -> list[int]:
    sights = copies.Sights(folder)
    names = [str(number) for number in range(len(pictures))]
    for name, picture in zip(names, pictures, strict=True):
        sights.add(name, copies.sight(view(encoded(picture, "PNG"))))
    found = sights.groups(names)
    return [found[name] for name in names]


def jpeg(picture: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


COPIES = {
    "jpeg 90": lambda picture: jpeg(picture, 90),
    "jpeg 40": lambda picture: jpeg(picture, 40),
    "half as large": lambda picture: picture.resize((picture.width // 2, picture.height // 2)),
    "a quarter": lambda picture: picture.resize((picture.width // 4, picture.height // 4), Image.Resampling.LANCZOS),
    "larger": lambda picture: picture.resize((picture.width * 2, picture.height * 2)),
}


@pytest.mark.parametrize("change", COPIES.values(), ids=COPIES)
def test_a_picture_in_another_size_format_or_quality_is_a_copy(change, tmp_path: Path) -> None:
    originals = [*photos(), *map(scene, range(20))]
    found = groups([*originals, *map(change, originals)], tmp_path)
    half = len(originals)
    assert found[:half] == found[half:]
    assert len(set(found)) == half


def test_pictures_that_are_alike_only_are_no_copies(tmp_path: Path) -> None:
    digits = [Image.fromarray((image * 255 / 16).astype(np.uint8)) for image in load_digits().images[:900]]
    others = {
        "another crop": lambda picture: picture.crop((9, 9, picture.width, picture.height)),
        "a mirror": lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        "in grey": lambda picture: picture.convert("L"),
        "other colours": lambda picture: Image.merge("RGB", picture.split()[::-1]),
    }
    changed = [change(picture) for picture in photos() for change in others.values()]
    plain = [Image.new("RGB", (20, 20), (shade, 40, 40)) for shade in range(0, 250, 3)]
    pictures = [*digits, *photos(), *changed, *plain, *(noise(number, (20, 20)) for number in range(50))]
    assert len(set(groups(pictures, tmp_path))) == len(pictures)


def test_the_same_pixels_are_a_copy_however_plain(tmp_path: Path) -> None:
    plain = [Image.new("L", (20, 20), 7), Image.new("L", (20, 20), 7), Image.new("L", (20, 20), 8)]
    first, second, third = groups(plain, tmp_path)
    assert first == second != third


def test_neighbours_in_the_order_of_hashes_are_those_that_differ_in_few_bits() -> None:
    """Against all pairs: what shares a band, and has few neighbours, is found."""
    generator = np.random.default_rng(0)
    hashes = generator.integers(0, 2**63, 300).astype(np.uint64)
    for place in range(0, 300, 3):  # its neighbour differs by up to five bits
        flips = generator.choice(64, place % 6, replace=False)
        hashes[place + 1] = hashes[place] ^ np.uint64(sum(1 << int(bit) for bit in flips))
    thumbnails = np.broadcast_to(np.arange(copies.SIDE**2 * 3) % 256, (300, copies.SIDE**2 * 3)).astype(np.uint8)
    found = {tuple(sorted(pair)) for pair in copies.near(hashes, thumbnails).tolist()}
    naive = {
        (a, b) for a, b in itertools.combinations(range(300), 2) if bin(hashes[a] ^ hashes[b]).count("1") <= copies.MOST
    }
    assert found == naive


def test_copies_in_the_held_out_splits_are_left_out_unless_most_of_a_class_look_alike(tmp_path: Path) -> None:
    root, grain = tmp_path / "set", itertools.count()
    for part, start, count in (("train", 0, 12), ("test", 50, 8)):
        for label in ("forest", "town"):
            (root / part / label).mkdir(parents=True)
            for number in range(start, start + count):
                scene(number + 300 * (label == "town")).save(root / part / label / f"{number}.png")
        (root / part / "camera").mkdir()
        for number in range(count):  # a camera that never moves
            picture = Image.blend(scene(999), noise(7000 + next(grain), (120, 120)), 0.02)
            picture.save(root / part / "camera" / f"{number}.png")
    scene(3).resize((70, 70)).save(root / "test" / "forest" / "again.jpg", quality=80)
    scene(4).save(root / "test" / "town" / "in another class.png", compress_level=0)
    data = datasets.load(str(root), (32, 32, 3))
    assert data.sizes["test"] == 24
    assert "2 of 26 test pictures: left out, as copies of train or validation pictures" in data.notes
    assert any(note.startswith("most test pictures of class 'camera' look like") for note in data.notes)
    assert any(note.startswith("most pictures of class 'camera' look alike") for note in data.notes)
    kept = datasets.load(str(root), (32, 32, 3), Preparation(keep_copies=True))
    assert kept.sizes["test"] == 26
    assert kept.digest != data.digest


def test_copies_within_a_folder_that_is_not_split_come_into_one_split(tmp_path: Path) -> None:
    root = tmp_path / "set"
    for label in ("forest", "town"):
        (root / label).mkdir(parents=True)
        for number in range(30):
            picture = scene(number + 300 * (label == "town"))
            picture.save(root / label / f"{number}.png")
            if number % 3 == 0:
                picture.resize((80, 80)).save(root / label / f"{number}.jpg", quality=70)
    data = datasets.load(str(root), (32, 32, 3))
    assert sum(data.sizes.values()) == 80
    homes = [split for split in SPLITS for picture, label in data.samples(split, 99)]
    small = [np.asarray(Image.fromarray(picture).resize((8, 8)), int)
             for split in SPLITS for picture, _ in data.samples(split, 99)]  # fmt: skip
    for (one, home), (other, elsewhere) in itertools.combinations(zip(small, homes, strict=True), 2):
        if np.abs(one - other).mean() < 4:
            assert home == elsewhere
    assert data.notes == ()
