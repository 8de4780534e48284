"""Devices that are not there: what may be typed, what is said of the rest, and what their compilers must be."""

from importlib import metadata
from pathlib import Path

import pytest

from triptych.benches.record import targets
from triptych.benches.record.counts import gated
from triptych.benches.record.targets import NAMES, TargetError, compiler, target_named


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_the_table_is_one_chip_with_a_label_for_ids(name: str) -> None:
    """A label has no colon and no hyphen, which part the words of a benchmark's id; its counts are exact."""
    target = target_named(name)
    assert (target.chips, target.label) == (1, name.replace(":", "_"))
    assert target.memory_bytes >= 16e9
    assert "hlo_instructions" in gated(target.label)


def test_chips_are_a_shape_of_a_tpu_and_a_number_of_gpus() -> None:
    """Two by two is four chips of one topology; four GPUs stand in one host."""
    tpu, gpu = target_named("tpu:v5e:2x2"), target_named("gpu:h100:4")
    assert (tpu.topology, tpu.chips, tpu.label) == ("v5e:2x2", 4, "tpu_v5e_2x2")
    assert (gpu.topology, gpu.chips, gpu.label) == ("1x1x4", 4, "gpu_h100_4")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("tpu:v9", "unknown target 'tpu:v9'; expected one of tpu:v5e, "),
        ("v5e", "unknown target 'v5e'"),
        ("tpu:v5e:0x2", "has chips '0x2'"),
        ("tpu:v5e:", "has chips ''"),
        ("gpu:h100:2x2", "has chips '2x2'"),
        ("gone.txtpb", "cannot be read"),
    ],
)
def test_another_name_is_refused_with_those_that_are_known(typed: str, words: str) -> None:
    """What was got, and what would do."""
    with pytest.raises(TargetError, match=words):
        target_named(typed)


def test_a_file_describes_a_gpu_by_its_facts(tmp_path: Path) -> None:
    """Its name is the file's; one that says no memory is no description."""
    good, bad = tmp_path / "my gpu.txtpb", tmp_path / "bad.txtpb"
    good.write_text("gpu_device_info { device_memory_size: 123 }", encoding="utf-8")
    bad.write_text("nothing", encoding="utf-8")
    assert target_named(str(good))[1:5] == ("cuda", "1x1x1", 1, 123)
    assert target_named(str(good)).label == "gpu_my_gpu"
    with pytest.raises(TargetError, match="says no device_memory_size"):
        target_named(str(bad))


def test_a_compiler_that_is_missing_or_of_another_release_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install; the one that goes with this jax is named with its version, on which counts depend."""
    versions = {"jax": "0.10.2", "libtpu": "0.0.42"}

    def version(name: str) -> str:
        if name not in versions:
            raise metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(targets.metadata, "version", version)
    monkeypatch.setattr(targets.metadata, "requires", lambda _: ['libtpu==0.0.42.*; extra == "tpu"'])
    assert compiler("tpu") == "libtpu 0.0.42"
    with pytest.raises(TargetError, match=r"needs jax-cuda12-plugin, .*: pip install 'triptych\[gpu-compile\]'"):
        compiler("cuda")
    versions["libtpu"] = "0.0.52"
    with pytest.raises(TargetError, match=r"libtpu 0.0.52 is installed, and jax 0.10.2 goes with ==0.0.42"):
        compiler("tpu")
