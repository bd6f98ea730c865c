"""The examples of docs/python.md in a real Jupyter kernel: what a notebook shows, and that nothing else is said."""

from __future__ import annotations

import base64
import doctest
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
Outputs = list[dict[str, Any]]

pytestmark = pytest.mark.slow  # a kernel takes seconds to start


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[doctest.Example, Outputs]]:
    """Each example of the page with what a notebook has below it, in one kernel, in a folder of its own."""
    home = tmp_path_factory.mktemp("notebook")
    (home / "reports").symlink_to(ROOT / "reports")
    blocks = re.findall(r"```pycon\n(.*?)```", (ROOT / "docs" / "python.md").read_text(encoding="utf-8"), re.S)
    examples = doctest.DocTestParser().get_examples("\n".join(blocks))
    cells = [nbformat.v4.new_code_cell(_source(one)) for one in examples]
    for cell, one in zip(cells, examples, strict=True):
        cell.metadata["tags"] = ["raises-exception"] if one.exc_msg else []
    with pytest.MonkeyPatch.context() as patch:
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
            patch.setenv(name, str(home / name.lower()))
        patch.setenv("JUPYTER_PLATFORM_DIRS", "1")
        book = nbformat.v4.new_notebook(cells=cells)
        NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(home)}}).execute()
    assert (home / "digits.pdf").read_bytes().startswith(b"%PDF")
    return [(one, cell.outputs) for one, cell in zip(examples, book.cells, strict=True)]


def _source(example: doctest.Example) -> str:
    return example.source.rstrip("\n")


def _shown(outputs: Outputs) -> dict[str, Any]:
    """Return what a cell shows, by kind."""
    return {kind: data for one in outputs if "data" in one for kind, data in one["data"].items()}


def test_no_cell_says_more_than_its_answer(run: list[tuple[doctest.Example, Outputs]]) -> None:
    assert len(run) > 10
    for example, outputs in run:
        kinds = [one["output_type"] for one in outputs]
        wanted = ["error"] if example.exc_msg else ["execute_result"] if example.want else []
        assert kinds == wanted, (example.source, outputs)


def test_each_answer_is_that_of_the_page(run: list[tuple[doctest.Example, Outputs]]) -> None:
    checker = doctest.OutputChecker()
    for example, outputs in run:
        if example.exc_msg:
            (error,) = outputs
            assert checker.check_output(
                example.exc_msg.partition(": ")[2], f"{error['evalue']}\n", doctest.NORMALIZE_WHITESPACE
            )
        elif example.want:
            said = f"{_shown(outputs)['text/plain']}\n"
            assert checker.check_output(example.want, said, doctest.NORMALIZE_WHITESPACE), example.source


def test_runs_are_shown_with_their_front_and_its_figure(run: list[tuple[doctest.Example, Outputs]]) -> None:
    (markup,) = [_shown(outputs)["text/html"] for one, outputs in run if one.source.strip() == "found"]
    assert "Take quickstart-resnet/0" in markup
    assert markup.count("<tr>") == 3  # the head, and both of the front
    (drawn,) = re.findall(r'src="data:image/png;base64,([^"]+)"', markup)
    assert base64.b64decode(drawn).startswith(b"\x89PNG")


def test_frames_are_tables_and_a_figure_is_a_picture(run: list[tuple[doctest.Example, Outputs]]) -> None:
    shown = {one.source.strip(): _shown(outputs) for one, outputs in run}
    (frame,) = [kinds for source, kinds in shown.items() if source.startswith("found.front()")]
    assert "<table" in frame["text/html"]
    assert base64.b64decode(shown["figure"]["image/png"]).startswith(b"\x89PNG")
