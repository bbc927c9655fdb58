"""Layers of packages: a package imports only from layers strictly below its own."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "lightship"

LAYERS = (
    ("version", "errors", "numerals", "regular_files", "documents"),
    ("extras",),
    ("settings", "tensors", "formats", "telemetry"),
    ("aws",),
    ("bundle", "drawing", "inputs", "graphs", "preprocessing", "transforms"),
    ("overview",),
    ("calls", "boxes", "probabilities", "stores", "engines"),
    ("protocols", "model", "registry"),
    ("evaluation", "explain"),
    ("serving", "compiler", "jobs"),
    ("dispatch",),
    ("app",),
    ("handlers", "local"),
    ("cli",),
)
LAYER = {package: number for number, packages in enumerate(LAYERS, start=1) for package in packages}

# Modules below the app that read the environment, and why; all others get values as arguments.
READERS = {
    "settings/__init__": "parses it to values for the layers above",
    "aws/credentials": "AWS's own variables, again when credentials expire, as boto3 does",
    "aws/objects": "AWS's own variables, as boto3 does",
    "compiler/sandbox/process": "what a child inherits: the loader's path, the locale, coverage's variable",
    "compiler/sandbox/kernel/view": "the loader's path of this process, whose libraries it may read",
}

# Entry points: they may import any package, and no package imports them.
ENTRY_POINTS = {"__init__", "__main__"}


def package_of(module: str) -> str:
    return module.split(".")[1]


def imports(path: Path) -> list[str]:
    """Return every lightship module that a file imports, at any nesting."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [_module(node.module, alias.name) for alias in node.names]
    return [module for module in found if module.startswith("lightship.")]


def _module(package: str, name: str) -> str:
    """Return the module that ``from package import name`` imports.

    It is the name's own module if it is a module, else the package.
    """
    path = SOURCE.joinpath(*package.split(".")[1:], name)
    return f"{package}.{name}" if path.is_dir() or path.with_suffix(".py").is_file() else package


FILES = sorted(SOURCE.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).with_suffix("").as_posix()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_module_imports_only_lower_layers(path: Path) -> None:
    package = name_of(path).split("/")[0]
    if package in ENTRY_POINTS:
        return
    assert package in LAYER, f"the package {package} has no layer: add it to LAYERS"
    violations = [
        module
        for module in imports(path)
        if package_of(module) != package and LAYER[package_of(module)] >= LAYER[package]
    ]
    assert not violations, f"{name_of(path)} (layer {LAYER[package]}) imports {violations}"


@pytest.mark.parametrize("path", [path for path in FILES if path.name != "__init__.py"], ids=name_of)
def test_module_does_not_import_own_package(path: Path) -> None:
    package = "lightship." + ".".join(path.relative_to(SOURCE).parent.parts)
    assert package not in imports(path)


def test_imports_have_no_cycle() -> None:
    modules = {"lightship." + name_of(path).replace("/", ".").removesuffix(".__init__"): path for path in FILES}
    needs = {module: _needs(path, modules.keys()) - {module} for module, path in modules.items()}
    order = TopologicalSorter(needs)
    order.prepare()  # raises CycleError, which names the cycle


def _needs(path: Path, modules: Collection[str]) -> set[str]:
    """Return the modules that importing this one imports.

    They are those named outside of functions, and their packages.
    """
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
    """Return whether a file uses os.environ or os.getenv."""
    tree = ast.parse(path.read_text())
    names = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    return bool({"os.environ", "os.getenv"} & names or {"environ", "getenv"} & imported)


def test_environment_is_read_by_top_layers_only() -> None:
    readers = {name_of(path) for path in FILES if reads_environment(path)}
    below = {reader for reader in readers if LAYER.get(reader.split("/")[0], LAYER["app"]) < LAYER["app"]}
    assert below == READERS.keys()


def test_imports_and_reads_environment_detect_violations(tmp_path: Path) -> None:
    violation = tmp_path / "tensors.py"
    violation.write_text("from lightship import inputs\nfrom lightship.app.server import Server\n")
    assert imports(violation) == ["lightship.inputs", "lightship.app.server"]
    assert not reads_environment(violation)
    for line in ("import os\nos.environ['A']", "import os\nos.getenv('A')", "from os import environ"):
        violation.write_text(line)
        assert reads_environment(violation)
