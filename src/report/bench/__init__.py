"""Training steps beside PyTorch's."""
