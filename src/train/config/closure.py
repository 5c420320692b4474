"""Which files of ``src`` a module depends on: what it imports, what that imports, and the data files these name.

Read off the source, importing nothing. Imports are followed name by name: ``from netspec.layers import Dense`` leads
to the file that defines ``Dense``, not to all that the package collects, so that editing another layer concerns nobody
else; where a package's own ``__init__`` defines the name, or the package is used as a value, it leads to that file and
what it imports. Imports inside functions count, those for type checkers do not. A file that is chosen while the program
runs (the module of a layer) is not seen: who chooses names it as a module of its own.

A command of a command line is written ``package.__main__:_command``, or ``module:function`` where it stands elsewhere:
what that function needs, by itself and through others of its file, with what the file imports at its top. How the
command line is worded is no part of it.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

#: The folder of all packages, relative to where the process began: Snakemake compares inputs by such paths.
SRC = Path(os.path.relpath(Path(__file__).parents[2]))
#: Modules that no result depends on, whoever imports them, and why. Theirs are the only edits that rerun nothing.
EXCLUDED = {
    "train.machine.progress": "what is shown while something runs",
    "train.live": "what a run says of itself while it goes on",
    "train.commands.options": "how options are worded, and where the store lies that they name",
    "train.config.closure": "what is rerun, not what it computes",
    "train.config.experiment": "how cells are made; what is read is the file of a resolved cell",
}
#: Files that a module may name: tables from elsewhere, page templates.
DATA_FILE = re.compile(r"[\w-]+\.(?:csv|typ|ya?ml|json|txt)\b")


def closure(*entries: str, without: Collection[str] = ()) -> list[str]:
    """Paths of the files that ``entries`` (dotted names, or commands) depend on, they themselves among them, sorted.

    ``without`` names modules and packages that are not followed, besides :data:`EXCLUDED`.

    Raises ``ModuleNotFoundError`` for a module that is not in ``src``, ``AttributeError`` for a command it lacks.
    """
    left_out = {*EXCLUDED, *without}
    waiting, found = list(entries), set()
    while waiting:
        entry = waiting.pop()
        if entry in found or any(entry == out or entry.startswith(f"{out}.") for out in left_out):
            continue
        name, _, function = entry.partition(":")
        if not file_of(name):
            raise ModuleNotFoundError(f"no module {name} in {SRC}", name=name)
        found.add(entry)
        waiting += imports(name, function)
    files = {file_of(name) for name in found if ":" not in name}
    return sorted({str(path) for path in files} | {str(data) for path in files for data in data_files(path)})


@cache
def file_of(module: str) -> Path | None:
    """The file of a dotted name; ``None`` where ``src`` has none."""
    path = SRC.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@cache
def data_files(path: Path) -> tuple[Path, ...]:
    """Files beside the code whose names a source file contains."""
    return tuple(_data()[name] for name in set(DATA_FILE.findall(path.read_text(encoding="utf-8"))) & _data().keys())


@cache
def _data() -> dict[str, Path]:
    return {path.name: path for path in SRC.rglob("*") if path.is_file() and DATA_FILE.fullmatch(path.name)}


@cache
def imports(module: str, function: str = "") -> tuple[str, ...]:
    """The modules of ``src`` whose code a module runs or reads, by dotted name; or one ``function`` of it."""
    tree = _parsed(module)
    body = _needed(tree, module, function) if function else tree.body
    found: list[str] = []
    for node in _imports_in(body):
        if isinstance(node, ast.ImportFrom):
            origin = _origin(module, node)
            if file_of(origin):
                found += [_defining(origin, alias.name) for alias in node.names]
            continue
        for alias in node.names:
            if file_of(alias.name):
                found += _used(tree, alias.asname or alias.name, alias.name)
    return tuple(dict.fromkeys(name for name in found if name != module))


def _needed(tree: ast.Module, module: str, function: str) -> list[ast.stmt]:
    """The statements of a file without the functions that ``function`` does not lead to."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if function not in functions:
        raise AttributeError(f"no function {function} in {module}")
    waiting, needed = [function], set()
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            named = {node.id for node in ast.walk(functions[name]) if isinstance(node, ast.Name)}
            waiting += named & functions.keys()
    return [node for node in tree.body if not isinstance(node, ast.FunctionDef) or node.name in needed]


@cache
def _parsed(module: str) -> ast.Module:
    return ast.parse(file_of(module).read_text(encoding="utf-8"))


def _imports_in(body: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Import statements at any depth, but for those under ``if TYPE_CHECKING``."""
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            yield from _imports_in(node.orelse)
        else:
            for part in ("body", "orelse", "finalbody"):
                yield from _imports_in(getattr(node, part, []) or [])
            for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
                yield from _imports_in(part.body)


def _origin(module: str, node: ast.ImportFrom) -> str:
    """The dotted name that a ``from`` names, dots in front resolved."""
    if not node.level:
        return node.module
    parts = module.split(".")
    package = parts if file_of(module).name == "__init__.py" else parts[:-1]
    return ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])


def _defining(module: str, name: str) -> str:
    """Where ``from module import name`` leads: a module inside it, the one that it has the name from, or itself."""
    inside = f"{module}.{name}"
    if file_of(inside):
        return inside
    if file_of(module).name == "__init__.py" and name in (handed_on := _handed_on(module)):
        return _defining(*handed_on[name])
    return module


@cache
def _handed_on(package: str) -> dict[str, tuple[str, str]]:
    """The names that a package only hands on, each with the module of ``src`` that it is from and its name there."""
    return {
        alias.asname or alias.name: (origin, alias.name)
        for node in _parsed(package).body
        if isinstance(node, ast.ImportFrom) and file_of(origin := _origin(package, node))
        for alias in node.names
    }


def _used(tree: ast.Module, bound: str, module: str) -> list[str]:
    """Where ``import module`` leads, given what the code says of it: ``module.name``, or the package as a value."""
    root, *rest = bound.split(".")
    parents = {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found: list[str] = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Name) and node.id == root):
            continue
        names = []
        while isinstance(node := parents[id(node)], ast.Attribute):
            names.append(node.attr)
        within = names[: len(rest)] == rest and len(names) > len(rest)
        found.append(_defining(module, names[len(rest)]) if within else module)
    return found or [module]
