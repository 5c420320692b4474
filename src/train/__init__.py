"""The trainer: data, augmentation, recipe, step, loop, checkpoints and command line."""
