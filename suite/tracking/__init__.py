"""MLflow as a mirror of the run folders. What the folder holds is the truth; MLflow may lag behind it, and catches up.

The only place that imports MLflow, and only when something is to be sent: importing this package costs nothing.
"""

from __future__ import annotations

from suite.tracking.delivery import Delivery, deliver
from suite.tracking.mirror import Mirror
from suite.tracking.place import uri
from suite.tracking.server import configure
from suite.tracking.ui import link, ui

__all__ = ["Delivery", "Mirror", "deliver", "link", "ui", "uri"]

configure()  # with the first import: what changes the environment when there are threads may end the process
