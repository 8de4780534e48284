"""`triptych gate`: two sides, taken in turns or from files, compared and judged."""
