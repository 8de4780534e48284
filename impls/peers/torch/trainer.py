"""The PyTorch trainers: the tutorials' loop as it is and with its loss compiled, and the whole step compiled.

`Eager` is the loop of PyTorch's first tutorial (`loop.py`): every operation runs as Python reaches it. `Compile` has
`torch.compile` make one program of the way forward and one of the way back. `CompileStep` is PyTorch at its fastest
on small networks: loss, gradients and update are one function of tensors, and so one program (`program.py`).

Source: https://docs.pytorch.org/tutorials/beginner/basics/optimization_tutorial.html,
https://docs.pytorch.org/tutorials/intermediate/torch_compile_tutorial.html and
https://docs.pytorch.org/tutorials/unstable/inductor_cpp_wrapper_tutorial.html
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

from torch import Tensor
from torch.func import functional_call

from triptych.impls.peers.torch import compiler, program, tensors
from triptych.impls.peers.torch.loop import Batch, State, loss, start, train_step
from triptych.impls.protocol import Params
from triptych.impls.task import Task


@dataclass(frozen=True)
class Eager:
    """PyTorch as it is."""

    task: Task

    def init(self, params: Params) -> State:
        """A module of its own, and its optimizer."""
        return start(self.task, params)

    @cached_property
    def step(self) -> Callable[[State, Batch], tuple[State, Tensor]]:
        """One update, in place."""
        return partial(train_step, self.task, partial(loss, self.task))

    def params(self, state: State) -> Params:
        """Copies in the canonical layout."""
        return tensors.give_back(self.task, dict(state.model.named_parameters()))

    take_batch = staticmethod(tensors.take_batch)
    wait = staticmethod(tensors.wait)


@dataclass(frozen=True)
class Compile:
    """PyTorch with the loss compiled: what `backward` runs is compiled with it."""

    task: Task

    def __post_init__(self) -> None:
        compiler.make_ready()

    def init(self, params: Params) -> State:
        """A module of its own, and its optimizer."""
        return start(self.task, params)

    @cached_property
    def step(self) -> Callable[[State, Batch], tuple[State, Tensor]]:
        """One update, in place."""
        return partial(train_step, self.task, compiler.compiled(partial(loss, self.task)))

    def params(self, state: State) -> Params:
        """Copies in the canonical layout."""
        return tensors.give_back(self.task, dict(state.model.named_parameters()))

    take_batch = staticmethod(tensors.take_batch)
    wait = staticmethod(tensors.wait)


@dataclass(frozen=True)
class CompileStep:
    """PyTorch with the whole step compiled, in Inductor's form with the least Python around the program."""

    task: Task

    def __post_init__(self) -> None:
        compiler.make_ready()

    def init(self, params: Params) -> program.State:
        """Copies the parameters, and adds Adam's accumulators where they are needed."""
        return program.start(self.task, tensors.take_in(self.task, params))

    @cached_property
    def step(self) -> Callable[[program.State, Batch], tuple[program.State, Tensor]]:
        """One update, in place."""
        model = tensors.skeleton(self.task)

        def of_weights(weights: program.Arrays, x: Tensor, y: Tensor) -> Tensor:
            return loss(self.task, lambda x: functional_call(model, weights, (x,)), x, y)

        run = compiler.compiled(partial(program.train_step, self.task, of_weights), cpp_wrapper=True)

        def step(state: program.State, batch: Batch) -> tuple[program.State, Tensor]:
            return state, run(state, *tensors.take_batch(batch))

        return step

    def params(self, state: program.State) -> Params:
        """Copies in the canonical layout."""
        return tensors.give_back(self.task, state[0])

    take_batch = staticmethod(tensors.take_batch)
    wait = staticmethod(tensors.wait)
