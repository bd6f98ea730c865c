"""The machine, and this process on it: what they are, what they may use, and whose turn it is."""
