"""Data: pictures as published, prepared once into a store of arrays or records, read as shuffled batches, augmented."""
