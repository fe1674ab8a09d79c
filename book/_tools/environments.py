"""Fresh virtual environments that hold the named packages and what these need, and nothing else.

The packages are linked, file by file, from the environment that runs this: nothing is downloaded, the versions are the
ones at hand, and whatever pip does to the new environment cannot reach the old one.
"""

import subprocess
import venv
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def needed(names: Iterable[str]) -> dict[str, Distribution]:
    """The installed packages of these names and all that they require, by canonical name."""
    found: dict[str, Distribution] = {}
    waiting = [canonicalize_name(name) for name in names]
    while waiting:
        if (name := waiting.pop()) in found:
            continue
        found[name] = distribution(name)
        wanted = [Requirement(line) for line in found[name].requires or ()]
        waiting += [canonicalize_name(one.name) for one in wanted if not one.marker or one.marker.evaluate()]
    return found


def create(folder: Path, packages: Mapping[str, Distribution]) -> Path:
    """Makes a virtual environment in `folder` that has these packages; returns its interpreter."""
    venv.create(folder, with_pip=False)
    (site,) = folder.glob("lib/python*/site-packages")
    for package in packages.values():
        for file in package.files or ():
            if ".." in file.parts or not (source := Path(str(package.locate_file(file)))).is_file():
                continue  # scripts and manual pages lie outside; byte code may not have been kept
            link = site / file
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.exists():
                link.symlink_to(source)
    return folder / "bin" / "python"


def install(python: Path, requirements: Sequence[str], environment: Mapping[str, str]) -> None:
    """Installs exactly these packages, without what they require, into the environment of this interpreter."""
    command = [str(python), "-m", "pip", "install", "-q", "--no-deps", *requirements]
    subprocess.run(command, env=dict(environment), check=True)


def state(python: Path) -> dict[str, str]:
    """Each package of the environment of this interpreter: its version, and which files of the disk it consists of."""
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    packages = {canonicalize_name(one.metadata["Name"]): one for one in distributions(path=[str(site)])}
    return {name: f"{one.version} in {_identity(one)}" for name, one in sorted(packages.items())}


def _identity(package: Distribution) -> int:
    """A number that changes when the package is installed anew, be it in the same version."""
    metadata = next(file for file in package.files or () if file.name in ("METADATA", "PKG-INFO"))
    return Path(str(package.locate_file(metadata))).lstat().st_ino


def version_of(description: str) -> str:
    """The version in a value of `state`.

    Example:
        >>> version_of("2.4.6 in 1234")
        '2.4.6'
    """
    return description.partition(" ")[0]
