"""What `suite measure` does: it builds, writes and times networks on this device, each in separate processes."""
