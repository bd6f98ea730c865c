"""Are networks of up to 2.4 billion weights counted without memory for them?"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from suite import architectures

GIANTS = {row.name: row.parameters for row in architectures.recorded().values() if row.parameters > 1e9}

CODE = """
import json, psutil, sys
from suite import architectures
from suite.counting.complexity import complexity, weightless
from suite.core.task import Task

process, networks, rows = psutil.Process(), [], {}
for name in sys.argv[1:]:
    side, before = architectures.resolution(name), process.memory_info().rss
    task = Task(height=side, width=side, channels=3, classes=1000)
    networks.append(weightless(lambda: architectures.build(name, task)))
    counted = complexity(networks[-1]).parameters
    rows[name] = counted, process.memory_info().rss - before
print(json.dumps(rows))
"""


@pytest.mark.slow
def test_giants_are_counted_with_little_memory() -> None:
    """Their weights would take 4 to 10 GB each. In a process of their own, where nothing else comes and goes."""
    done = subprocess.run([sys.executable, "-c", CODE, *GIANTS], capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout)
    assert {name: parameters for name, (parameters, _) in rows.items()} == GIANTS
    for name, (_, more) in rows.items():
        assert more < 100e6, name
