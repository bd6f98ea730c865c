"""Texts as numbers: is every text kept, in any script, and what do the numbers that frame it mean?"""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.datasets.tokens import LEAST, Tokens

CAPTIONS = [f"a photo of a {animal} in the {place}" for animal in ("cat", "dog", "cow") for place in ("sun", "rain")]
LEARNED = Tokens.learned(CAPTIONS, 1000)


@given(st.text(max_size=40))
def test_every_text_in_any_script_comes_back_in_small_letters(text: str) -> None:
    plain = unicodedata.normalize("NFKC", text).lower()
    if unicodedata.normalize("NFKC", plain) == plain:  # what small letters compose to is another matter
        back = LEARNED.text(LEARNED.numbers([text], LEARNED.longest([text]))[0])
        assert back.split() == plain.split()


def test_a_text_is_framed_by_its_start_and_end_then_filled_with_zeros() -> None:
    numbers = LEARNED.numbers(["a photo of a cat in the sun", "a cat"], 12)
    assert numbers.dtype == np.int32
    assert numbers.shape == (2, 12)
    long, short = numbers.tolist()
    assert long[:1] + long[9:] == [1, 2, 0, 0]
    assert short[:1] + short[3:5] == [1, 2, 0]
    assert not any(set(row) & {0, 1, 2} for row in (long[1:9], short[1:3]))


def test_a_text_that_is_too_long_is_cut_before_its_end() -> None:
    whole, cut = (LEARNED.numbers(["a photo of a cat in the sun"], length)[0].tolist() for length in (10, 6))
    assert cut == [*whole[:5], 2]


def test_words_that_occur_often_are_one_piece() -> None:
    assert LEARNED.longest(["a photo of a cat in the rain"]) == 8 + 2
    assert LEARNED.longest(["zebra"]) > 1 + 2


def test_there_are_no_more_pieces_than_asked_for_but_one_for_each_byte() -> None:
    assert LEAST < LEARNED.count < 1000
    assert Tokens.learned(CAPTIONS, LEAST + 5).count == LEAST + 5
    assert Tokens.learned(CAPTIONS, 1).count == LEAST
    assert LEARNED.numbers(["žluťoučký 猫 🐈"], 40).max() < LEARNED.count


def test_pieces_are_learned_alike_and_read_back() -> None:
    again, read = Tokens.learned(iter(CAPTIONS), 1000), Tokens.read(LEARNED.written)
    for other in (again, read):
        np.testing.assert_array_equal(other.numbers(CAPTIONS, 16), LEARNED.numbers(CAPTIONS, 16))


@pytest.mark.parametrize("texts", [["A PHOTO of a Cat"], ["a  photo of  a cat"]])
def test_capitals_do_not_count(texts: list[str]) -> None:
    pieces = LEARNED.numbers(texts, 16)[0]
    assert LEARNED.text(pieces).split() == ["a", "photo", "of", "a", "cat"]
