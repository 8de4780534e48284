"""What a record says: ratios, parity, programs, learning, the ladder."""
