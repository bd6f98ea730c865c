"""The training of one trial at one fidelity."""
