"""The report on detection, ch. 11.2.2."""
