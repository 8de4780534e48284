"""Aiming a step at a device that is not there: its topology, and the shapes on it in place of arrays."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax
from jax.experimental import topologies
from jax.sharding import Mesh, NamedSharding, PartitionSpec, SingleDeviceSharding

from triptych.benches.record.targets import Target


@lru_cache
def devices(target: Target) -> list[Any]:
    """The chips of a target, none of which is there.

    Raises:
        ValueError: If its compiler knows no such topology or description.
    """
    described = {"topology": target.topology, "target_config": target.description} if target.description else {}
    try:
        found = topologies.get_topology_desc("" if described else target.topology, target.platform, **described)
    except jax.errors.JaxRuntimeError as error:
        said = str(error).partition("\n")[0]
        raise ValueError(f"{target.name} is no device that its compiler knows ({said}); give another") from error
    return found.devices[: target.chips]


def shapes_on(target: Target, state: Any, batch: Any) -> tuple[Any, Any]:
    """A state and a batch as they would lie there: on several chips the state on each, the batch in equal parts.

    Raises:
        NotImplementedError: If the rows of the batch cannot be dealt out evenly.
    """
    if (rows := len(batch[0])) % target.chips:
        raise NotImplementedError(f"a batch of {rows} does not divide over {target.chips} chips; change either")
    chips = devices(target)
    if target.chips == 1:
        everywhere = dealt = SingleDeviceSharding(chips[0])
    else:
        mesh = Mesh(chips, ("data",))
        everywhere, dealt = NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("data"))

    def shapes(tree: Any, where: Any) -> Any:
        return jax.tree.map(lambda array: jax.ShapeDtypeStruct(array.shape, array.dtype, sharding=where), tree)

    return shapes(state, everywhere), shapes(batch, dealt)


def one_program(step: Callable[..., Any], state: Any, batch: Any) -> Any:
    """A step that can be lowered: itself, or, one compiled program inside, wrapped; then it hides what it donates.

    Raises:
        NotImplementedError: If it is more than one program, each of which is compiled by itself as it is called.
    """
    if hasattr(step, "lower"):
        return step
    calls = [equation.primitive.name for equation in jax.make_jaxpr(step)(state, batch).eqns]
    if calls not in (["jit"], ["pjit"]):
        words = "not applicable: a step is not one compiled program, but many that are compiled as they are called"
        raise NotImplementedError(words)
    return jax.jit(step)
