"""Which pictures of a class show the same, though their files differ: in another size, format or quality.

Two pictures are copies if they have the same pixels, or if their perceptual hashes (pHash) differ by 4 of 64 bits at
most and their thumbnails by a small share of their contrast. Pictures without contrast have no hash that says anything:
of them only the same pixels count.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from suite.pictures.viewing import View

SIDE = 32  # pixels of a thumbnail
ROUGH = 4  # times as large is a picture reduced quickly at first
BITS = 64  # of a hash
MOST = 4  # bits by which the hashes of copies differ
BAND = BITS // (MOST + 1)  # of so many bits in a row, copies share at least one
WINDOW = 32  # neighbours, in the order of a band, that a picture is compared with
CONTRAST = 8.0  # standard deviation of a thumbnail, of 255, below which it says nothing
SHARE = 0.08  # of the contrast, that copies may differ by: JPEG of quality 40 takes 0.06, other letters 0.14
PAIRS = 2**11  # compared at a time

Sight = tuple[str, int, bytes]  # digest of the pixels, perceptual hash, thumbnail (RGB, SIDE x SIDE)


class Sights:
    """What is remembered of each picture: the digest of its pixels, its perceptual hash, and its thumbnail on disk."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "thumbnails"
        self._places: dict[str, int] = {}
        self._hashes: list[int] = []
        self.looks: dict[str, str] = {}  # digest of the pixels, by content

    def add(self, content: str, sight: Sight) -> None:
        """Remember the sight of a picture."""
        self.looks[content], hashed, thumbnail = sight
        self._places[content] = len(self._hashes)
        self._hashes.append(hashed)
        with self._file.open("ab") as file:
            file.write(thumbnail)

    def groups(self, contents: Sequence[str]) -> dict[str, int]:
        """Return the number of the group of copies that each picture is in; a picture may be alone in its group."""
        places = [self._places[content] for content in contents]
        thumbnails = np.memmap(self._file, np.uint8, "r").reshape(-1, SIDE * SIDE * 3)[places]
        hashes = np.array([self._hashes[place] for place in places], np.uint64)
        equal = _equal([self.looks[content] for content in contents])
        found = np.concatenate([equal, near(hashes, thumbnails)])
        joined = coo_array((np.ones(len(found)), found.T), shape=(len(contents), len(contents)))
        return dict(zip(contents, connected_components(joined, directed=False)[1].tolist(), strict=True))


def sight(view: View) -> Sight:
    """Return what is remembered of a picture."""
    look = blake2b(repr(view.pixels.shape).encode() + view.pixels.tobytes()).hexdigest()
    small = view.image.reduce(max(1, min(view.image.size) // (ROUGH * SIDE)))
    bits = np.packbits(imagehash.phash(small).hash.ravel())
    thumbnail = small.resize((SIDE, SIDE), Image.Resampling.BILINEAR).convert("RGB")
    return look, int.from_bytes(bits.tobytes(), "big"), thumbnail.tobytes()


def _equal(looks: Sequence[str]) -> np.ndarray:
    """Return pairs of pictures with the same pixels, [N, 2]: each with the first of its kind."""
    first: dict[str, int] = {}
    pairs = [(first.setdefault(look, place), place) for place, look in enumerate(looks)]
    return np.array([pair for pair in pairs if pair[0] != pair[1]], np.int64).reshape(-1, 2)


def near(hashes: np.ndarray, thumbnails: np.ndarray) -> np.ndarray:
    """Return pairs of near copies, [N, 2], from hashes (uint64 [n]) and thumbnails (uint8 [n, SIDE * SIDE * 3]).

    Hashes are sorted by each of their bands in turn, and compared with their neighbours: the work grows as n log n.
    """
    found = []
    for turn in range(0, BITS, BAND):
        turned = (hashes << np.uint64(turn)) | (hashes >> np.uint64((BITS - turn) % BITS))
        order = np.argsort(turned, kind="stable")
        for step in range(1, min(WINDOW, len(order) - 1) + 1):
            one, other = order[:-step], order[step:]
            close = np.bitwise_count(hashes[one] ^ hashes[other]) <= MOST
            found.append(np.stack([one[close], other[close]], axis=1))
    pairs = np.unique(np.concatenate([np.zeros((0, 2), np.int64), *found]), axis=0)
    blocks = [pairs[start : start + PAIRS] for start in range(0, len(pairs), PAIRS)]
    kept = [block[_alike(thumbnails[block[:, 0]], thumbnails[block[:, 1]])] for block in blocks]
    return np.concatenate([np.zeros((0, 2), np.int64), *kept])


def _alike(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return for each pair of thumbnails whether they differ by little."""
    contrast = np.minimum(_contrast(some), _contrast(others))
    difference = np.sqrt(((some.astype(np.float32) - others) ** 2).mean(axis=1))
    return (contrast >= CONTRAST) & (difference <= SHARE * contrast)


def _contrast(thumbnails: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each thumbnail within its channels: a plain colour has none."""
    return np.sqrt(thumbnails.reshape(-1, SIDE * SIDE, 3).var(axis=1, dtype=np.float32).mean(axis=1))
