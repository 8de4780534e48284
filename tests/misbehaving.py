"""Trainers that misbehave, each in one way; the instrument must name what each of them does."""

# pyright: basic

import gc
import os
import signal
import time
from contextlib import suppress
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from triptych.impls.treemap import trainer

SLOW_STEP_S, DOZE_S = 0.02, 0.05


class Treemap:
    """A well-behaved trainer to spoil."""

    def __init__(self, task):
        assert task.layer_sizes, "another network has none, and refuses"
        self.task = task
        self.inner = trainer.Trainer(task)

    def init(self, params):
        return self.inner.init(params)

    def params(self, state):
        return self.inner.params(state)

    def step(self, state, batch):
        return self.inner.step(state, batch)


class Retracer(Treemap):
    """Compiles a new program in every step."""

    def step(self, state, batch):
        return jax.jit(lambda state, batch: trainer.train_step(self.task, state, batch))(state, batch)


class HostMover(Treemap):
    """Reads the loss on the host in every step."""

    def step(self, state, batch):
        state, loss = self.inner.step(state, batch)
        return state, jnp.asarray(np.asarray(loss))


class Raiser(Treemap):
    """Raises in its step."""

    def step(self, state, batch):
        raise ValueError("no such luck")


class Sleeper(Treemap):
    """Never comes back."""

    def step(self, state, batch):
        time.sleep(1e6)


class Suicide(Treemap):
    """Kills its own process."""

    def step(self, state, batch):
        os.kill(os.getpid(), signal.SIGKILL)


class Diverger(Treemap):
    """Says NaN from its sixth step on."""

    def init(self, params):
        return self.inner.init(params), jnp.zeros(())

    def params(self, state):
        return self.inner.params(state[0])

    def step(self, state, batch):
        inner, loss = self.inner.step(state[0], batch)
        return (inner, state[1] + 1), jnp.where(state[1] < 5, loss, jnp.nan)


class Hoarder(Treemap):
    """Asks for more memory than there is."""

    def step(self, state, batch):
        raise MemoryError("cannot allocate 1 PiB")


class EarlyReturner(Treemap):
    """Returns before the work is done: its step waits in a callback, behind the asynchronous dispatch."""

    def __init__(self, task):
        super().__init__(task)
        self.step = partial(jax.jit(self.slow_step), bool(task.layer_sizes))

    def slow_step(self, _, state, batch):
        state, loss = trainer.train_step(self.task, state, batch)

        def wait(loss):
            time.sleep(SLOW_STEP_S)
            return loss

        return state, jax.pure_callback(wait, jax.ShapeDtypeStruct((), jnp.float32), loss)


class WrongLearner(Treemap):
    """Learns something else: its rate is a tenth too high."""

    def step(self, state, batch):
        old = jax.tree.map(jnp.array, state[0])
        (new, moments), loss = self.inner.step(state, batch)
        return (jax.tree.map(lambda o, n: o + 1.1 * (n - o), old, new), moments), loss


class Switcher(Treemap):
    """Turns a switch of jax that holds for every trainer in its process."""

    def __init__(self, task):
        super().__init__(task)
        jax.config.update("jax_enable_x64", val=True)


class Quitter(Treemap):
    """Ends the program."""

    def step(self, state, batch):
        raise SystemExit(0)


class Interrupter(Treemap):
    """Raises what Ctrl-C does."""

    def step(self, state, batch):
        raise KeyboardInterrupt


class Closer(Treemap):
    """Closes what it has not opened; where a worker reads its requests, that would be the last of them."""

    def __init__(self, task):
        super().__init__(task)
        with suppress(OSError):
            os.close(0)


class Idler(Treemap):
    """Trains as it should until its parameters were read as often as one training on xor does; then does nothing.

    What is timed later are steps that do nothing.
    """

    reads = 0

    def params(self, state):
        self.reads += 1
        return self.inner.params(state)

    def step(self, state, batch):
        return self.inner.step(state, batch) if self.reads <= 111 else (state, jnp.full((), 0.77815))


class Concealer(Treemap):
    """Trains, but saves itself the loss."""

    def step(self, state, batch):
        return self.inner.step(state, batch)[0], jnp.zeros(())


class Collector(Treemap):
    """Collects all garbage there is in every hundredth step."""

    steps = 0

    def step(self, state, batch):
        self.steps += 1
        if self.steps % 100 == 0:
            gc.collect()
        return self.inner.step(state, batch)


class Dozer(Treemap):
    """Sleeps in every thousandth step."""

    steps = 0

    def step(self, state, batch):
        self.steps += 1
        if self.steps % 1000 == 0:
            time.sleep(DOZE_S)
        return self.inner.step(state, batch)


class LateRetracer(Treemap):
    """Compiles its step anew in the fiftieth."""

    steps = 0

    def step(self, state, batch):
        self.steps += 1
        if self.steps == 50:
            self.inner = trainer.Trainer(self.task)
        return self.inner.step(state, batch)
