"""The report on optimizers: a comparison, with what they cost, what they survive, and how they take large batches."""
