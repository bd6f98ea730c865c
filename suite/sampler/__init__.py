"""The sampler that knows what a candidate costs before it is trained. It needs the fronts of `core`, and no more."""
