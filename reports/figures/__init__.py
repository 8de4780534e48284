"""One file a figure: its drawing and its words."""
