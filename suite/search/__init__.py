"""The search of a study's space, with Optuna and Keras Tuner."""
