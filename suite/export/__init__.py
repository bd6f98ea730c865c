"""From a trained network to what is served: a SavedModel with its preprocessing, checked, and other formats."""
