"""Estimates, intervals, tests and their power: pure functions on numbers."""
