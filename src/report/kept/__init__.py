"""Results that are kept in the repository: what goes into a record, and what a record says of itself."""
