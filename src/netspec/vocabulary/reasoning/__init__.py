"""The document's reasoning examples: attention that looks back, search over thoughts, chains, dendrites."""
