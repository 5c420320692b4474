"""What reports on tasks beside classification share: cells by their task's figures, differences, the book's demos."""
