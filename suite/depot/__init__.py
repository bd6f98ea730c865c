"""The depot of a run: a place that all its machines reach, where what each has trained is kept for the others.

The run folder stays the working copy: a file is durable there before it is delivered, and is brought when it is asked
for and lacks here. What cannot be delivered waits in the folder, and the next delivery takes it along.
"""

from __future__ import annotations

from suite.depot.courier import Courier
from suite.depot.depot import Depot
from suite.depot.examination import examined

__all__ = ["Courier", "Depot", "examined"]
