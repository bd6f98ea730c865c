"""Pictures with classes from a Debian package of public-domain drawings, for benchmarks of transfer learning.

    apt-get download openclipart-png && dpkg -x openclipart-png_*.deb DRAWINGS
    python benchmarks/cliparts.py DRAWINGS PICTURES                  six of its categories, as folders of small PNG
    python benchmarks/cliparts.py DRAWINGS PICTURES --categories animals food tools --side 128

An installed package needs no DRAWINGS folder: give `/`. The pictures are at most `side` pixels wide and high, and keep
their transparency. The package shows a drawing of two categories by a link: links are left out, and so are drawings
that Pillow cannot read. https://packages.debian.org/openclipart-png
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image
from tqdm import tqdm

PLACE = "usr/share/openclipart/png"
CATEGORIES = ("people", "food", "animals", "transportation", "geography", "tools")


def drawings(place: Path, category: str) -> Iterator[Path]:
    """Yield the drawings of a category, in the order of their names."""
    return (file for file in sorted((place / category).rglob("*.png")) if file.is_file() and not file.is_symlink())


def reduced(file: Path, side: int) -> Image.Image | None:
    """Return a drawing of at most `side` pixels a side, with its transparency; None if it cannot be read."""
    try:
        with Image.open(file) as picture:
            picture = picture.convert("RGBA")
    except (OSError, SyntaxError, ValueError):  # what Pillow raises for damaged files
        return None
    picture.thumbnail((side, side))
    return picture


def make(root: Path, into: Path, categories: Sequence[str] = CATEGORIES, side: int = 256) -> dict[str, int]:
    """Write the pictures of `categories` to `into/CATEGORY/NUMBER.png`; return how many each has."""
    Image.MAX_IMAGE_PIXELS = None  # one drawing has 168 megapixels
    place = root / PLACE if (root / PLACE).is_dir() else root
    if missing := [category for category in categories if not (place / category).is_dir()]:
        raise SystemExit(f"{place}: no category {', '.join(missing)}. Unpack the package there: see --help.")
    for category in categories:
        (into / category).mkdir(parents=True, exist_ok=True)
        for number, file in enumerate(tqdm(list(drawings(place, category)), desc=category, ascii=True)):
            picture = reduced(file, side)
            if picture is not None:
                picture.save(into / category / f"{number:04d}.png")
    return {category: len(list((into / category).glob("*.png"))) for category in categories}


def main() -> None:
    """Make the pictures that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("drawings", type=Path, help="the unpacked package, or / if it is installed")
    parser.add_argument("pictures", type=Path, help="the folder to write")
    parser.add_argument("--categories", nargs="+", default=CATEGORIES)
    parser.add_argument("--side", type=int, default=256, help="most pixels a side")
    asked = parser.parse_args()
    counts = make(asked.drawings, asked.pictures, asked.categories, asked.side)
    print(f"{asked.pictures}: {sum(counts.values())} pictures")
    for category, count in counts.items():
        print(f"  {category:16} {count:5}")


if __name__ == "__main__":
    main()
