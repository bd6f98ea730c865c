"""What each random change of a recipe does to a picture: a row for each, drawn from the seed.

python benchmarks/augmentations.py -o augmentations.jpg
python benchmarks/augmentations.py ~/flowers/rose/1.jpg ~/flowers/tulip/2.jpg -o augmentations.jpg --side 160

Without a picture it takes the two that come with Matplotlib. With two or more, `mixup` and `cutmix` show what they mix.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from suite.machine.quiet import load_tensorflow

load_tensorflow()

import matplotlib as mpl  # noqa: E402
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from suite.core.recipe import Augmentation  # noqa: E402
from suite.datasets.augment import augmented  # noqa: E402
from suite.datasets.mixing import mixed  # noqa: E402
from suite.pictures.graph import decoded, framed  # noqa: E402

ROWS = {
    "flip": Augmentation(flip=True),
    "shift = 0.2": Augmentation(shift=0.2),
    "crop = 0.3": Augmentation(crop=0.3),
    "colour = 0.4": Augmentation(colour=0.4),
    "randaugment = 6": Augmentation(randaugment=6.0),
    "augmix = 3": Augmentation(augmix=3.0),
    "erase = 0.5": Augmentation(erase=0.5),
    "mixup = 0.4": Augmentation(mixup=0.4),
    "cutmix = 1": Augmentation(cutmix=1.0),
}
COLUMNS = 8


def samples() -> list[Path]:
    """Return the files of the pictures that come with Matplotlib."""
    folder = Path(mpl.get_data_path()) / "sample_data"
    return [folder / "grace_hopper.jpg", folder / "Minduka_Present_Blue_Pack.png"]


def drawn(files: list[Path], side: int, seed: int) -> dict[str, np.ndarray]:
    """Return pictures [COLUMNS, side, side, 3] for each row: the files in turn, each changed in its own way."""
    pictures = [framed(decoded(tf.io.read_file(str(file))), (side, side, 3)) for file in files]
    batch = tf.stack([pictures[number % len(pictures)] for number in range(COLUMNS)])
    labels, start = tf.range(COLUMNS) % len(pictures), tf.constant([seed, 1], tf.int64)
    rows = {"as it is": batch.numpy()}
    for name, augmentation in ROWS.items():
        changed = augmented(batch, start, augmentation)
        rows[name] = (
            mixed(changed, labels, len(files), start, augmentation)[0] if augmentation.mixes else changed
        ).numpy()
    return rows


def draw(rows: dict[str, np.ndarray], file: Path) -> None:
    """Write the figure."""
    figure, places = plt.subplots(len(rows), COLUMNS, figsize=(COLUMNS, len(rows)), layout="constrained")
    for (name, pictures), line in zip(rows.items(), places, strict=True):
        for picture, place in zip(pictures, line, strict=True):
            place.imshow(np.clip(np.round(picture), 0, 255).astype("uint8"))
            place.set(xticks=[], yticks=[])
            place.spines[:].set_visible(False)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=8)
    figure.savefig(file, dpi=100)


def main() -> None:
    """Draw the figure of the pictures that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="*", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--side", type=int, default=96, help="pixels")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    draw(drawn(asked.pictures or samples(), asked.side, asked.seed), asked.output)
    print(f"wrote {asked.output}")


if __name__ == "__main__":
    main()
