"""The networks of ch. 10.3 on Imagenette: size, program, time and accuracy, ours beside the book's."""
