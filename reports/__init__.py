"""What it says: tables, figures, the page, the words."""
