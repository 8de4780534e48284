"""How it is measured; the tree says what is where, in the order in which data flows: see CONTRIBUTING.md."""
