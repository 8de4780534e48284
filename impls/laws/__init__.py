"""The laws of a trainer as checks, the float64 reference that they compare with, and what they are tried on."""
