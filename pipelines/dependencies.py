"""The code that each stage depends on, written into ``dvc.yaml`` from the imports.

DVC reruns a stage when a file under its ``deps`` changed, and knows nothing of imports. So every
first-party file that a stage imports, directly or through others, stands there::

    python -m pipelines.dependencies write    # bring every dvc.yaml up to date
    python -m pipelines.dependencies check    # say what differs, exit code 1

Data and settings are listed by hand and stay as they are. Package ``__init__`` files import
nothing, so they are not listed. A stage that loads a dataset's module by name depends on the files
of its own dataset only: ``${item.module}`` where it is repeated over datasets, else the module of
its ``--dataset``.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from pipelines import paths, store

__all__ = ["PIPELINES", "Stage", "closure", "imported_modules", "problems", "stages", "write"]

PIPELINES: Final = (Path("dvc.yaml"), Path("pipelines/public/dvc.yaml"))
PACKAGES: Final = {
    "loadcore": Path("loadcore"),
    "pipelines": Path("pipelines"),
    "tolerance": Path("src/tolerance"),
}
DATASETS: Final = "pipelines.datasets"
DATASET_FILES: Final = (".py", ".files.json", ".md")
"""What a dataset is made of: its module, its file list and its card."""
REPEATED_MODULE: Final = "${item.module}"

_COMMAND: Final = re.compile(r"python -m (pipelines\.stages\.\w+)")
_DATASET_OPTION: Final = re.compile(r"--dataset[ =](\S+)")


@dataclass(frozen=True)
class Stage:
    """One stage as ``dvc.yaml`` describes it.

    Attributes
    ----------
    name : str
        Its name, without the item it is repeated over.
    body : dict
        The description itself, part of the loaded file: changing it changes what is dumped.
    items : mapping
        What it is repeated over: a mapping with ``module`` for each dataset; empty if it is not.
    """

    name: str
    body: dict[str, Any]
    items: Mapping[str, Any]

    @property
    def module(self) -> str:
        """Module that the stage's command runs."""
        match = _COMMAND.search(self.body["cmd"])
        if match is None:
            raise ValueError(
                f"stage {self.name}: expected a cmd `python -m pipelines.stages.<name> …`, received"
                f" {self.body['cmd']!r}."
            )
        return match[1]

    @property
    def deps(self) -> list[str]:
        """Dependencies as listed."""
        return list(self.body.get("deps", []))


def stages(description: dict[str, Any]) -> Iterator[Stage]:
    """Give the stages of a loaded ``dvc.yaml``; one that is repeated counts once."""
    variables: dict[str, Any] = {}
    for entry in description.get("vars", []):
        variables |= entry
    for name, body in description["stages"].items():
        items = body.get("foreach", {})
        if isinstance(items, str):
            items = variables[items.removeprefix("${").removesuffix("}")]
        yield Stage(name, body.get("do", body), items)


def expected_deps(stage: Stage, root: Path) -> list[str]:
    """Return the deps a stage should list: data as they stand, then code in order of path."""
    data = [path for path in stage.deps if not _is_code(path)]
    code: set[str] = set()
    notebooks = [root / path for path in data if path.endswith(".ipynb")]
    imported = {stage.module}.union(*(imported_modules(path) for path in notebooks))
    files = closure(imported, root)
    code.update(path.relative_to(root).as_posix() for path in files)
    if any(_loads_dataset(path) for path in files):
        folder = f"{PACKAGES['pipelines'].as_posix()}/datasets"
        own, modules = _own_dataset(stage, root)
        # What dataset modules share counts for each dataset; the modules themselves do not.
        shared = closure({f"{DATASETS}.{module}" for module in modules}, root)
        code.update(path.relative_to(root).as_posix() for path in shared)
        code -= {f"{folder}/{module}.py" for module in modules}
        code.update(f"{folder}/{own}{ending}" for ending in DATASET_FILES)
    return [*data, *sorted(code)]


def closure(modules: set[str], root: Path) -> set[Path]:
    """Return the first-party files that the modules consist of and import, over any distance."""
    found: set[Path] = set()
    waiting = {file for module in modules if (file := module_file(module, root)) is not None}
    while waiting:
        file = waiting.pop()
        found.add(file)
        imported = (module_file(module, root) for module in imported_modules(file))
        waiting |= {path for path in imported if path is not None} - found
    return found


def imported_modules(path: Path) -> set[str]:
    """Return the names that a Python file or notebook imports, at any depth of its code.

    ``from a import b`` gives both ``a`` and ``a.b``, since ``b`` may be a module.
    """
    names: set[str] = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level or node.module is None:
                raise ValueError(f"{path}: line {node.lineno} imports relatively; name the module.")
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def module_file(module: str, root: Path) -> Path | None:
    """Return the file of a first-party module; None for packages and everything else."""
    package, *rest = module.split(".")
    if package not in PACKAGES or not rest:
        return None
    file = root.joinpath(PACKAGES[package], *rest).with_suffix(".py")
    return file if file.is_file() else None


def problems(root: Path) -> list[str]:
    """Say for each stage where its listed deps and its imports differ."""
    found = []
    for pipeline in _present(root):
        for stage in stages(_load(root / pipeline)):
            expected = expected_deps(stage, root)
            if stage.deps != expected:
                missing = [path for path in expected if path not in stage.deps]
                needless = [path for path in stage.deps if path not in expected]
                found.append(
                    f"{pipeline}, {stage.name}: missing {missing}, needless {needless}"
                    if missing or needless
                    else f"{pipeline}, {stage.name}: not in order"
                )
    return found


def write(root: Path) -> None:
    """Bring the deps of every stage up to date; comments and everything else stay."""
    for pipeline in _present(root):
        description = _load(root / pipeline)
        for stage in stages(description):
            expected = expected_deps(stage, root)
            if stage.deps != expected:
                _replace_code(stage.body.setdefault("deps", []), expected)
        with store.new_file(root / pipeline) as temporary:
            _yaml().dump(description, temporary)


def _replace_code(deps: list[str], expected: list[str]) -> None:
    """Change the list in place, so that comments on data stay where they are."""
    for index in reversed(range(len(deps))):
        if _is_code(deps[index]):
            del deps[index]
    deps.extend(expected[len(deps) :])


def _present(root: Path) -> list[Path]:
    return [pipeline for pipeline in PIPELINES if (root / pipeline).is_file()]


def _is_code(path: str) -> bool:
    return path.endswith(".py") or path.startswith(f"{PACKAGES['pipelines']}/datasets/")


def _loads_dataset(path: Path) -> bool:
    """Tell whether a file imports a dataset's module by a name known only at run time."""
    return any(
        isinstance(node, ast.JoinedStr)
        and isinstance(node.values[0], ast.Constant)
        and node.values[0].value == f"{DATASETS}."
        for node in ast.walk(_tree(path))
    )


def _own_dataset(stage: Stage, root: Path) -> tuple[str, list[str]]:
    """Return a stage's own dataset module, as written in its deps, and all it may stand for."""
    if stage.items:
        return REPEATED_MODULE, [item["module"] for item in stage.items.values()]
    option = _DATASET_OPTION.search(stage.body["cmd"])
    known = _dataset_modules(root)
    if option is None or option[1] not in known:
        raise ValueError(
            f"stage {stage.name} loads a dataset's module: expected `--dataset` with one of"
            f" {', '.join(sorted(known))}, received {stage.body['cmd']!r}."
        )
    return known[option[1]], [known[option[1]]]


def _dataset_modules(root: Path) -> dict[str, str]:
    """Return module name by dataset id, from the file lists."""
    folder = root / PACKAGES["pipelines"] / "datasets"
    ending = DATASET_FILES[1]
    return {
        json.loads(path.read_text(encoding="utf-8"))["dataset_id"]: path.name.removesuffix(ending)
        for path in sorted(folder.glob(f"*{ending}"))
    }


def _tree(path: Path) -> ast.Module:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        text = "\n".join("".join(cell["source"]) for cell in cells)
    return ast.parse(text, filename=str(path))


def _yaml() -> YAML:
    yaml = YAML()
    yaml.width = 100
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _load(path: Path) -> Any:
    return _yaml().load(path)


def main() -> None:
    """Write or check, as the only argument says."""
    root = paths.project_root()
    match sys.argv[1:]:
        case ["write"]:
            write(root)
        case ["check"]:
            if found := problems(root):
                sys.exit("\n".join([*found, "Run `python -m pipelines.dependencies write`."]))
        case _:
            sys.exit("usage: python -m pipelines.dependencies write|check")


if __name__ == "__main__":
    main()
