"""What the gate found, as text, files and a page."""
