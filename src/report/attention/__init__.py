"""The report on attentions: what they reach on text and recall, and what they cost at growing length."""
