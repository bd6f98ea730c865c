"""One HTML page, with its figures and tables as files, from the runs of a store. Needs no TensorFlow."""
