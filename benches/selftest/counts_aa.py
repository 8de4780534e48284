"""Counts the same cells in fresh processes, in another order each, and says which counts were not equal.

    python -m triptych.benches.selftest.counts_aa --processes 10

What `triptych.benches.record.counts.EXACT` names must be equal in all of them; exit code 1 if it is not.
"""

import argparse
import random
import sys
from collections.abc import Mapping, Sequence

from triptych.benches.arms.arm import platform_arm
from triptych.benches.gate.verdict import several
from triptych.benches.record.counts import EXACT, Counts
from triptych.benches.record.run import Cell
from triptych.benches.schedule.tally import built_in_cells, count_cells


def spread(tallies: Sequence[Mapping[Cell, Counts | str]]) -> list[str]:
    """For instance "xor-treemap-cpu-step, hlo_fusions: 14, 15", for each count that differs between tallies."""
    said: list[str] = []
    for cell in tallies[0]:
        sides = [tally[cell] for tally in tallies]
        for name in Counts.__struct_fields__:
            values = dict.fromkeys(getattr(side, name, side) for side in sides)
            if len(values) > 1:
                said.append(f"{cell.id}, {name}: {', '.join(map(str, values))}")
    return said


def main() -> None:
    """Runs the experiment on the CPU."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=10)
    parser.add_argument("--workload", nargs="+", default=["xor", "digits"])
    chosen = parser.parse_args()
    cells = [cell for cell in built_in_cells() if cell.workload in chosen.workload]
    orders = [random.Random(seed).sample(cells, len(cells)) for seed in range(chosen.processes)]
    tallies = [count_cells(order, platform_arm("cpu")).counted for order in orders]
    lines = spread(tallies)
    for line in lines:
        sys.stdout.write(f"{line}\n")
    broken = [line for line in lines if line.partition(", ")[2].partition(":")[0] in EXACT]
    sys.stdout.write(f"{several(len(cells), 'cell')}, {len(tallies)} processes: {len(broken)} exact counts differ\n")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
