"""Forms of the same arithmetic that XLA on CPU is fast at."""
