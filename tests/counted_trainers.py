"""Trainers that differ from treemap in one count each."""

# pyright: basic

import jax
import jax.numpy as jnp
import numpy as np

from triptych.impls.treemap import trainer

ROW = np.ones(7, np.float32)


class Treemap:
    """A trainer to change."""

    def __init__(self, task):
        self.task = task
        self.inner = trainer.Trainer(task)
        self.init, self.params = self.inner.init, self.inner.params


class TwoPrograms(Treemap):
    """Another program from the second call on, as if something of its state had changed its type."""

    def __init__(self, task):
        super().__init__(task)
        self.calls = 0
        self.other = trainer.Trainer(task)

    def step(self, state, batch):
        self.calls += 1
        return (self.inner if self.calls == 1 else self.other).step(state, batch)


class Looping(Treemap):
    """Two hundred operations on the loss, as one loop of XLA."""

    turns, unrolled = 200, False

    @property
    def step(self):
        @jax.jit
        def step(state, batch):
            state, loss = trainer.train_step(self.task, state, batch)
            if self.unrolled:
                for _ in range(self.turns):
                    loss = -loss
                return state, loss
            return state, jax.lax.fori_loop(0, self.turns, lambda _, value: -value, loss)

        return step


class Unrolled(Looping):
    """The same as a loop of Python."""

    unrolled = True


class Eager(Treemap):
    """One more program in every step."""

    def step(self, state, batch):
        _ = jnp.sin(ROW)
        return self.inner.step(state, batch)


class Sharing(Eager):
    """The same, and the same program when its state is made."""

    def __init__(self, task):
        super().__init__(task)
        self.init = lambda params: (jnp.sin(ROW), self.inner.init(params))[1]
