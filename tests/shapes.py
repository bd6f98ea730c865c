"""A small world that words describe: coloured shapes on grey, anywhere and of any size."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

COLOURS = {"red": (230, 30, 30), "green": (30, 190, 40), "blue": (40, 60, 230), "yellow": (235, 215, 30)}
SHAPES = ("circle", "square", "triangle")
SIDE = 32  # pixels
NAMES = tuple(f"{colour}_{shape}" for colour, shape in itertools.product(COLOURS, SHAPES))


def drawn(colour: str, shape: str, luck: np.random.Generator) -> Image.Image:
    """Draw a shape where and as large as `luck` wants."""
    picture = Image.new("RGB", (SIDE, SIDE), tuple(int(x) for x in luck.integers(100, 140, 3)))
    size = int(luck.integers(12, 22))
    left, top = (int(x) for x in luck.integers(1, SIDE - size - 1, 2))
    box, pen = (left, top, left + size, top + size), ImageDraw.Draw(picture)
    if shape == "circle":
        pen.ellipse(box, COLOURS[colour])
    elif shape == "square":
        pen.rectangle(box, COLOURS[colour])
    else:
        pen.polygon([(left, top + size), (left + size, top + size), (left + size // 2, top)], COLOURS[colour])
    return picture


def captions(colour: str, shape: str) -> list[str]:
    return [f"a {colour} {shape}", f"there is a {shape} and it is {colour}", f"{colour.title()} {shape}!"]


def world(folder: Path, each: int, seed: int = 0) -> Path:
    """Fill `folder` with `each` pictures of every class in a folder of its own, beside `captions.csv`; return that."""
    luck, rows = np.random.default_rng(seed), []
    for name, number in itertools.product(NAMES, range(each)):
        colour, shape = name.split("_")
        file = folder / name / f"{name}{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        drawn(colour, shape, luck).save(file)
        rows += [(file.relative_to(folder), text) for text in captions(colour, shape)]
    return table(folder / "captions.csv", rows)


def table(file: Path, rows: list[tuple[object, str]]) -> Path:
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("file", "caption"), *rows])
    return file


def colour_of(picture: np.ndarray) -> str:
    """Return the colour of the shape on a picture (H, W, 3), 0 to 255: of the pixel that is least grey."""
    pixels = picture.reshape(-1, 3)
    found = pixels[np.ptp(pixels, axis=1).argmax()]
    return min(COLOURS, key=lambda name: float(np.abs(found - COLOURS[name]).sum()))


def epochs(batches: object) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield each picture, 0 to 255, with its text in numbers."""
    for batch in batches:  # type: ignore[attr-defined]
        yield from zip(batch["image"].numpy() * 127.5 + 127.5, batch["text"].numpy(), strict=True)
