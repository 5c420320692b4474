"""The weights of a network by names and shapes that its spec alone decides."""
