"""Replays of search methods on tables in which every network was trained: what stands behind benchmarks/search.py."""
