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
from functools import cached_property, partial

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


@dataclass(frozen=True)
class Scanned:
    """The tree_map trainer of a transformer, the parameters of its blocks stacked along a first axis."""

    task: Task

    def __post_init__(self) -> None:
        transformer_of(self.task)

    def init(self, params: Params) -> State:
        """Stacks the blocks, then does as the tree_map trainer does."""
        blocks = jax.tree.map(lambda *arrays: jnp.stack(arrays), *params["blocks"])
        return treemap.Trainer(self.task).init({**params, "blocks": blocks})

    @cached_property
    def step(self) -> Callable[[State, Batch], tuple[State, LossValue]]:
        """One compiled update; the state given in is donated."""
        return jax.jit(partial(train_step, partial(scanned_loss, self.task), self.task), donate_argnums=0)

    def params(self, state: State) -> Params:
        """The blocks one by one again."""
        stacked = state[0]["blocks"]
        blocks = [jax.tree.map(lambda array, i=i: array[i], stacked) for i in range(transformer_of(self.task).layers)]
        return {**state[0], "blocks": blocks}


@dataclass(frozen=True)
class Bfloat16:
    """The tree_map trainer of a transformer that computes in bfloat16."""

    task: Task

    def __post_init__(self) -> None:
        transformer_of(self.task)

    def init(self, params: Params) -> State:
        """As the tree_map trainer does."""
        return treemap.Trainer(self.task).init(params)

    @cached_property
    def step(self) -> Callable[[State, Batch], tuple[State, LossValue]]:
        """One compiled update; the state given in is donated."""
        return jax.jit(partial(train_step, partial(bfloat16_loss, self.task), self.task), donate_argnums=0)

    def params(self, state: State) -> Params:
        """As the tree_map trainer does."""
        return state[0]


def train_step(
    loss: Callable[[Params, Batch], LossValue], task: Task, state: State, batch: Batch
) -> tuple[State, LossValue]:
    """As the tree_map trainer's, with another loss."""
    value, grads = jax.value_and_grad(loss)(state[0], batch)
    return treemap.update(task, state, grads), value


def scanned_loss(task: Task, params: Params, batch: Batch) -> LossValue:
    """The mean loss of a batch, all blocks in one loop."""
    x, y = batch
    return treemap.loss_of(task, jax.vmap(partial(scanned_predict, transformer_of(task), params))(x), y)


def scanned_predict(network: Transformer, params: Params, tokens: Array) -> Float32[Array, "tokens words"]:
    """The logits of one sequence; the loop carries the stream from block to block."""
    x = params["tokens"][tokens] + params["positions"]
    x, _ = lax.scan(lambda x, block: (transformer.through(network.heads, block, x), None), x, params["blocks"])
    return transformer.dense(params["head"], transformer.normalize(params["norm"], x))


def bfloat16_loss(task: Task, params: Params, batch: Batch) -> LossValue:
    """The mean loss of a batch, in float32 from logits in bfloat16."""
    x, y = batch
    halved = jax.tree.map(lambda array: array.astype(jnp.bfloat16), params)
    logits = jax.vmap(partial(transformer.predict, transformer_of(task), halved))(x)
    return treemap.loss_of(task, logits.astype(jnp.float32), y)
