"""What everything else is about: studies, trials, measures, fronts. No Keras."""
