"""Does a notebook get what the terminal and the page say, without TensorFlow, and is what its page shows true?"""

from __future__ import annotations

import doctest
import io
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

import suite
from suite.core.errors import NothingFitsError, StoreError, SuiteError
from suite.core.study import Constraint
from suite.notebook.loading import Loaded
from suite.report import choice
from suite.report.comparison import compare
from suite.search import folder
from tests import studies
from tests.commands import suite as command
from tests.report_runs import families

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "reports" / "quickstart-digits-2-cores" / "trials.csv"


@pytest.fixture(scope="module")
def found() -> Loaded:
    return Loaded(compare(families(25)))


def test_all_that_the_page_shows_is_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its examples, one after the other, where a user would be, each with the output that stands below it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports").symlink_to(ROOT / "reports")
    blocks = re.findall(r"```pycon\n(.*?)```", (ROOT / "docs" / "python.md").read_text(encoding="utf-8"), re.S)
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "docs/python.md", "docs/python.md", 0)
    assert len(examples.examples) > 10
    said = io.StringIO()
    kinds = doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
    assert doctest.DocTestRunner(optionflags=kinds).run(examples, out=said.write).failed == 0, said.getvalue()
    assert (tmp_path / "digits.pdf").read_bytes().startswith(b"%PDF")


def test_the_front_is_what_the_command_prints(tmp_path: Path) -> None:
    printed = command("front", TABLE, "--format", "csv")
    assert printed.returncode == 0
    told = pd.read_csv(io.StringIO(printed.stdout), keep_default_na=False)  # no note is an empty text
    pd.testing.assert_frame_equal(suite.load(TABLE).front(), told, check_dtype=False)


def test_a_difference_that_is_small_is_not_said_to_be_none(tmp_path: Path) -> None:
    table = tmp_path / "near.csv"
    table.write_text("model,accuracy,parameters\na,90.03,2000000\nb,90.01,1000000\n")
    assert "has 0.02 points less" in repr(suite.load(table))


def test_a_run_is_read_by_its_folder_also_while_it_runs(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "small", studies.study(constraints=())) as store:
        for accuracy in (80.0, 90.0):
            begun = store.ask()
            assert begun
            store.finish(studies.complete(begun, accuracy))
        store.ask()
        found = suite.load(tmp_path / "small")
    assert list(found.trials()["state"]) == ["complete", "complete", "running"]
    assert found.best()["accuracy"] == 90
    assert set(found.curves()["val_accuracy"]) == {80, 90}
    assert found.front()["trial"].str.startswith("small/").all()


@pytest.mark.parametrize("limit", [0.3, 0.5, 0.8])
def test_the_best_within_limits_is_that_of_the_command(found: Loaded, limit: float) -> None:
    entry = choice.best(found.comparison, [Constraint(measure="latency", at_most=limit)])
    assert found.best(latency=limit).name == entry.name
    assert found.best(latency=limit)["latency"] == entry.trial.measures["latency"]
    assert found.best(latency=limit)["limits"] in ("surely", "by the median")


def test_a_quality_is_limited_from_below(found: Loaded) -> None:
    wanted = found.front()["accuracy"].max()
    assert found.knee(accuracy=wanted)["accuracy"] >= wanted
    with pytest.raises(NothingFitsError, match="Nearest"):
        found.best(accuracy=100.1)


def test_what_cannot_be_is_said_with_the_way_out(found: Loaded, tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="Did you mean 'latency'"):
        found.best(latencie=3)
    with pytest.raises(SuiteError, match=r"has energy\. Known: latency"):
        found.plot("energy")
    with pytest.raises(StoreError, match="suite run STUDY"):
        suite.load(tmp_path / "none")
    with pytest.raises(SuiteError, match="name at least one"):
        suite.load()


def test_the_figure_is_the_plane_that_is_asked_for_and_a_notebook_shows_it(found: Loaded) -> None:
    assert found.plot().axes[0].get_xlabel().startswith("Latency")
    figure = found.plot("macs")
    assert figure.axes[0].get_xlabel() == "Multiply-adds"
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


def test_what_a_notebook_displays_has_the_answer_and_the_front_and_stands_alone(found: Loaded) -> None:
    markup = found._repr_html_()
    text, links = [], []
    parser = HTMLParser()
    parser.handle_data = text.append  # type: ignore[method-assign]
    parser.handle_starttag = lambda tag, attributes: links.extend(  # type: ignore[method-assign]
        value for key, value in attributes if key in ("src", "href")
    )
    parser.feed(markup)
    best = found.comparison.front
    assert all(entry.name in text for entry in best)
    assert all(sentence in text for sentence in found.answer)
    assert all((link or "").startswith("data:image/png;base64,") for link in links)
    assert len(links) == 1
    assert len(markup) < 200_000


def test_names_are_never_markup(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("model,accuracy,latency\n<i>a</i>,90,1\n<i>b</i>,95,2\n")
    markup = suite.load(tmp_path / "t.csv")._repr_html_()
    assert "<i>" not in markup
    assert "&lt;i&gt;a" in markup


def test_a_run_without_a_front_says_so(tmp_path: Path) -> None:
    with folder.opened(tmp_path / "small", studies.study()):
        pass
    found = suite.load(tmp_path / "small")
    assert "no front to show" in repr(found)
    assert "no front to show" in found._repr_html_()
    with pytest.raises(SuiteError, match="no trial was completed"):
        found.front()


def test_to_import_the_suite_is_light_and_to_load_takes_no_tensorflow() -> None:
    heavy = ("tensorflow", "keras", "mlflow", "pandas", "matplotlib", "optuna")
    code = (
        "import sys, suite; print([name for name in {0} if name in sys.modules]);"
        "found = suite.load({1!r}); found.front(); found._repr_html_();"
        "print([name for name in {0}[:3] if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code.format(heavy, str(TABLE))], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:2] == ["[]", "[]"]


def test_there_is_nothing_else_by_another_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        suite.lode  # noqa: B018
