"""The document's architecture examples as trials; each has its drawing and its remarks in ``config/examples``."""
