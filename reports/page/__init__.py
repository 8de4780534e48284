"""The page and the terminal's table."""
