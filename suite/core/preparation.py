"""How the pictures of a folder become a dataset."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """What is done with the pictures of a folder, before any network sees them."""

    background: str = "white"  # below what is transparent: `white`, `grey`, `black` or `#rrggbb`
    skip_broken: bool = False  # whether files that cannot be read are left out
    keep_copies: bool = False  # whether held-out copies of pictures in an earlier split are kept
