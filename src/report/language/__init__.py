"""The report on language models of ch. 11.2.6."""
