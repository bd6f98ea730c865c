"""The catalogue's report: what each network costs on the measured devices, beside the accuracy that papers cite."""
