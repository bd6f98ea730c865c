"""One HTML page, with its figures and tables as files, from runs as the store gives them. Needs no TensorFlow."""
