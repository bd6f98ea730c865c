"""The language of a page: what `say` and `many` answer in English and in Russian."""

from __future__ import annotations

import pytest

from suite.report.language import LANGUAGES, localised, many, say, sentences, spoken


def test_english_is_spoken_unless_a_page_asks_otherwise():
    assert many(5_000, "{number:,} trial", "{number:,} trials") == "5,000 trials"
    with spoken("ru"):
        assert many(5_000, "{number:,} trial", "{number:,} trials") == "5\N{NO-BREAK SPACE}000 испытаний"
    assert many(1, "{number:,} trial", "{number:,} trials") == "1 trial"
    assert not sentences()


@pytest.mark.parametrize(
    ("number", "word"),
    [(1, "испытание"), (2, "испытания"), (5, "испытаний"), (11, "испытаний"), (21, "испытание"), (112, "испытаний")],
)
def test_russian_has_three_forms_for_a_number_of_things(number, word):
    with spoken("ru"):
        assert many(number, "{number:,} trial", "{number:,} trials") == f"{number} {word}"


@pytest.mark.parametrize(
    ("text", "russian"),
    [
        ("0.34 ms", "0,34 мс"),
        ("1,234.5", "1\N{NO-BREAK SPACE}234,5"),
        ("93.2 %", "93,2 %"),
        ("-1.5", "-1,5"),
        ("1.2e-05", "1,2e-05"),
        ("resnet/7.5", "resnet/7.5"),
        ("1.5 or 2.5", "1.5 or 2.5"),
        ("[8, 16]", "[8, 16]"),
        ("", ""),
    ],
)
def test_numbers_are_written_as_the_language_writes_them_and_names_stay(text, russian):
    with spoken("ru"):
        assert localised(text) == russian
        assert say("{value}", value=text) == russian
    assert localised(text) == text


def test_a_number_in_a_sentence_is_written_in_its_language():
    with spoken("ru"):
        assert say("{share:.1f} % of {pictures:,}", share=93.25, pictures=1800) == "93,2 % of 1\N{NO-BREAK SPACE}800"


def test_a_sentence_without_a_translation_stays_english():
    with spoken("ru"):
        assert say("No one translated {this}.", this="it") == "No one translated it."


def test_an_exception_leaves_the_language_as_it_was():
    with pytest.raises(RuntimeError, match="stop"), spoken("ru"):
        raise RuntimeError("stop")
    assert say("ms") == "ms"


def test_every_language_has_a_catalogue_or_is_english():
    for language in LANGUAGES:
        with spoken(language):
            assert bool(sentences()) == (language != "en")
