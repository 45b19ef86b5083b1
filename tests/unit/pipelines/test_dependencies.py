import textwrap

import pytest

from pipelines.dependencies import closure, imported_modules, problems, write

FILES = {
    "dvc.yaml": """
        # why this pipeline is there
        stages:
          analyse:
            cmd: python -m pipelines.stages.analyse --dataset synthetic
            deps:
              - data/in # made by hand
            params:
              - seed
            outs:
              - data/out
          report:
            cmd: python -m pipelines.stages.report
            deps:
              - notebooks/page.ipynb
              - data/out
    """,
    "pipelines/public/dvc.yaml": """
        vars:
          - datasets: {set_one: {module: one_2020}, set_two: {module: two_2021}}
        stages:
          fetch:
            foreach: ${datasets}
            do:
              wdir: ../..
              cmd: python -m pipelines.stages.fetch --dataset ${key}
              deps:
                - pipelines/stages/removed_since.py
              outs:
                - data/raw/${key}
    """,
    "notebooks/page.ipynb": '{"cells": [{"cell_type": "code", "source": ["import tolerance.fig"]},'
    ' {"cell_type": "markdown", "source": ["import nothing"]}]}',
    "loadcore/__init__.py": '"""Load core."""',
    "loadcore/force.py": "import numpy",
    "loadcore/unused.py": "",
    "src/tolerance/fig.py": "",
    "src/tolerance/exposure/__init__.py": '"""Exposure."""',
    "src/tolerance/exposure/days.py": "from loadcore import force",
    "pipelines/store.py": "import json",
    "pipelines/stages/analyse.py": """
        import pipelines.store as s
        def run():
            from tolerance.exposure.days import total
    """,
    "pipelines/stages/report.py": "",
    "pipelines/stages/fetch.py": "from pipelines.datasets.registry import load",
    "pipelines/datasets/registry.py": """
        from importlib import import_module
        from pipelines.datasets.base import Card
        def load(name):
            return import_module(f"pipelines.datasets.{name}")
    """,
    "pipelines/datasets/base.py": "",
    "pipelines/datasets/reader.py": "from pipelines.datasets.base import Card",
    "pipelines/datasets/one_2020.py": "from pipelines.datasets.reader import read",
    "pipelines/datasets/two_2021.py": "import pipelines.datasets.base",
    "pipelines/datasets/one_2020.files.json": '{"dataset_id": "set_one"}',
    "pipelines/datasets/two_2021.files.json": '{"dataset_id": "set_two"}',
}


@pytest.fixture
def root(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    return tmp_path


def test_every_form_of_import_counts_wherever_it_stands(tmp_path):
    (tmp_path / "a.py").write_text("import a.b, c as d\ndef f():\n    from e import g\n")
    assert imported_modules(tmp_path / "a.py") == {"a.b", "c", "e", "e.g"}


def test_a_relative_import_is_refused(tmp_path):
    (tmp_path / "a.py").write_text("from . import b\n")
    with pytest.raises(ValueError, match="line 1 imports relatively"):
        imported_modules(tmp_path / "a.py")


def test_the_closure_follows_imports_and_leaves_out_packages(root):
    found = closure({"pipelines.stages.analyse"}, root)
    assert {path.relative_to(root).as_posix() for path in found} == {
        "pipelines/stages/analyse.py",
        "pipelines/store.py",
        "src/tolerance/exposure/days.py",
        "loadcore/force.py",
    }


def test_circular_imports_end(root):
    (root / "loadcore/force.py").write_text("import tolerance.exposure.days")
    assert len(closure({"tolerance.exposure.days"}, root)) == 2


def test_writing_lists_data_then_code_and_keeps_all_else(root):
    assert len(problems(root)) == 3
    write(root)
    assert problems(root) == []
    text = (root / "dvc.yaml").read_text(encoding="utf-8")
    assert text == textwrap.dedent("""\
        # why this pipeline is there
        stages:
          analyse:
            cmd: python -m pipelines.stages.analyse --dataset synthetic
            deps:
              - data/in # made by hand
              - loadcore/force.py
              - pipelines/stages/analyse.py
              - pipelines/store.py
              - src/tolerance/exposure/days.py
            params:
              - seed
            outs:
              - data/out
          report:
            cmd: python -m pipelines.stages.report
            deps:
              - notebooks/page.ipynb
              - data/out
              - pipelines/stages/report.py
              - src/tolerance/fig.py
    """)


def test_a_chain_depends_on_its_own_dataset_and_on_what_datasets_share(root):
    write(root)
    text = (root / "pipelines/public/dvc.yaml").read_text(encoding="utf-8")
    deps = [line.strip("- ") for line in text.splitlines() if "pipelines/" in line]
    assert deps == [
        "pipelines/datasets/${item.module}.files.json",
        "pipelines/datasets/${item.module}.md",
        "pipelines/datasets/${item.module}.py",
        "pipelines/datasets/base.py",
        "pipelines/datasets/reader.py",
        "pipelines/datasets/registry.py",
        "pipelines/stages/fetch.py",
    ]


def test_a_stage_of_one_dataset_depends_on_that_one_alone(root):
    path = root / "pipelines/public/dvc.yaml"
    path.write_text(
        "stages:\n  fetch:\n    cmd: python -m pipelines.stages.fetch --dataset set_two\n"
    )
    write(root)
    text = path.read_text(encoding="utf-8")
    assert "pipelines/datasets/two_2021.py" in text
    assert "one_2020" not in text
    assert "reader" not in text


@pytest.mark.parametrize("option", ["", " --dataset set_three"])
def test_a_stage_that_loads_an_unknown_dataset_is_refused(root, option):
    path = root / "pipelines/public/dvc.yaml"
    path.write_text(f"stages:\n  fetch:\n    cmd: python -m pipelines.stages.fetch{option}\n")
    with pytest.raises(ValueError, match="one of set_one, set_two"):
        write(root)


def test_an_import_that_is_new_is_a_problem_until_written(root):
    write(root)
    (root / "loadcore/force.py").write_text("import loadcore.unused")
    (found,) = problems(root)
    assert found == "dvc.yaml, analyse: missing ['loadcore/unused.py'], needless []"
    write(root)
    assert problems(root) == []


def test_writing_again_changes_nothing(root):
    write(root)
    before = (root / "dvc.yaml").read_bytes()
    write(root)
    assert (root / "dvc.yaml").read_bytes() == before
