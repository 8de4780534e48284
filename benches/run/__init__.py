"""`triptych run`: what was chosen, and pytest as its face."""
