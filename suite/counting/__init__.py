"""What a network costs on any device: weights, multiply-adds, activations, memory."""
