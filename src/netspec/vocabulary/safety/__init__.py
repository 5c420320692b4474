"""Guardrails: knowing when not to answer, what not to let in or out, and learning what people prefer."""
