"""`torch.compile` made ready: one program for one shape of batch, each compiled anew when a trainer is built."""

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any

import torch


def make_ready() -> None:
    """Forgets what was compiled, keeps nothing on disk, and asks the compiler once what the processor can do.

    The last is asked of g++ by trial programs, whose answers PyTorch keeps for the machine; asked here, they are no
    part of compiling a step.

    Raises:
        NotImplementedError: If there is no C++ compiler.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # PyTorch's own parts, of one another
        import_module("torch._inductor.compile_fx")
    from torch._inductor import cpp_builder, cpu_vec_isa
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        cpp_builder.get_cpp_compiler()
    except InvalidCxxCompiler as error:
        wanted = "apt-get install g++, or set CXX to the one you have"
        raise NotImplementedError(f"torch.compile needs a C++ compiler and found none; {wanted}") from error
    cpu_vec_isa.pick_vec_isa()
    settings: Any = torch.compiler.config
    settings.force_disable_caches = True
    warnings.filterwarnings("ignore", "dynamo_pgo force disabled")  # another cache, which says that it is off
    torch.compiler.reset()


def compiled(function: Callable[..., Any], **options: bool) -> Callable[..., Any]:
    """The function as one program, in which no size is left open; with Inductor's options."""
    return torch.compile(function, fullgraph=True, dynamic=False, options=dict(options) or None)
