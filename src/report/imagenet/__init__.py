"""The ImageNet runs of ch. 10.5 and of the companion repository: speed by precision, accuracy, curves, the collapse."""
