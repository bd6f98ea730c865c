"""Small folders of pictures for tests."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image


def noise(seed: int, size: tuple[int, int] = (12, 10), mode: str = "RGB") -> Image.Image:
    """A picture of random pixels, `size` = (width, height)."""
    generator = np.random.default_rng(seed)
    if mode == "I;16":
        return Image.fromarray(generator.integers(0, 65536, size[::-1]).astype(np.uint16))
    return Image.fromarray(generator.integers(0, 256, (*size[::-1], 3), np.uint8)).convert(mode)


def encoded(picture: Image.Image, form: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form)
    return buffer.getvalue()


def fill(folder: Path, seeds: Iterable[int], mode: str = "RGB", size: tuple[int, int] = (12, 10)) -> None:
    """Put a PNG for each seed into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        noise(seed, size, mode).save(folder / f"{seed}.png")
