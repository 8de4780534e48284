"""What was measured: the structs of a run, its file, and whether two machines are the same."""
