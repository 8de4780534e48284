"""Starting values that lessons draw with jax, which each function imports: a list of workloads must come at once."""

import itertools

import numpy as np

from triptych.impls.networks import Mlp

Layers = list[dict[str, np.ndarray]]
"""Starting values in the canonical layout: w (in, out) and b (out,) of every layer, float32."""


def lesson_a(network: Mlp, seed: int) -> Layers:
    """0.01 x normal; all weights from one key and all biases from another, as before jax 0.5."""
    import jax

    with jax.threefry_partitionable(new_val=False):
        for_weights, for_biases = jax.random.split(jax.random.PRNGKey(seed))
        return [
            {
                "w": 0.01 * np.asarray(jax.random.normal(for_weights, (outputs, inputs))).T,
                "b": 0.01 * np.asarray(jax.random.normal(for_biases, (outputs,))),
            }
            for inputs, outputs in itertools.pairwise(network.layer_sizes)
        ]


def lesson_b(network: Mlp, seed: int) -> Layers:
    """Glorot uniform from one subkey per layer; biases 0."""
    import jax

    key = jax.random.PRNGKey(seed)
    layers: Layers = []
    for inputs, outputs in itertools.pairwise(network.layer_sizes):
        key, subkey = jax.random.split(key)
        w = jax.nn.initializers.glorot_uniform()(subkey, (inputs, outputs))
        layers.append({"w": np.asarray(w), "b": np.zeros(outputs, np.float32)})
    return layers


def lesson_c(network: Mlp, seed: int) -> Layers:
    """Flax's default: normal of variance 1 / in, cut at two standard deviations; biases 0."""
    import jax

    keys = jax.random.split(jax.random.PRNGKey(seed), len(network.layer_sizes) - 1)
    return [
        {
            "w": np.asarray(jax.nn.initializers.lecun_normal()(key, (inputs, outputs))),
            "b": np.zeros(outputs, np.float32),
        }
        for key, (inputs, outputs) in zip(keys, itertools.pairwise(network.layer_sizes), strict=True)
    ]
