"""Tables of results from anywhere: their front is that of an independent count, and what is wrong is said at once."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import suite.cli.verbs.front  # noqa: F401  # loaded at the first call else, in the time of an example
from suite.cli.commands import cli
from suite.core.errors import NothingFitsError, TableError
from suite.report import results
from suite.report.comparison import compare
from suite.report.study import page
from tests.report_runs import ACCURACY, LATENCY, families

HEAD = "name,accuracy,latency,latency_low,latency_high,parameters"
ROWS = """a,90,1.0,0.9,1.1,1000
b,92,1.3,1.2,1.4,2000
c,91,1.35,1.25,1.45,3000
d,95,4.0,3.9,5.2,9000"""


def written(tmp_path: Path, text: str, name: str = "results.csv") -> Path:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return file


def invoke(*words: str):
    return CliRunner().invoke(cli, list(map(str, words)), catch_exceptions=False)


def front(file: Path, *words: str) -> list[str]:
    done = invoke("front", file, "--format", "json", *words)
    assert done.exit_code == 0, done.output
    return [row["trial"] for row in json.loads(done.stdout)]


@st.composite
def candidates(draw) -> list[tuple[float, float, float, float]]:
    rows = draw(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 9), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12))  # fmt: skip  # noqa: E501
    return [(80.0 + a, float(ms), max(0.5, ms - down), float(ms + up)) for a, ms, down, up in rows]


@given(candidates())
def test_the_front_of_a_table_is_what_no_other_row_dominates(rows):
    """By a definition of its own, through the file and back."""
    text = io.StringIO()
    written = csv.writer(text)
    written.writerow(["model", "accuracy", "latency", "latency_low", "latency_high"])
    written.writerows([f"n{number}", *row] for number, row in enumerate(rows))

    def dominates(one, other):
        slower, faster = one[2] > other[3], one[3] < other[2]
        return one[0] >= other[0] and not slower and (one[0] > other[0] or faster)

    with TemporaryDirectory() as folder:
        (Path(folder) / "made.csv").write_text(text.getvalue())
        found = front(Path(folder) / "made.csv")
    assert sorted(found) == sorted(
        f"n{number}" for number, one in enumerate(rows) if not any(dominates(other, one) for other in rows)
    )


def test_a_table_is_compared_in_any_of_its_measures(tmp_path):
    file = written(tmp_path, f"{HEAD}\n{ROWS}\n")
    assert front(file) == ["d", "b", "a"]
    assert front(file, "--objective", "accuracy", "--objective", "parameters") == ["d", "b", "a"]
    assert front(file, "--objective", "latency", "--objective", "parameters") == ["a"]


def test_a_limit_is_met_surely_or_by_the_median_and_what_is_sure_goes_first(tmp_path):
    file = written(tmp_path, f"{HEAD}\n{ROWS}\n")

    def best(limit):
        (row,) = json.loads(invoke("front", file, "--max-latency", limit, "--format", "json").stdout)
        return row["trial"], row["limits"]

    assert best("6") == ("d", "surely")
    assert best("4.5") == ("b", "surely"), "d meets it by its median only"
    assert best("1.0") == ("a", "by the median")
    with pytest.raises(NothingFitsError, match=r"a: accuracy 90\.00 %, latency 1 ms"):
        invoke("front", file, "--max-latency", "0.5")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_usual_delimiters_byte_order_marks_and_thousands_are_read(tmp_path, delimiter):
    lines = [["name", "accuracy", "parameters"], ["a", "90.5", '"1,234,567"'], ["b", "", "12"], ["c", "n/a", "12"]]
    text = "\ufeff" + "\r\n".join(delimiter.join(line) for line in lines)
    read = results.read(written(tmp_path, text))
    assert [dict(trial.measures) for trial in read.trials] == [
        {"accuracy": 90.5, "parameters": 1234567.0}, {"parameters": 12.0}, {"parameters": 12.0}
    ]  # fmt: skip


def test_timms_results_are_understood(tmp_path):
    text = (
        "model,img_size,top1,top1_err,top5,top5_err,param_count,crop_pct,interpolation\n"
        "small,224,80.0,20.0,95.0,5.0,5.29,0.875,bicubic\nlarge,224,85.0,15.0,97.0,3.0,\"1,014.45\",1.0,bicubic\n"
        "large,384,86.0,14.0,97.0,3.0,\"1,014.45\",1.0,bicubic\n"
    )  # fmt: skip
    read = results.read(written(tmp_path, text))
    assert read.labels == ("small", "large 224", "large 384")
    assert read.trials[1].measures == {"accuracy": 85.0, "top5": 97.0, "parameters": 1014.45e6}
    assert read.trials[2].configuration == {
        "table.img_size": 384, "table.crop_pct": 1.0, "table.interpolation": "bicubic"
    }  # fmt: skip


def test_latencies_of_several_batch_sizes_do_not_meet(tmp_path):
    text = "model,infer_step_time,infer_batch_size,param_count\na,1.0,1,5\nb,90.0,64,4\nc,80.0,64,3\n"
    assert front(written(tmp_path, text)) == ["a", "c"]


def test_the_table_of_a_report_has_the_front_of_its_runs(tmp_path):
    runs = families(20)
    page.write(runs, tmp_path)
    wanted = compare(runs).best(compare(runs).candidates, (ACCURACY, LATENCY))
    assert sorted(front(tmp_path / "trials.csv")) == sorted(entry.name for entry in wanted)


def test_a_table_has_a_page_of_its_own_beside_runs_too(tmp_path):
    file = written(tmp_path, f"{HEAD}\n{ROWS}\n", "other & <b>.csv")
    done = invoke("report", file, "-o", tmp_path / "page")
    assert done.exit_code == 0, done.output
    frame = pd.read_csv(tmp_path / "page" / "trials.csv")
    assert frame["on_front"].tolist() == [True, True, False, True]
    assert {"front-latency.png", "front-parameters.png"} <= {one.name for one in (tmp_path / "page").iterdir()}
    assert "<b>" not in (tmp_path / "page" / "index.html").read_text()
    together = compare([results.read(file), *families(5)])
    assert {"other & <b>/a", "resnet/0"} <= {entry.name for entry in together.entries}


def test_shares_of_one_are_percent_and_it_is_said(tmp_path):
    read = results.read(written(tmp_path, "name,accuracy,accuracy_low,latency\na,0.9,0.85,1\nb,0.5,0.4,2\n"))
    assert read.trials[0].measures == {"accuracy": 90.0, "accuracy_low": 85.0, "latency": 1.0}
    assert read.notes == ("accuracy is read as a share of 1, because no value is above 1",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("name,accuracy,latency\n", "no rows"),
        ("name,speed\na,1\n", "no column is a measure.*accuracy, top5"),
        ("name,accuracy,latency\na,fast,1\nb,90,inf\n", "row 1: accuracy is 'fast'.*; row 2: latency is 'inf'"),
        ("name,accuracy,latency\na,90\n", "row 1 has 2 cells, the head has 3"),
        ("name,accuracy,accuracy\na,90,91\n", "two columns are named `accuracy`"),
        ("name,latency,latency_low\na,1,2\n", "row 1: latency 1 is not between its ends 2 and inf"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_place(tmp_path, text, said):
    with pytest.raises(TableError, match=said):
        results.read(written(tmp_path, text))


def test_an_objective_that_the_table_lacks_is_named_with_those_it_has(tmp_path):
    read = results.read(written(tmp_path, "name,accuracy,parameters\na,90,1\n"))
    with pytest.raises(TableError, match=r"no column `latency`\. It has accuracy, parameters"):
        results.require(read, [LATENCY])
    assert "no measure 'latncy'. Did you mean 'latency'?" in invoke("front", read.file, "--objective", "latncy").output


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_a_table_or_a_clear_error(text):
    with TemporaryDirectory() as folder:
        file = Path(folder) / "any.csv"
        file.write_text(text, encoding="utf-8", newline="")
        with suppress(TableError):
            results.read(file)


def test_many_rows_are_read_and_compared_at_once(tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"name": [f"n{n}" for n in range(5000)], "accuracy": random.random(5000) * 100})
    frame["latency"] = random.random(5000) + 1
    frame["latency_low"], frame["latency_high"] = frame["latency"] * 0.97, frame["latency"] * 1.03
    frame.to_csv(tmp_path / "many.csv", index=False)
    kept = front(tmp_path / "many.csv")
    best = frame.loc[frame["accuracy"].idxmax()]
    assert best["name"] in kept
    assert len(kept) < 100


def test_a_report_shows_names_in_any_script_and_with_any_signs(tmp_path):
    """What matplotlib would read as mathematics, or its font lacks."""
    names = ["\u732b", "$\\frac$", "a$b$c_{", "a\tb", "<script>", "&amp;", "x\u202ey", "%s{0}"]
    rows = [f'"{name}",{90 - number},{1 + number},{1000 * (20 - number)}' for number, name in enumerate(names)]
    file = written(tmp_path, "\n".join(["name,accuracy,latency,parameters", *rows]))
    shown = page.write([results.read(file)], tmp_path / "report", ()).read_text(encoding="utf-8")
    assert "\u732b" in shown
    assert "a$b$c_{" in shown
    assert "mathdefault" not in shown, "a tick of an axis, as matplotlib writes it for its own mathematics"


def test_a_character_that_no_page_can_show_is_refused_with_its_line(tmp_path):
    file = written(tmp_path, "name,accuracy,latency\na,90,1\n\x1b[31m,91,2\n")
    with pytest.raises(TableError, match=r"line 3 has the character '\\x1b', which no page can show. Remove it."):
        results.read(file)
