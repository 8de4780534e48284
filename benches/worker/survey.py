"""What a checkout offers to be measured: its trainers, and its workloads with their data."""

import sys
from pathlib import Path

from triptych.benches.worker.messages import PROTOCOL, Survey, Surveyed
from triptych.benches.workloads.published import describe, save
from triptych.benches.workloads.sizes import BASES, base_of, known_as, workload_named
from triptych.impls import registry
from triptych.impls.styles import BUILT_IN


def survey(request: Survey) -> Surveyed:
    """Loads what was named, or else all built-in trainers, and writes the data of the workloads that are known."""
    loaded, refused = dict[str, str](), dict[str, str]()
    for reference in request.trainers or BUILT_IN:
        try:
            registry.load(reference)
            label = registry.label(reference)
            if (other := loaded.setdefault(label, reference)) != reference:
                refused[reference] = f"{other} and {reference} would both be called {label}; rename one file"
        except registry.RegistryError as error:
            refused[reference] = str(error)
    named = list(map(known_as, request.workloads))
    known = [workload_named(name) for name in named if base_of(name) in BASES]
    paths = {workload.name: str(save(workload, Path(request.folder))) for workload in known}
    files = {label: registry.source(reference) for label, reference in loaded.items()}
    outside = {label: file for label, file in files.items() if not Path(file).is_relative_to(Path.cwd())}
    astray = _astray(Path(request.repo).resolve()) if request.repo else []
    return Surveyed(PROTOCOL, loaded, refused, list(map(describe, known)), paths, sys.executable, outside, astray)


def _astray(repo: Path) -> list[str]:
    """Imported files that lie in the repository, and neither in this copy of it, nor in the instrument or Python."""
    places = (Path.cwd(), Path(__file__).parents[2], Path(sys.prefix), Path(sys.base_prefix))
    own = [place.resolve() for place in places]
    files = {Path(file).resolve() for module in list(sys.modules.values()) if (file := module.__dict__.get("__file__"))}
    inside = [file for file in files if file.is_relative_to(repo)]
    return sorted(str(file) for file in inside if not any(map(file.is_relative_to, own)))
