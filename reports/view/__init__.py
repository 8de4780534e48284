"""What there is to show, as values."""
