"""The field: what every network of the catalogue costs where it was measured, beside the accuracy that papers cite."""
