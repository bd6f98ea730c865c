"""From a trained network to a served model: a checked SavedModel with its preprocessing, and other formats."""
