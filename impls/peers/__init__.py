"""The peers: the same lessons in other libraries, a folder each. They are optional: nothing else here imports them."""
