"""Arrows only go down: notebooks, pipelines, tolerance, loadcore."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.dependencies import PACKAGES, imported_modules

ROOT = Path(__file__).resolve().parents[2]

BELOW = {
    "loadcore": {"loadcore"},
    "tolerance": {"tolerance", "loadcore"},
    "pipelines": {"pipelines", "tolerance", "loadcore"},
    "notebooks": {"pipelines", "tolerance", "loadcore"},
}
FIRST_PARTY = {*BELOW, "tests", "benchmarks"}

LOADCORE_MAY_IMPORT = {
    "numpy", "numba", "loadcore", "collections", "dataclasses", "math", "typing",
}  # fmt: skip

# What touches a disk, a network, the clock or a generator of its own.
TOLERANCE_MAY_NOT_IMPORT = {
    "asyncio", "fileinput", "glob", "http", "io", "logging", "multiprocessing", "os", "pathlib",
    "pickle", "random", "requests", "secrets", "shelve", "shutil", "socket", "sqlite3",
    "subprocess", "tempfile", "threading", "time", "urllib", "zipfile", "yaml", "ruamel", "pyarrow",
}  # fmt: skip
TOLERANCE_MAY_NOT_CALL = {
    "open", "input", "exec", "eval",
    "read_text", "write_text", "read_bytes", "write_bytes", "touch", "mkdir", "unlink", "iterdir",
    "read_csv", "read_parquet", "read_json", "read_excel", "read_table", "read_feather",
    "read_pickle", "read_sql", "read_html", "read_xml", "read_hdf",
    "to_csv", "to_parquet", "to_excel", "to_feather", "to_pickle", "to_sql", "to_hdf", "to_netcdf",
    "open_dataset", "from_netcdf", "savez", "savez_compressed", "savetxt", "loadtxt", "genfromtxt",
    "fromfile", "tofile", "memmap", "savefig", "loadmat", "savemat",
    "now", "today", "utcnow", "seed",
}  # fmt: skip
NUMPY_NAMES = {"np", "numpy"}
NUMPY_FILES = {"load", "save"}


def sources(package: str) -> list[Path]:
    if package == "notebooks":
        return sorted((ROOT / "notebooks").glob("*.ipynb"))
    return sorted((ROOT / PACKAGES[package]).rglob("*.py"))


def tops(path: Path) -> set[str]:
    return {module.split(".")[0] for module in imported_modules(path)}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def calls(path: Path) -> Iterator[tuple[int, str, str]]:
    """Give line, owner and name of every call."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.lineno, "", node.func.id
            elif isinstance(node.func, ast.Attribute):
                owner = node.func.value
                yield node.lineno, owner.id if isinstance(owner, ast.Name) else "?", node.func.attr


@pytest.mark.parametrize("package", BELOW)
def test_no_arrow_goes_up(package):
    wrong = {
        name(path): sorted(up)
        for path in sources(package)
        if (up := (tops(path) & FIRST_PARTY) - BELOW[package])
    }
    assert wrong == {}


def test_the_load_core_imports_arrays_and_nothing_else():
    wrong = {
        name(path): sorted(foreign)
        for path in sources("loadcore")
        if (foreign := tops(path) - LOADCORE_MAY_IMPORT)
    }
    assert wrong == {}


def test_the_science_imports_nothing_that_touches_the_outside():
    wrong = {
        name(path): sorted(outside)
        for path in sources("tolerance")
        if (outside := tops(path) & TOLERANCE_MAY_NOT_IMPORT)
    }
    assert wrong == {}


def test_the_science_opens_no_file_and_reads_no_clock():
    wrong = [
        f"{name(path)}:{line} {called}"
        for path in sources("tolerance")
        for line, owner, called in calls(path)
        if called in TOLERANCE_MAY_NOT_CALL
        or (owner in NUMPY_NAMES and called in NUMPY_FILES)
        or (called == "default_rng" and path.name != "config.py")
    ]
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_package_files_hold_a_docstring_and_nothing_else(package):
    for path in sources(package):
        if path.name == "__init__.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            assert len(tree.body) == 1, name(path)
            assert ast.get_docstring(tree), name(path)


def test_importing_touches_no_file_of_the_project_and_no_network():
    modules = [
        f"{package}.{'.'.join(path.relative_to(ROOT / PACKAGES[package]).with_suffix('').parts)}"
        for package in PACKAGES
        for path in sources(package)
        if path.name != "__init__.py"
    ]
    assert len(modules) > 10
    script = f"""
import importlib, json, sys
root, seen = {str(ROOT)!r}, []
def watch(event, args):
    if event == "open" and isinstance(args[0], str) and args[0].startswith(root):
        if "/.venv/" not in args[0] and not args[0].endswith((".py", ".pyc")) \\
                and "__pycache__" not in args[0]:
            seen.append(args[0])
    elif event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen"):
        seen.append(f"{{event}} {{args}}")
sys.addaudithook(watch)
for module in {modules!r}:
    importlib.import_module(module)
print(json.dumps(seen))
"""
    # PyTensor asks a C++ compiler for its version when it is imported, unless told there is none.
    ran = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=os.environ | {"PYTENSOR_FLAGS": "cxx="},
    )
    assert json.loads(ran.stdout.splitlines()[-1]) == []


def test_kernels_take_at_most_six_arguments():
    wrong = [
        f"{name(path)}:{node.lineno} {node.name} takes {len(node.args.args)}"
        for path in sources("loadcore")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(mark, ast.Name) and mark.id == "kernel" for mark in node.decorator_list)
        and len(node.args.args) > 6
    ]
    assert wrong == []
