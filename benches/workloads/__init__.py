"""What is trained: a task with its data, order, starting values, length and source."""
