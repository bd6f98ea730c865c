"""The language of a page: what `say` and `many` answer in English and in Russian."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir

from suite import report
from suite.core import seen
from suite.core.measures import MEASURES
from suite.core.paths import PATHS
from suite.report import phrases
from suite.report.language import LANGUAGES, catalogue, localised, many, say, sentences, spoken


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
    assert localised(text) == text


def test_a_number_in_a_sentence_is_written_in_its_language():
    with spoken("ru"):
        assert say("{share:.1f} % of {pictures:,}", share=93.25, pictures=1800) == "93,2 % of 1\N{NO-BREAK SPACE}800"


def test_a_text_in_a_sentence_stays_as_it_is():
    """It may be a number that is written already: 0,652 is not six hundred and fifty two."""
    with spoken("ru"):
        assert say("{value}", value=localised("0.652 ms")) == "0,652 мс"


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


ROOT = Path(report.__file__).parent
CONSTANTS = {"seen.TO_BEAT": seen.TO_BEAT}  # sentences that a terminal says too
Sentence = str | tuple[str, ...]


def written() -> Iterator[tuple[str, Sentence | None]]:
    """Yield where `say` and `many` are called in the report, and with which sentences; None: with no literal."""
    for file in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _called(node) in ("say", "many"):
                yield f"{file.name}:{node.lineno}", _literals(node)
    methods = [("**.jinja", "jinja2"), ("**.js", "javascript")]
    for file, line, said, *_ in extract_from_dir(ROOT, method_map=methods, keywords={"say": None, "many": (2, 3)}):
        yield f"{file}:{line}", said


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func).removeprefix("language.")


def _literals(call: ast.Call) -> Sentence | None:
    said = call.args[:1] if _called(call) == "say" else call.args[1:3]
    texts = [CONSTANTS.get(ast.unparse(one), getattr(one, "value", None)) for one in said]
    if not all(isinstance(text, str) for text in texts):
        return None
    return texts[0] if len(texts) == 1 else tuple(texts)


def of_measures() -> list[Sentence]:
    return [text for one in MEASURES.values() for text in (one.title, one.unit, one.meaning) if text]


def names(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


# Of a measure and of whatever else has a name, one function in the whole report looks it up.
BY_NAME = {"phrases.py", "language.py"}


def test_what_is_said_is_a_literal_so_that_it_can_be_translated():
    assert [place for place, said in written() if said is None and place.partition(":")[0] not in BY_NAME] == []


def test_every_sentence_of_the_page_has_a_translation_and_every_translation_a_sentence():
    known = {tuple(one.id) if isinstance(one.id, (tuple, list)) else one.id for one in catalogue("ru") if one.id}
    wanted = {said for place, said in written() if said is not None}
    wanted |= set(of_measures()) | set(PATHS.values())
    assert sorted(map(str, wanted - known)) == []
    assert sorted(map(str, known - wanted)) == []


@pytest.mark.parametrize("message", [one for one in catalogue("ru") if one.id], ids=lambda one: str(one.id)[:40])
def test_a_translation_has_a_place_for_what_its_sentence_has(message):
    originals = [message.id] if isinstance(message.id, str) else list(message.id)
    forms = [message.string] if isinstance(message.string, str) else list(message.string)
    assert len(forms) == (1 if isinstance(message.id, str) else 3)
    assert not message.fuzzy
    assert len(forms) == 1 or all("{number" in form for form in forms)  # the first is also that of 21
    for form in forms:
        assert form
        assert names(form) - {"number"} == names(originals[-1]) - {"number"}  # a form may leave its number out
        assert [original[:1] == " " for original in originals[:1]] == [form[:1] == " "]


@pytest.mark.parametrize(
    ("measure", "value", "english", "russian"),
    [
        (
            "parameters",
            438_359_116.0,
            "438,359,116 parameters",
            "438\N{NO-BREAK SPACE}359\N{NO-BREAK SPACE}116 параметров",
        ),
        ("parameters", 1_000_002.0, "1,000,002 parameters", "1\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}002 параметра"),
        ("macs", 1.0, "1 multiply-add", "1 умножение со сложением"),
        ("latency", 1.5, "1.5 ms", "1,5 мс"),
    ],
)
def test_what_a_measure_counts_declines_with_its_number(measure: str, value: float, english: str, russian: str) -> None:
    assert phrases.amount(measure, value).replace("1.50", "1.5") == english
    with spoken("ru"):
        assert phrases.amount(measure, value).replace("1,50", "1,5") == russian
