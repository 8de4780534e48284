"""What a checkout offers to be measured: its trainers, and its workloads with their data."""

import sys
from pathlib import Path

from benches.messages import PROTOCOL, Survey, Surveyed
from benches.record import WorkloadRecord
from benches.sizes import BASES, base_of, workload_named
from benches.workloads import Workload, save
from impls import registry
from impls.task import Sgd


def survey(request: Survey) -> Surveyed:
    """Loads what was named, or else all built-in trainers, and writes the data of the workloads that are known."""
    loaded: dict[str, str] = {}
    refused: dict[str, str] = {}
    for reference in request.trainers or registry.BUILT_IN:
        try:
            registry.load(reference)
            if (other := loaded.setdefault(registry.label(reference), reference)) != reference:
                words = f"{other} and {reference} would both be called {registry.label(reference)}; rename one file"
                refused[reference] = words
        except registry.RegistryError as error:
            refused[reference] = str(error)
    known = [workload_named(name) for name in request.workloads if base_of(name) in BASES]
    paths = {workload.name: str(save(workload, Path(request.folder))) for workload in known}
    files = {label: registry.source(reference) for label, reference in loaded.items()}
    outside = {label: file for label, file in files.items() if not Path(file).is_relative_to(Path.cwd())}
    return Surveyed(
        PROTOCOL,
        loaded,
        refused,
        [describe(workload) for workload in known],
        paths,
        sys.executable,
        outside,
        _astray(Path(request.repo).resolve()) if request.repo else [],
    )


def _astray(repo: Path) -> list[str]:
    """Imported files that lie in the repository, and neither in this copy of it, nor in the instrument or Python."""
    own = [Path.cwd(), Path(__file__).parents[1], Path(sys.prefix), Path(sys.base_prefix)]
    files = {Path(file).resolve() for module in list(sys.modules.values()) if (file := module.__dict__.get("__file__"))}
    return sorted(
        str(file)
        for file in files
        if file.is_relative_to(repo) and not any(file.is_relative_to(place.resolve()) for place in own)
    )


def describe(workload: Workload) -> WorkloadRecord:
    """A workload in the record's words."""
    task = workload.task
    optimizer = task.optimizer
    sizes = "-".join(map(str, task.layer_sizes))
    return WorkloadRecord(
        name=workload.name,
        source=workload.source,
        network=f"{sizes}, {task.activation}, {task.output} output",
        loss=task.loss,
        optimizer=f"{'SGD' if isinstance(optimizer, Sgd) else 'Adam'} {optimizer.learning_rate:g}",
        batch_size=workload.batch_size,
        steps=workload.steps,
        parity_rtol=workload.parity_rtol,
        parity_atol=workload.parity_atol,
        target_loss=workload.target_loss,
    )
