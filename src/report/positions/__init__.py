"""The report on forms of positions: what they reach at the length of training and beyond."""
