"""Simulated studies whose truth is known, and every interval that a table, a page or the terminal shows of them."""
