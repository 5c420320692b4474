"""What must hold of each executable term, and the mistakes that this must catch; a module a family."""
