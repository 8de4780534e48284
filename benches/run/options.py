"""The options of `triptych run`, which are pytest's too: each declared once, with its help and what it may be."""

from typing import Any, NamedTuple

from triptych.benches.schedule.defaults import DEFAULT_SWEEP_BUDGET_S, DEFAULT_TRAINERS, DEFAULT_WORKLOADS


class ChoiceError(Exception):
    """Something was asked for that does not exist or makes no sense; the message says what would."""


class Option(NamedTuple):
    """One option, with underscores in its name where hyphens are typed."""

    name: str
    words: str
    kind: type = bool  # bool is a flag; tuple takes names, repeated or with commas between; else one value of that type
    metavar: str | None = None
    least: int | None = None  # the smallest number that makes sense
    default: Any = None

    @property
    def flag(self) -> str:
        """As it is typed."""
        return f"--{self.name.replace('_', '-')}"


OPTIONS = (
    Option("trainer", f"name, module:attribute or file.py:attribute ({','.join(DEFAULT_TRAINERS)})", tuple, "NAME"),
    Option("workload", f"see `triptych list`, or file.py:attribute ({','.join(DEFAULT_WORKLOADS)})", tuple, "NAME"),
    Option("device", "cpu, cuda or tpu (every one present); cuda_default: not in full float32", tuple, "NAME"),
    Option("mode", "step, scan, eager, floor (an empty call); compile alone, for --compile-for (step)", tuple, "NAME"),
    Option("compile_for", "also compile for devices that are not there, such as tpu:v5e or gpu:h100", tuple, "NAME"),
    Option("restarts", "fresh workers per device: the n of every interval", int, "N", least=1),
    Option("seed", "seed of the run order", int, "N", default=0),
    Option("cpus", "processors of the workers, such as 0,1, or all as users have it (one)", str, "LIST"),
    Option("quick", "a look in half a minute, without intervals"),
    Option("thorough", "many restarts, long trainings"),
    Option("ladder", "also every rung from naive to a loop in C, one change at a time"),
    Option("law", "also what every style costs a step and an array, held to account on larger networks"),
    Option("gallery", "all installed styles on four networks, the law, and the lessons' claims"),
    Option("sweep", "in other sizes, doubled: width=16:4096, depth or batch; repeat for more", tuple, "AXIS=FROM:TO"),
    Option("sweep_budget", f"a sweep leaves out what takes longer ({DEFAULT_SWEEP_BUDGET_S:g})", float, "SECONDS"),
    Option("seeds", "train to the target loss from this many starting values", int, "N", least=1),
    Option("start_up", "also time fresh processes from their start to the first step"),
    Option("resume", "take up the run of that result file, which was stopped, with its own options", str, "FILE"),
    Option("output", "where result and page are written", str, "DIR", default="reports/latest"),
)


def names(given: Any) -> tuple[str, ...]:
    """Each name once, whether options or commas stand between them."""
    return tuple(dict.fromkeys(name for words in given or () for name in words.split(",") if name))
