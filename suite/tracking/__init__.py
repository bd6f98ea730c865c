"""MLflow as a mirror of the run folders. The folder holds the truth; MLflow may lag behind it, and catches up.

Only this package imports MLflow, and only when something is to be sent: importing the package costs nothing.
"""

from __future__ import annotations

from suite.tracking.delivery import Delivery, deliver
from suite.tracking.mirror import Mirror
from suite.tracking.place import uri
from suite.tracking.server import configure
from suite.tracking.ui import end, link, pages, ui

__all__ = ["Delivery", "Mirror", "deliver", "end", "link", "pages", "ui", "uri"]

configure()  # at the first import: changing the environment while threads run may end the process
