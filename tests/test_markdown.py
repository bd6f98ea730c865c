"""The report as Markdown: what a renderer makes of it, whatever the names, and what a reader of the text sees."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from suite.report.comparison import beside, compare
from suite.report.shown import shown
from suite.report.study import markdown, tables
from tests import studies
from tests.commands import suite
from tests.report_runs import families, on_other_pictures, run, study, trial

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "reports" / "quickstart-digits-2-cores" / "trials.csv"
GITHUB = MarkdownIt("commonmark").enable("table")


def cells(text: str) -> list[list[str]]:
    """The rows of the tables of a text as a renderer shows them."""
    rows: list[list[str]] = []
    for token in GITHUB.parse(text):
        if token.type == "tr_open":
            rows.append([])
        if token.type == "inline" and rows and token.level > 3:
            assert {child.type for child in token.children or ()} <= {"text", "text_special"}, token.content
            rows[-1].append("".join(child.content for child in token.children or ()))
    return rows


def test_the_table_is_the_front() -> None:
    comparison = compare(families(25))
    head, *rows = cells(markdown.text(comparison))
    assert head[:4] == ["trial", "Accuracy (top-1), %", "Latency, ms", "Parameters"]
    front = sorted(comparison.front, key=lambda entry: -entry.trial.measures["accuracy"])
    assert [row[0] for row in rows] == [entry.name for entry in front]
    for row, entry in zip(rows, front, strict=True):
        assert float(row[1]) == pytest.approx(entry.trial.measures["accuracy"], abs=0.006)
        low, high = entry.trial.measures["latency_low"], entry.trial.measures["latency_high"]
        assert row[2].endswith(f"({low:.3g} to {high:.3g})")
        assert row[3] == f"{entry.trial.measures['parameters']:,.0f}"


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1), min_size=4, max_size=4)
)
def test_what_others_have_named_is_never_markup(words: list[str]) -> None:
    head, row = words[:2], words[2:]
    assert cells(markdown.table(head, [row], [False, True])) == [head, row]


def test_markup_and_pipes_in_names_are_shown_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("model,accuracy,latency\n<img src=x>|a*b*,90,1\n[b](http://x) `c`,95,2\n")
    printed = suite("report", tmp_path / "t.csv", "--format", "md", "-o", "-")
    assert [row[0] for row in cells(printed.stdout)[1:]] == ["[b](http://x) `c`", "<img src=x>|a*b*"]
    assert "<img" not in GITHUB.render(printed.stdout)


def test_columns_stand_below_each_other_in_the_text() -> None:
    lines = [line for line in markdown.text(compare(families(25))).splitlines() if line.startswith("|")]
    assert len({len(line) for line in lines}) == 1
    places = {tuple(i for i, letter in enumerate(line) if letter == "|") for line in lines}
    assert len(places) == 1


def test_the_answer_and_the_question_come_first_and_the_figure_is_beside(tmp_path: Path) -> None:
    file = markdown.write(families(25), tmp_path)
    text = file.read_text(encoding="utf-8")
    assert text.index(study().question) < text.index("- Take ") < text.index("| trial")
    images = [
        child.attrs["src"] for token in GITHUB.parse(text) for child in token.children or () if child.type == "image"
    ]
    assert images == ["front-latency.png"]
    assert (tmp_path / "front-latency.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_without_a_front_says_so(tmp_path: Path) -> None:
    failed = dataclasses.replace(run(), trials=(trial(1, state="failed", reason="out | of memory"),))
    text = markdown.write([failed], tmp_path).read_text()
    assert "no front to show" in text
    assert "|" not in text


def test_it_is_written_into_a_folder_or_printed_with_the_figure_that_is_there(tmp_path: Path) -> None:
    printed = suite("report", TABLE, "--format", "md", "-o", "-", cwd=tmp_path)
    assert printed.stdout.startswith("## trials\n")
    assert "![" not in printed.stdout
    written = suite("report", TABLE, "--format", "md", cwd=tmp_path)
    assert Path(written.stdout.strip()).read_text().startswith(printed.stdout.strip())
    again = suite("report", TABLE, "--format", "md", "-o", "-", cwd=tmp_path)
    assert "](<runs/report/front-latency.png>)" in again.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["t.csv", "-o", "-"], "add --format md"),
        (["--catalogue", "t.csv", "--format", "md"], "not with --catalogue"),
    ],
)
def test_what_does_not_go_together_is_said(tmp_path: Path, words: list[str], said: str) -> None:
    (tmp_path / "t.csv").write_text("model,accuracy,latency\na,90,1\n")
    refused = suite("report", *words, cwd=tmp_path)
    assert refused.returncode == 2
    assert said in refused.stderr


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("`suite export a_b 1 exports` exports *it*.", "<code>suite export a_b 1 exports</code> exports *it*."),
        ("Take a`b: <b>1</b>.", "Take a`b: &lt;b&gt;1&lt;/b&gt;."),
        ("Ask ``x`` now", "Ask ``x`` now"),
    ],
)
def test_commands_in_sentences_are_code_and_nothing_else_is_markup(sentence: str, shown: str) -> None:
    assert GITHUB.renderInline(markdown.with_code(sentence)) == shown


def test_a_question_of_several_runs_is_asked_once() -> None:
    assert markdown.text(compare(families(5))).count(study().question) == 1
    assert studies.study().question == ""


def test_of_several_data_sets_each_has_its_answer_and_every_row_says_which_it_is_of(tmp_path: Path) -> None:
    known = families(25)
    both = [*known, *map(on_other_pictures, known)]
    text = markdown.write(both, tmp_path).read_text()
    head, *rows = cells(text)
    assert head[:2] == ["trial", "dataset"]
    assert {row[1] for row in rows} == {"digits", "flowers"}
    assert all(("-flowers/" in row[0]) == (row[1] == "flowers") for row in rows)
    assert "### digits" in text
    assert "### flowers" in text
    assert [Path(found).is_file() for found in map(str, tmp_path.glob("front-*.png"))] == [True, True]
    assert all(f"](<{file.name}>)" in text for file in tmp_path.glob("front-*.png"))


def test_the_tables_of_several_data_sets_have_a_column_that_names_them_and_of_one_they_have_none() -> None:
    known = families(12)
    both = beside([*known, *map(on_other_pictures, known)])
    frame, found = tables.every_trial(both), shown(both)
    assert set(frame["dataset"]) == {"digits", "flowers"}
    assert (frame["run"].str.endswith("-flowers") == (frame["dataset"] == "flowers")).all()
    assert list(found.columns[:2]) == ["trial", "dataset"]
    fronts = [[row["trial"] for row in shown(side).rows] for side in both.sides]
    assert [row["trial"] for row in found.rows] == [name for front in fronts for name in front]
    assert any(sentence.startswith("flowers: ") for sentence in found.sentences)
    assert "dataset" not in tables.every_trial(compare(known))
    assert "dataset" not in shown(compare(known)).columns
