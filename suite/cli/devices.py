"""A helper that prints the devices that TensorFlow sees, as a list in JSON."""

from __future__ import annotations

import json

from suite.machine.quiet import load_tensorflow


def main() -> None:
    """Print the names of the devices."""
    load_tensorflow()
    import tensorflow as tf

    found = tf.config.list_physical_devices()
    details = tf.config.experimental.get_device_details
    print(json.dumps([details(one).get("device_name") or one.name.removeprefix("/physical_device:") for one in found]))
