"""The same machine or another one: facts and differences."""

import msgspec
import pytest

from tests.reports.sample_run import fingerprint
from triptych.benches.record import machine

HERE = fingerprint()


@pytest.mark.parametrize("name", [name for name in machine.facts(HERE) if name not in HERE.libraries])
def test_every_fact_tells_machines_apart(name: str) -> None:
    """By its name, with both values; a library's version too, but not the load."""
    other = msgspec.structs.replace(HERE, **{name: "other"})
    assert machine.differences(machine.facts(HERE), machine.facts(other)) == [
        f"{name}: {machine.facts(HERE)[name] or 'not said'} against other"
    ]
    assert machine.differing([machine.facts(HERE), machine.facts(other)]) == [name]
    newer, busy = (
        fingerprint(**change)
        for change in ({"libraries": HERE.libraries | {"flax": "9"}}, {"load_average": [9.0, 9.0, 9.0]})
    )
    assert machine.differences(machine.facts(HERE), machine.facts(newer)) == ["flax: 0.12.1 against 9"]
    assert machine.facts(busy) == machine.facts(HERE)


def test_what_tells_most_comes_first() -> None:
    """Of two machines that differ in everything."""
    other = fingerprint(cpu_model="Abacus 1", jax="1", os="another", cpu_count=9)
    machines = [machine.facts(HERE), machine.facts(other)]
    assert machine.differing(machines) == ["cpu_model", "jax", "cpu_count", "os"]
    assert [machine.in_words(machines[1], name) for name in ("jax", "cpu_model")] == ["jax 1", "Abacus 1"]


def test_a_stranger_says_less_of_its_machine() -> None:
    """A host's name stands in for a processor without one; nothing at all is no processor."""
    whole = {"cpu": {"brand_raw": "Abacus 1", "count": 2}, "python_implementation": "CPython", "node": "a host"}
    found = machine.strangers_facts(whole)
    assert found == {"cpu": "Abacus 1", "cpu count": "2", "python implementation": "CPython"}
    assert machine.strangers_facts(whole | {"cpu": None})["cpu"] == "a host"
    assert machine.names_processor(found)
    assert not machine.names_processor(machine.strangers_facts({}))
    assert not machine.names_processor(machine.facts(None))


def test_a_toolchain_is_what_counts_depend_on() -> None:
    """Whatever the libraries beside jax."""
    assert machine.toolchain(HERE, "x86_64") == "jax 0.10.2, jaxlib 0.10.2, cpu x86_64"
