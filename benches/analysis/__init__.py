"""What a record says: ratios, parity, totals, learning, the ladder."""
