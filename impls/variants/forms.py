"""Two production forms of the tree_map transformer: its blocks in one loop, and half the precision.

`scanned` stacks the parameters of all blocks and lets `lax.scan` walk through them: a step has as few arrays as one
block has, and a program of one block is compiled, whatever the depth. `bfloat16` computes the network in bfloat16 from
float32 parameters, which it keeps and updates, and takes the loss of float32 logits; its losses are its own, and no
certificate of parity is to be expected.

References:
    The JAX documentation on `lax.scan`, and MaxText's `scan_layers`.
    Micikevicius et al., "Mixed Precision Training", 2018: master weights in float32.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float32

from triptych.impls.networks import Transformer
from triptych.impls.protocol import Batch, LossValue, Params
from triptych.impls.task import Task
from triptych.impls.treemap import trainer as treemap
from triptych.impls.treemap import transformer
from triptych.impls.treemap.trainer import State
from triptych.impls.variants.ladder import Rung, Step


def transformer_of(task: Task) -> Transformer:
    """The network of a task, if these forms know it.

    Raises:
        NotImplementedError: If it is no transformer.
    """
    if not isinstance(task.network, Transformer):
        raise NotImplementedError(
            f"it is a form of the transformer; the network is of type {type(task.network).__name__}"
        )
    return task.network


def scanned(task: Task) -> "Scanned":
    """The tree_map trainer of a transformer, its blocks in one loop."""
    network = transformer_of(task)
    return Scanned(task, network, _step(task, partial(scanned_loss, task, network)))


def bfloat16(task: Task) -> Rung:
    """The tree_map trainer of a transformer that computes in bfloat16."""
    return Rung(task, _step(task, partial(bfloat16_loss, task, transformer_of(task))))


@dataclass(frozen=True)
class Scanned:
    """A trainer whose state has the parameters of its blocks stacked along a first axis."""

    task: Task
    network: Transformer
    step: Step

    def init(self, params: Params) -> State:
        """Stacks the blocks, then does as the tree_map trainer does."""
        blocks = jax.tree.map(lambda *arrays: jnp.stack(arrays), *params["blocks"])
        return treemap.Trainer(self.task).init({**params, "blocks": blocks})

    def params(self, state: State) -> Params:
        """The blocks one by one again."""
        stacked = state[0]["blocks"]
        blocks = [jax.tree.map(lambda array, i=i: array[i], stacked) for i in range(self.network.layers)]
        return {**state[0], "blocks": blocks}


def _step(task: Task, loss: Callable[[Params, Batch], LossValue]) -> Step:
    """The tree_map trainer's compiled update of another loss; the state given in is donated."""

    def train_step(state: State, batch: Batch) -> tuple[State, LossValue]:
        value, grads = jax.value_and_grad(loss)(state[0], batch)
        return treemap.update(task, state, grads), value

    return jax.jit(train_step, donate_argnums=0)


def scanned_loss(task: Task, network: Transformer, params: Params, batch: Batch) -> LossValue:
    """The mean loss of a batch, all blocks in one loop."""
    x, y = batch
    return treemap.loss_of(task, jax.vmap(partial(scanned_predict, network, params))(x), y)


def scanned_predict(network: Transformer, params: Params, tokens: Array) -> Float32[Array, "tokens words"]:
    """The logits of one sequence; the loop carries the stream from block to block."""
    x = params["tokens"][tokens] + params["positions"]
    x, _ = lax.scan(lambda x, block: (transformer.through(network.heads, block, x), None), x, params["blocks"])
    return transformer.dense(params["head"], transformer.normalize(params["norm"], x))


def bfloat16_loss(task: Task, network: Transformer, params: Params, batch: Batch) -> LossValue:
    """The mean loss of a batch, in float32 from logits in bfloat16."""
    x, y = batch
    halved = jax.tree.map(lambda array: array.astype(jnp.bfloat16), params)
    logits = jax.vmap(partial(transformer.predict, network, halved))(x)
    return treemap.loss_of(task, logits.astype(jnp.float32), y)
