"""What is measured without training to the end: speed of input and steps, memory, what a sample looks like."""
