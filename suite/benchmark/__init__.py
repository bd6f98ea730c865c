"""What `suite measure` does: networks built, written and timed on this device, each in processes of its own."""
