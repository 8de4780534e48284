"""How cells and places are called, with no more words than tell them apart.

A scene is what is compared across runs and arms: a workload on a device in a mode; a side whose figure it is there.
"""

from triptych.reports import text
from triptych.reports.view.report import Place, Report, Row


def several(report: Report, part: str) -> bool:
    """Whether a run has more than one "device" or "mode", or a device more than one "arm"."""
    if part == "arm":
        arms = {(place.source, place.arm) for place in report.by_place}
        return len(arms) > len({(place.source, place.device) for place in report.by_place})
    return len({getattr(place, part) for place in report.by_place}) > 1


def scene(place: Place) -> tuple[str, str, str]:
    """What must be equal for rows to stand under one heading."""
    return place.workload, place.device, place.mode


def scene_name(report: Report, place: Place, *, device: bool = True) -> str:
    """For instance "xor · cpu"; the device may be left out where there is only one."""
    parts = [text.short(place.workload)]
    if device or several(report, "device"):
        parts.append(text.short(place.device, 20))
    return " · ".join([*parts, place.mode] if several(report, "mode") else parts)


def side_name(report: Report, place: Place) -> str:
    """For instance "A", or "A new-jax", or nothing where there is one side only."""
    parts = [place.source] if len(report.sources) > 1 else []
    return " ".join([*parts, text.short(place.arm, 20)] if several(report, "arm") else parts)


def place_name(report: Report, place: Place) -> str:
    """A place with its side, as a heading."""
    return f"{scene_name(report, place)} {side_name(report, place)}".strip()


def cell_name(report: Report, row: Row) -> str:
    """A cell inside a sentence."""
    parts = text.short(row.place.workload), side_name(report, row.place), text.short(row.place.device, 20)
    return f"{text.short(row.trainer)} on {', '.join(filter(None, parts))}"


def on(report: Report, place: Place) -> str:
    """A workload and where a sentence of it holds: "On xor on cpu"."""
    return f"On {text.short(place.workload)} {setting(report, place)}"


def setting(report: Report, place: Place) -> str:
    """Where a sentence holds: "on cpu", or "in run A on cpu, scan mode"."""
    words = f"in run {place.source} " if len(report.sources) > 1 else ""
    words += f"on {text.short(place.device)}"
    words += f", arm {text.short(place.arm)}" if several(report, "arm") else ""
    return f"{words}, {place.mode} mode" if several(report, "mode") else words


def side_by_side(report: Report) -> list[Row]:
    """The rows with the sides of a scene next to one another, trainer by trainer."""
    scenes = {scene(place): index for index, place in reversed(list(enumerate(report.by_place)))}
    trainers = {name: index for index, name in enumerate(report.trainers)}
    return sorted(report.rows, key=lambda row: (scenes[scene(row.place)], trainers[row.trainer]))
