"""A lecture's table of networks, compared with the papers and with our counts.

python benchmarks/lecture.py

`lecture.csv` holds the accuracies and sizes of 18 networks as a lecture's table has them. The table came to this
project with its first list of architectures; it names neither its author nor its sources. Where the lecture's accuracy
is not the paper's, or its count is more than 3 % from ours, the column `why` says what the lecture's figure is of.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import pandas as pd

from suite import architectures


def compared() -> pd.DataFrame:
    """Return a row for each network: the lecture's figures, the paper's accuracy, our count, and why they differ."""
    table = pd.read_csv(Path(__file__).with_name("lecture.csv"), keep_default_na=False)
    published, recorded = architectures.published(), architectures.recorded()
    return pd.DataFrame(
        {
            "network": row["name"],
            "lecture_top1": float(row["top1"]),
            "paper_top1": published[row["name"]].top1,
            "lecture_parameters": int(row["parameters"]),
            "our_parameters": recorded[row["name"]].parameters if row["name"] in recorded else None,
            "why": row["why"],
        }
        for row in table.to_dict("records")
    )


def main() -> None:
    """Print the figures side by side, and below them why some differ."""
    table = compared()
    print(table.drop(columns="why").to_string(index=False))
    for network, why in zip(table["network"], table["why"], strict=True):
        if why:
            print(textwrap.fill(f"{network}: {why}", 100, initial_indent="\n"))


if __name__ == "__main__":
    main()
