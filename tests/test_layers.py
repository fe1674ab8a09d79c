"""labs is built in layers: what lies lower never imports what lies higher, as its imports prove."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import labs

LABS = Path(labs.__file__).parent

LAYERS = (
    {"inputs", "device", "bars"},
    {"data", "objectives", "models", "losses", "separators", "intervals"},
    {"batching", "fast", "lanczos", "products"},
    {"gradients", "data_parallel", "curvature", "landscape", "critical_points", "recurrence", "inexact", "limits"},
    {"training", "data_parallel"},
    {"sweeps"},
    {"cards", "claims", "figures", "explore", "exercises"},
)
LAYER = {name: layer for layer, names in enumerate(LAYERS) for name in names}
NOTHING_ABOVE = "labs"  # the package itself: it opens the course's everyday names, from any layer, at first use


def _modules() -> dict[str, str]:
    """The text of each module, by its name."""
    paths = sorted(LABS.rglob("*.py"))
    names = [".".join(("labs", *path.relative_to(LABS).with_suffix("").parts)) for path in paths]
    return {name.removesuffix(".__init__"): path.read_text("utf-8") for name, path in zip(names, paths, strict=True)}


def _imports(source: str) -> Iterator[str]:
    """The full names of all that is imported anywhere in a module, inside functions and for types alone too.

    Relative imports need no thought: ruff forbids them (TID252).
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _room(module: str) -> str:
    """The module or package right under labs that a full name belongs to."""
    return module.split(".")[1] if "." in module else NOTHING_ABOVE


def upward_imports(modules: dict[str, str]) -> list[str]:
    """Each import of a higher layer by a lower one."""
    return [
        f"{name} (layer {LAYER[_room(name)]}) imports {imported} (layer {LAYER[_room(imported)]})"
        for name, source in modules.items()
        if name != NOTHING_ABOVE
        for imported in _imports(source)
        if imported.startswith("labs.") and LAYER[_room(imported)] > LAYER[_room(name)]
    ]


def test_no_layer_imports_a_higher_one() -> None:
    assert upward_imports(_modules()) == []


def test_every_module_has_its_layer() -> None:
    assert {_room(name) for name in _modules()} - {NOTHING_ABOVE} <= set(LAYER)


def _at_run_time(source: str) -> str:
    """A module without what it imports for type annotations alone."""
    return re.sub(r"^if TYPE_CHECKING:\n(?:    .*\n|\n)+", "", source, flags=re.MULTILINE)


def _importers(modules: dict[str, str], package: str) -> set[str]:
    """Which parts of labs import a package when they are run."""
    return {
        _room(name)
        for name, source in modules.items()
        if any(imported.split(".")[0] == package for imported in _imports(_at_run_time(source)))
    }


def test_only_figures_imports_matplotlib() -> None:
    assert _importers(_modules(), "matplotlib") == {"figures"}


def test_an_import_for_types_alone_is_none_at_run_time() -> None:
    for_types = "if TYPE_CHECKING:\n    from matplotlib.figure import Figure\n\nx = 1\n"
    assert _importers({"labs.data": for_types}, "matplotlib") == set()
    assert _importers({"labs.data": for_types + "import matplotlib.pyplot\n"}, "matplotlib") == {"data"}


@pytest.mark.parametrize(
    "line",
    [
        "import labs.training",
        "from labs import training",
        "from labs.training import train",
        "def late():\n    from labs.training.trace import Trace",
        "if TYPE_CHECKING:\n    import labs.training as t",
    ],
)
def test_an_upward_import_is_found_however_it_is_written(line: str) -> None:
    assert len(upward_imports({"labs.data.samples": line})) == 1
    assert upward_imports({"labs.claims": line}) == []


def test_importing_from_the_package_itself_is_found() -> None:
    """`from labs import claim` would pull in a name of layer 5 past the test above."""
    with pytest.raises(KeyError, match="claim"):
        upward_imports({"labs.data": "from labs import claim"})
