"""The vocabulary as a document: terms with their formulas and what holds of them, errors, and tables recomputed."""
