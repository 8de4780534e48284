"""The child process: with `impls` the only code that imports jax. Outside, only its messages are imported."""
