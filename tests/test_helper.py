"""Processes of the suite start lightly: Keras leaves out what the suite does not ask of it, and nobody else does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

import psutil
import pytest

from suite.machine import forked, helper
from suite.machine.forked import Forked, Warm

LOADED = "print(*(name for name in ('matplotlib', 'pandas', 'sklearn') if name in sys.modules))"


def _printed(*command: str, **environment: str) -> list[str]:
    env = os.environ | environment
    return subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout.splitlines()


@pytest.mark.slow
def test_keras_is_loaded_without_its_extras_and_the_job_may_load_them(tmp_path: Path) -> None:
    job = f"""
        import sys
        import keras, keras_tuner

        def main():
            {LOADED}
            import matplotlib.pyplot, pandas, sklearn.base
            {LOADED}
            model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
            print(model.count_params(), *sys.argv[1:])
    """
    (tmp_path / "job.py").write_text("\n".join(line[8:] for line in job.splitlines()))
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    assert _printed(*helper.command("job", "an", "argument"), PYTHONPATH=path) == [
        "",
        "matplotlib pandas sklearn",
        "3 an argument",
    ]


SPEAKING = """
import os, subprocess, sys
from suite.machine import quiet
quiet.speak_alone()
os.write(2, b"chatter")
print("said", file=sys.stderr)
with quiet.heard() as lines:
    os.write(2, b"heard")
with quiet.silenced():
    print("a converter", file=sys.stderr)
    os.write(2, b"chatter")
child = (sys.executable, "-c", "import sys; print('a child', file=sys.stderr)")
subprocess.run(child)
subprocess.run(child, stderr=sys.stderr)
print(*lines, file=sys.stderr)
"""


def test_what_a_library_writes_past_python_reaches_nobody() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", SPEAKING], capture_output=True, text=True)
    assert done.stderr.splitlines() == ["said", "a child", "heard"]
    assert done.returncode == 0


@pytest.mark.slow
def test_a_program_that_uses_the_suite_has_all_of_keras() -> None:
    code = "from suite.machine.quiet import load_tensorflow as load; load(); import keras.src.wrappers.fixes as found"
    assert _printed(sys.executable, "-c", f"{code}; print(found.sklearn.__name__)") == ["sklearn"]


SAYING = """
import os, signal, sys

def main():
    threads = os.listdir("/proc/self/task") if sys.platform == "linux" else "1"
    sys.stdout.reconfigure(errors="backslashreplace")
    print("keras" in sys.modules, len(threads), os.getcwd(), *sys.argv, os.environ["ASKED"], sep="|", flush=True)
    words = sys.stdin.readline().split()
    print("it was told", *words, file=sys.stderr, flush=True)
    if words[0] == "raises":
        raise ValueError(words[1])
    if words[0] == "exits":
        sys.exit(int(words[1]))
    if words[0] == "dies":
        os.kill(os.getpid(), int(words[1]))
    import keras
    print(float(keras.ops.sum(keras.ops.ones(3))), flush=True)
    signal.pause()
"""

linux = pytest.mark.skipif(not forked.can_fork(), reason="helpers are not forked here")


@pytest.fixture
def saying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Warm]]:
    """A module for helpers, found by the warm process of this test alone.

    Who starts tests in the background of a script lets them ignore Ctrl-C, and so all that they start.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    (tmp_path / "saying.py").write_text(SAYING)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]))
    monkeypatch.setenv("ASKED", "first")
    monkeypatch.setattr(helper, "_kept", [])
    yield helper._kept
    signal.signal(signal.SIGINT, before)
    for warm in helper._kept:
        warm.close()


@linux
def test_a_forked_helper_is_as_one_of_its_own_and_has_keras_already(
    saying: list[Warm], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for end, code in (("raises 5", 1), ("exits 7", 7), ("dies 9", -9), ("dies 11", -11), ("waits 0", -signal.SIGINT)):
        monkeypatch.setenv("ASKED", end)
        (tmp_path / end).mkdir()
        monkeypatch.chdir(tmp_path / end)
        with TemporaryFile("w+") as errors, helper.start("saying", end, errors=errors) as process:
            assert isinstance(process, Forked)
            said = process.stdout.readline().strip().split("|")
            assert said == ["True", "2", str(tmp_path / end), "saying", end, end], "its own thread, and one that waits"
            process.stdin.write(f"{end}\n")
            process.stdin.flush()
            if end == "waits 0":
                assert process.stdout.readline() == "3.0\n"
                assert process.poll() is None
                process.send_signal(signal.SIGINT)
            assert process.wait() == code
            process.kill()  # it has ended: nothing happens
            errors.seek(0)
            told = errors.read()
            assert told.startswith(f"it was told {end}\n")
            assert ("ValueError: 5" in told) == (end == "raises 5")
    (warm,) = saying
    assert warm.serves(os.environ)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")  # TensorFlow has read it already
    with TemporaryFile("w+") as errors, helper.start("saying", "plain", errors=errors) as process:
        assert isinstance(process, subprocess.Popen)
        assert process.stdout.readline().startswith("False|")
        process.kill()


ASKING = """
import tempfile
from suite.machine import helper
with tempfile.TemporaryFile("w+") as errors, helper.start("saying", errors=errors) as process:
    process.stdout.readline()
    process.stdin.write("waits 0\\n")
    process.stdin.flush()
    assert process.stdout.readline() == "3.0\\n"
    print(helper._kept[0].pid, process.pid, flush=True)
    process.wait()
"""


@pytest.mark.slow
@linux
def test_a_warm_process_and_its_helper_end_with_the_one_that_started_it_even_by_kill(saying: list[Warm]) -> None:
    with subprocess.Popen([sys.executable, "-c", ASKING], stdout=subprocess.PIPE, text=True) as asking:
        warm, forked = (psutil.Process(int(number)) for number in asking.stdout.readline().split())
        asking.kill()
    _, alive = psutil.wait_procs([warm, forked], timeout=120)  # it waits, and does not look at its stdin
    assert not alive


COMPUTING = """
import os

def main():
    print(os.getpid(), flush=True)
    while True:
        pass
"""
SERVING = """
import os, signal, subprocess, sys

def main():
    signal.signal(signal.SIGTERM, lambda number, frame: print("ends by itself"))
    one = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    print(os.getpid(), one.pid, flush=True)
    one.wait()
"""


@pytest.mark.parametrize(("code", "how"), [(COMPUTING, ""), (SERVING, ", process_group=0")], ids=["one", "a group"])
def test_a_helper_ends_with_the_one_that_asked_even_by_kill(tmp_path: Path, code: str, how: str) -> None:
    (tmp_path / "job.py").write_text(code)
    asker = f"import subprocess; from suite.machine import helper; subprocess.run(helper.command('job'){how})"
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    told = os.environ | {"PYTHONPATH": path}
    with subprocess.Popen([sys.executable, "-c", asker], stdout=subprocess.PIPE, text=True, env=told) as asking:
        assert asking.stdout
        helpers = [psutil.Process(int(number)) for number in asking.stdout.readline().split()]
        asking.kill()
    _, alive = psutil.wait_procs(helpers, timeout=120)
    for one in alive:
        one.kill()
    assert not alive
