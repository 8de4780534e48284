"""Trainers that are measured but not learned from: the rungs of the ladder, and slowed ones to test the gate."""
