"""The basic notions: studies, trials, measures and fronts. No Keras."""
