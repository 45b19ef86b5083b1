"""What may be committed, and what must be."""

import ast
import json
import re

import pytest

MEBIBYTE = 1 << 20

# Written so that these lines do not match themselves.
MACHINE_PATH = re.compile(r"(^|[^A-Za-z0-9_.])/(work|farm|root|tmp|home)/[A-Za-z]")
REGISTRY = re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs|deb\.debian\.org")
MAKE_COMMAND = re.compile(r"`make ([a-z-]+)`|^\s*make ([a-z-]+)\s*$", re.MULTILINE)


def text_of(path):
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_no_file_names_a_place_of_one_machine_or_a_package_registry(root, own_files):
    wrong = [
        f"{path.relative_to(root)}:{number}: {line.strip()[:100]}"
        for path in own_files
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if REGISTRY.search(line) or (path.suffix != ".lock" and MACHINE_PATH.search(line))
    ]
    assert wrong == []


def test_no_file_is_data(root, own_files):
    large = [str(path.relative_to(root)) for path in own_files if path.stat().st_size > MEBIBYTE]
    assert large == []


def test_locks_that_record_download_addresses_are_not_kept(own_files):
    assert not {path.name for path in own_files} & {"uv.lock", "pylock.toml"}


@pytest.mark.parametrize(
    "name",
    ["LICENSE", "CITATION.cff", "CHANGELOG.md", ".python-version", "requirements.lock", ".ci/run"],
)
def test_what_a_repository_needs_is_there(root, name):
    assert (root / name).stat().st_size > 0


def test_ci_can_be_run(root):
    assert (root / ".ci" / "run").stat().st_mode & 0o111


def test_commands_in_the_documents_exist(root, own_files):
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {
        (found[0] or found[1])
        for path in own_files
        if path.suffix == ".md"
        for found in MAKE_COMMAND.findall(path.read_text(encoding="utf-8"))
    }
    assert named <= targets


def test_every_target_is_phony_and_explained(root):
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    explained = set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))
    phony = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    assert targets == explained == phony


def test_every_direct_dependency_is_locked_by_hash(root):
    lock = (root / "requirements.lock").read_text(encoding="utf-8")
    direct = re.findall(r"\(pyproject\.toml\)", lock)
    pins = re.findall(r"^[a-z0-9._-]+(?:\[[a-z,]+\])?==", lock, re.MULTILINE)
    assert len(direct) > 20
    assert lock.count("--hash=sha256:") >= len(pins) > 100
    assert "http://" not in lock
    assert "https://" not in lock


def test_notebooks_are_stored_without_outputs_and_with_one_parameters_cell(root, own_files):
    for path in own_files:
        if path.suffix != ".ipynb":
            continue
        notebook = json.loads(path.read_text(encoding="utf-8"))
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        assert not any(cell["outputs"] or cell["execution_count"] for cell in code), path.name
        tagged = [cell for cell in code if "parameters" in cell["metadata"].get("tags", [])]
        assert len(tagged) == 1, path.name


def test_notebooks_define_nothing_longer_than_five_lines(root, own_files):
    for path in own_files:
        if path.suffix != ".ipynb":
            continue
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                for node in ast.walk(ast.parse("".join(cell["source"]))):
                    if isinstance(node, ast.FunctionDef | ast.ClassDef):
                        assert node.end_lineno - node.lineno < 5, f"{path.name}: {node.name}"
