"""One fidelity of one trial."""
