"""Keras on its JAX backend. It is chosen in the environment before Keras is first imported: Keras has no other way."""

import os
from typing import Any, cast

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras as typed_for_all_backends

if typed_for_all_backends.config.backend() != "jax":
    raise NotImplementedError(f"KERAS_BACKEND is {typed_for_all_backends.config.backend()!r}; expected 'jax', or unset")

keras = cast("Any", typed_for_all_backends)

__all__ = ["keras"]
