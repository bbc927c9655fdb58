"""Who may import whom: a room imports only from floors strictly below its own."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "lightship"

FLOORS = (
    ("version", "errors"),
    ("extras",),
    ("codec", "settings", "tensors", "formats", "telemetry"),
    ("aws",),
    ("bundle", "inputs", "graphs"),
    ("calls", "probabilities", "stores", "engines"),
    ("protocols", "model", "registry"),
    ("serving", "compiler", "jobs"),
    ("dispatch",),
    ("app",),
    ("handlers", "local"),
    ("cli",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS, start=1) for room in rooms}

# Modules below the app that read the environment, and what for: everything else is passed down to them.
READERS = {
    "settings": "offers it to the floors above as values",
    "compiler/sandbox/process": "what a child inherits: the loader's path, the locale, coverage's variable",
    "compiler/sandbox/kernel/view": "the loader's path of this very process, whose libraries it may read",
}

# Doors to the house: they may reach any room, and no room reaches them.
DOORS = {"__init__", "__main__"}


def room_of(module: str) -> str:
    return module.split(".")[1]


def imports(path: Path) -> list[str]:
    """Every lightship module that a file imports, wherever in the file it does so."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [_module(node.module, alias.name) for alias in node.names]
    return [module for module in found if module.startswith("lightship.")]


def _module(package: str, name: str) -> str:
    """``from package import name``: the name's own module where it is one, else the package's."""
    path = SOURCE.joinpath(*package.split(".")[1:], name)
    return f"{package}.{name}" if path.is_dir() or path.with_suffix(".py").is_file() else package


FILES = sorted(SOURCE.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).with_suffix("").as_posix()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_room_imports_only_from_floors_below(path: Path) -> None:
    room = name_of(path).split("/")[0]
    if room in DOORS:
        return
    assert room in FLOOR, f"the room {room} stands on no floor: give it one here"
    breaches = [module for module in imports(path) if room_of(module) != room and FLOOR[room_of(module)] >= FLOOR[room]]
    assert not breaches, f"{name_of(path)} (floor {FLOOR[room]}) imports {breaches}"


@pytest.mark.parametrize("path", [path for path in FILES if path.name != "__init__.py"], ids=name_of)
def test_an_alternative_does_not_import_the_package_that_lists_it(path: Path) -> None:
    package = "lightship." + ".".join(path.relative_to(SOURCE).parent.parts)
    assert package not in imports(path)


def test_no_import_goes_in_a_circle() -> None:
    modules = {"lightship." + name_of(path).replace("/", ".").removesuffix(".__init__"): path for path in FILES}
    needs = {module: _needs(path, modules.keys()) - {module} for module, path in modules.items()}
    order = TopologicalSorter(needs)
    order.prepare()  # raises CycleError, which names the circle


def _needs(path: Path, modules: Collection[str]) -> set[str]:
    """The modules that are imported when this one is: those that it names outside of functions, and their packages."""
    found = {name for node in _at_import(ast.parse(path.read_text()).body) for name in _names(node) if name in modules}
    own = "lightship." + name_of(path).replace("/", ".").removesuffix(".__init__")
    packages = {name.rsplit(".", depth)[0] for name in found for depth in range(1, name.count(".") + 1)}
    return found | {package for package in packages & {*modules} if not f"{own}.".startswith(f"{package}.")}


def _at_import(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for node in statements:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.Try | ast.With | ast.If) and "TYPE_CHECKING" not in ast.unparse(node):
            yield from _at_import(node.body)


def _names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom) and node.module:
        yield from (_module(node.module, alias.name) for alias in node.names)
    elif isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)


def reads_environment(path: Path) -> bool:
    """Whether a file names os.environ or os.getenv, or imports them."""
    tree = ast.parse(path.read_text())
    names = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    return bool({"os.environ", "os.getenv"} & names or {"environ", "getenv"} & imported)


def test_environment_is_read_by_the_top_layers_only() -> None:
    readers = {name_of(path) for path in FILES if reads_environment(path)}
    below = {reader for reader in readers if FLOOR.get(reader.split("/")[0], FLOOR["app"]) < FLOOR["app"]}
    assert below == READERS.keys()


def test_the_walls_hold_against_a_breach(tmp_path: Path) -> None:
    breach = tmp_path / "tensors.py"
    breach.write_text("from lightship import inputs\nfrom lightship.app.server import Server\n")
    assert imports(breach) == ["lightship.inputs", "lightship.app.server"]
    assert not reads_environment(breach)
    for line in ("import os\nos.environ['A']", "import os\nos.getenv('A')", "from os import environ"):
        breach.write_text(line)
        assert reads_environment(breach)
