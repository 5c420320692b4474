"""What a network learns: tasks that the loop is given."""
