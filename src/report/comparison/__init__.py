"""The report on a comparison: variants at rates of an equal budget, and the claims that they decide."""
