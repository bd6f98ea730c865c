"""An export served for trying out: the protocols of TensorFlow Serving and of Open Inference, and a page."""
