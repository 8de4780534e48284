"""What pip installs: one name on the import path, what it needs below it, and nothing of a stranger's hidden.

The wheel is built from the source distribution, that from a copy of this checkout, once and without the network; it is
unpacked where PYTHONPATH finds it before the checkout.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from histories import ROOT, edit, git

from triptych.benches.record import files

pytestmark = pytest.mark.processes

FOLDERS = ("impls", "benches", "reports")

LEFT_OUT = ("reports/gallery/", "benches/baselines/series-")
"""The gallery but for its results, and recordings that only the self-test's authors read."""

MINE = """
import benches, impls, reports
from triptych.impls.treemap.trainer import Trainer

assert [package.OWNER for package in (benches, impls, reports)] == ["a stranger"] * 3
"""


class Installed(NamedTuple):
    """A wheel, the names in it, and where it is unpacked."""

    wheel: Path
    names: list[str]
    site: Path


def tracked(*patterns: str) -> list[str]:
    """Files of this checkout as it stands."""
    return [name for name in git(ROOT, "ls-files", "-z", *patterns).split("\0") if name and (ROOT / name).exists()]


def build(kind: str, checkout: Path, folder: Path) -> Path:
    """What setuptools makes of a checkout."""
    code = f"from setuptools import build_meta\nbuild_meta.build_{kind}({str(folder)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=checkout, capture_output=True, check=True)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """This checkout, packed, built and unpacked."""
    folder = tmp_path_factory.mktemp("installation")
    for name in tracked():
        (folder / "checkout" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / "checkout" / name, follow_symlinks=False)
    for made in ("packed", "source", "built", "site"):
        (folder / made).mkdir()
    packed = build("sdist", folder / "checkout", folder / "packed")
    subprocess.run([sys.executable, "-m", "tarfile", "-e", packed, folder / "source"], check=True)
    (source,) = (folder / "source").iterdir()
    wheel = build("wheel", source, folder / "built")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
        return Installed(wheel, archive.namelist(), folder / "site")


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A project that has packages of the same names as our folders, and a trainer that imports them."""
    edit(tmp_path, {f"{name}/__init__.py": 'OWNER = "a stranger"\n' for name in FOLDERS})
    edit(tmp_path, {"mine.py": MINE})
    return tmp_path


def python(folder: Path, site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """An interpreter in a project's folder, which stands on its path, with the wheel installed."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    path = os.pathsep.join(map(str, (site, folder)))
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=folder,
        env=mine | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def triptych(folder: Path, site: Path, *arguments: str) -> str:
    """What the command prints."""
    done = python(folder, site, "-c", "from triptych import main; main()", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_one_name_is_installed(installed: Installed) -> None:
    """The package and its description, in which nothing is announced but the command: no plugin of pytest."""
    assert {name.partition("/")[0].partition("-")[0] for name in installed.names} == {"triptych"}
    announced = next(name for name in installed.names if name.endswith("entry_points.txt"))
    text = (installed.site / announced).read_text(encoding="utf-8")
    assert text.split() == ["[console_scripts]", "triptych", "=", "triptych:main"]


def test_every_file_is_installed(installed: Installed) -> None:
    """All that the three folders hold, program or not, but what is named here."""
    files = [name for name in tracked(*FOLDERS) if not name.startswith(LEFT_OUT)]
    wanted = {f"triptych/{name}" for name in (*files, *tracked("reports/gallery/data/*.gz"))}
    assert wanted - set(installed.names) == set()
    assert {name.rpartition(".")[2] for name in wanted} >= {"py", "c", "css", "js", "jinja", "json"}


def test_a_strangers_packages_stay_theirs(installed: Installed, foreign: Path) -> None:
    """Both are imported in one process, each under its own name."""
    code = f"{MINE}\nfrom triptych.benches import record\nprint(record.__file__)"
    done = python(foreign, installed.site, "-c", code)
    assert done.stdout.strip() == str(installed.site / "triptych" / "benches" / "record" / "__init__.py"), done.stderr


def test_the_installed_command_works_in_a_strangers_project(installed: Installed, foreign: Path) -> None:
    """It lists, measures a trainer that imports the stranger's packages in its worker, and writes the page again."""
    assert "flax_optax" in triptych(foreign, installed.site, "list")
    options = ("--quick", "--restarts=1", "--workload=xor", "--device=cpu", "--trainer=mine.py:Trainer")
    assert "3 passed" in triptych(foreign, installed.site, "run", *options, "--output=found")
    assert [cell.outcome.kind for cell in files.read(foreign / "found" / "result.json").cells] == ["ok"]
    triptych(foreign, installed.site, "report", "found/result.json", "--output=page")
    assert (foreign / "page" / "index.html").stat().st_size > 10_000
