"""What was asked for is checked before anything is measured."""

from pathlib import Path

import pytest
from choices import choose

from triptych.benches.arms.arm import platform_arm
from triptych.benches.record.run import Cell, Settings
from triptych.benches.run import choice
from triptych.benches.run.options import ChoiceError
from triptych.benches.run.take import new_run
from triptych.benches.workloads.arrays import CUTS
from triptych.benches.workloads.published import WORKLOADS
from triptych.impls import registry
from triptych.impls.styles import STYLES


def test_cells_are_the_product_with_trainers_side_by_side() -> None:
    """Two workloads by two trainers on the CPU are four cells, the trainers of one workload next to one another."""
    cells = choose(trainer=["naive,treemap"], workload=["xor", "digits"])
    assert [cell.id for cell in cells] == [
        "xor-naive-cpu-step",
        "xor-treemap-cpu-step",
        "digits-naive-cpu-step",
        "digits-treemap-cpu-step",
    ]


def test_two_trainers_under_one_name_are_refused(tmp_path: Path) -> None:
    """Two files of one name would be one row; neither is dropped silently."""
    references = [tmp_path / folder / "mine.py" for folder in "ab"]
    for reference in references:
        reference.parent.mkdir()
        reference.touch()
    with pytest.raises(ChoiceError, match="would both be called mine; rename one file"):
        choose(trainer=[f"{reference}:Trainer" for reference in references])


def test_the_reference_is_treemap_where_it_runs_and_else_the_first() -> None:
    """Every ratio needs a name to stand against."""
    for trainers, reference in (("naive,treemap", "treemap"), ("naive,flax_optax", "naive")):
        assert new_run(list(choose(trainer=[trainers])), Settings(), "test").reference == reference


def test_every_workload_is_described_in_words() -> None:
    """The record can be read without the code that made it."""
    cells = choose(trainer=["treemap"], workload=list(WORKLOADS))
    described = new_run(list(cells), Settings(), "test").workloads
    assert [workload.name for workload in described] == list(WORKLOADS)
    digits = next(workload for workload in described if workload.name == "digits")
    assert (digits.network, digits.optimizer) == ("64-32-10, relu, identity output", "Adam 0.003")


def test_a_floor_can_be_asked_for_of_any_trainer_and_the_c_loop_of_none() -> None:
    """A floor is a trainer's own arrays in an empty call; the loop in C belongs to the ladder."""
    cells = choose(trainer=["naive"], workload=["xor"], mode=["step", "floor"])
    assert [cell.id for cell in cells] == ["xor-naive-cpu-step", "xor-naive-cpu-floor"]
    with pytest.raises(ChoiceError, match="unknown mode 'limit'; expected one of step, scan, eager, floor"):
        choose(mode=["limit"])


def test_a_ladder_ends_with_the_loop_in_c() -> None:
    """Every rung once, beside what was chosen, and the floor that a treemap step is held against."""
    cells = choose(trainer=["treemap"], workload=["xor"], ladder=True)
    assert [cell.id.removeprefix("xor-") for cell in cells] == [
        "treemap-cpu-step", "naive-cpu-step", "batched-cpu-step", "compiled_gradient-cpu-step", "undonated-cpu-step",
        "treemap-cpu-scan", "c_loop-cpu-limit", "treemap-cpu-floor",
    ]  # fmt: skip
    assert cells[Cell("xor", "batched", "cpu")] == "batched"


def test_a_ladder_without_a_timed_place_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rungs are timed, and what is compiled alone is not."""
    monkeypatch.setattr(choice, "compiler", lambda platform: f"a compiler for {platform}")
    with pytest.raises(ChoiceError, match="--ladder times its rungs, and --mode compile times nothing"):
        choose(mode=["compile"], compile_for=["tpu:v5e"], ladder=True)


def test_a_law_is_measured_beside_what_it_is_held_to() -> None:
    """Every style that is one call on every cut, and an empty call; by itself on three networks and deeper ones too."""
    cells = choose(trainer=["naive", "treemap", "flax_optax"], workload=["digits"], law=True)
    ids = [cell.id for cell in cells]
    assert ids[:3] == ["digits-naive-cpu-step", "digits-treemap-cpu-step", "digits-flax_optax-cpu-step"]
    cuts = [name for name in ids if name.startswith("arrays_adam-arrays256-")]
    assert cuts == [
        f"arrays_adam-arrays256-{one}" for one in ("treemap-cpu-step", "flax_optax-cpu-step", "treemap-cpu-floor")
    ]
    assert sum("floor" in name for name in ids) == sum(map(len, CUTS.values()))
    with pytest.raises(ChoiceError, match="a cost is what a step takes longer than treemap's; time that too"):
        choose(trainer=["flax_optax"], workload=["digits"], law=True)
    alone = {cell.workload for cell in choose(law=True) if "arrays" not in cell.workload}
    assert alone == {"digits", "digits_conv", "text", "text-depth4", "text-depth8"}


def test_a_gallery_has_all_that_is_installed_and_what_the_claims_ask_for() -> None:
    """On four networks; the rung that compiles the gradient alone, and the lessons' own recipes."""
    cells = choose(gallery=True)
    by_workload = {name: {cell.trainer for cell in cells if cell.workload == name} for name in ("text", "xor")}
    assert by_workload["text"] == set(registry.installed())
    assert by_workload["xor"] == {*registry.installed(), "compiled_gradient"}
    cut = {cell.trainer for cell in cells if cell.workload == "arrays_adam-arrays8"}
    assert cut == set(filter(registry.is_one_call, STYLES))
    assert {"xnor_online", "xor_adam", "text-depth8", "arrays_sgd-arrays8"} <= {cell.workload for cell in cells}


def test_a_platform_at_its_own_precision_is_another_arm() -> None:
    """Whose tolerance is that of fewer bits; the environment says nothing of float32 there."""
    cells = choose(device=["cpu", "cpu_default"], trainer=["treemap"], workload=["xor"])
    run = new_run(list(cells), Settings(), "test")
    assert [arm.name for arm in run.arms] == ["cpu", "cpu_default"]
    assert platform_arm("cuda").env["JAX_DEFAULT_MATMUL_PRECISION"] == "highest"
    own = platform_arm("cuda_default")
    assert (own.device, own.env["JAX_PLATFORMS"]) == ("cuda", "cuda")
    assert "JAX_DEFAULT_MATMUL_PRECISION" not in own.env
    with pytest.raises(ChoiceError, match="unknown device 'abacus'"):
        choose(device=["abacus_default"])


def test_what_is_compiled_for_stands_beside_what_runs_and_alone_where_that_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A cell more a device that is not there; two files of one name would be one device; none is no mode."""
    monkeypatch.setattr(choice, "compiler", lambda platform: f"a compiler for {platform}")
    asked = {"workload": ["xor"], "trainer": ["treemap"], "compile_for": ["tpu:v5e,gpu:h100,tpu:v5e"]}
    beside, alone = choose(**asked), choose(**asked, mode=["compile"])
    compiled = ["xor-treemap-tpu_v5e-compile", "xor-treemap-gpu_h100-compile"]
    assert [cell.id for cell in beside] == ["xor-treemap-cpu-step", *compiled]
    assert [cell.id for cell in alone] == compiled
    with pytest.raises(ChoiceError, match="say which: --compile-for tpu:v5e"):
        choose(mode=["compile"])
    for number, folder in enumerate("ab"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.txtpb").write_text(f"device_memory_size: {number}", encoding="utf-8")
    with pytest.raises(ChoiceError, match="two files of --compile-for have one name"):
        choose(compile_for=[str(tmp_path / folder / "mine.txtpb") for folder in "ab"])
