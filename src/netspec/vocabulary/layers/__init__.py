"""Layers and adapters: dense maps and their relatives, mixtures of experts, capsules, and what tunes a network."""
