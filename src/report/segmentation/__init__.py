"""The report on segmentation, ch. 11.2.3."""
