"""Searching a study's space. Only here are Optuna and Keras Tuner."""
