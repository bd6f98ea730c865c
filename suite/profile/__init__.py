"""What a network costs: its complexity on any device, its latency on this one."""
