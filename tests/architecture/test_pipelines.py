"""The pipelines say what their stages do: code, settings, datasets."""

import ast
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipelines.datasets.registry import dataset_ids, load_dataset
from pipelines.dependencies import PIPELINES, Stage, problems, stages
from pipelines.paths import profile_of
from tolerance.config import Params

ROOT = Path(__file__).resolve().parents[2]
SHARED_SECTIONS = {
    "seed", "tissue_exponents", "injuries", "tolerance_priors", "ledger", "rules", "dose",
}  # fmt: skip
"""Settings of no one stage: the root seed, the words for tissues and injuries, what unmeasured
sessions cost, and the rule book."""
PUBLIC = YAML(typ="safe").load(ROOT / "pipelines/public/dvc.yaml")

STAGES = [
    pytest.param(stage, id=f"{pipeline.parent.name or 'root'}-{stage.name}")
    for pipeline in PIPELINES
    for stage in stages(YAML(typ="safe").load(ROOT / pipeline))
]


def test_deps_are_exactly_the_imports(root):
    assert problems(root) == []


def test_every_stage_module_is_run_by_a_pipeline(root):
    run = {stage.module for stage in (param.values[0] for param in STAGES)}
    written = {
        f"pipelines.stages.{path.stem}"
        for path in (root / "pipelines" / "stages").glob("*.py")
        if path.name != "__init__.py"
    }
    assert run == written


def test_a_section_of_settings_belongs_to_a_stage():
    names = {stage.name for stage in (param.values[0] for param in STAGES)}
    assert set(Params.model_fields) - SHARED_SECTIONS <= names


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_declares_exactly_the_settings_it_reads(stage: Stage, root):
    """Its code in ``pipelines`` says ``params.<section>`` or ``load_params(…).<section>``."""
    code = [dep for dep in stage.body["deps"] if dep.startswith("pipelines/") and dep[-3:] == ".py"]
    read = {
        node.attr
        for path in code
        if "$" not in path
        for node in ast.walk(ast.parse((root / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and ast.unparse(node.value).startswith(("params", "load_params("))
        and node.attr in Params.model_fields
    }
    assert read == set(stage.body.get("params", []))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_s_module_can_be_read_top_to_bottom(stage: Stage, root):
    """Each has a ``main`` that is called only when the module is run."""
    path = root / Path(*stage.module.split(".")).with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert "main" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert ast.unparse(tree.body[-1]) == "if __name__ == '__main__':\n    run_stage(main)"


def test_no_place_is_written_by_both_pipelines(root):
    owners: dict[str, str] = {}
    for pipeline in PIPELINES:
        for stage in stages(YAML(typ="safe").load(root / pipeline)):
            for kind in ("outs", "metrics", "plots"):
                for entry in stage.body.get(kind, []):
                    place = entry if isinstance(entry, str) else next(iter(entry))
                    assert owners.setdefault(place, str(pipeline)) == str(pipeline), place
    assert owners


def test_every_dataset_has_its_chain_its_card_and_its_files(root):
    """Recordings and published tables have one kind of chain, diaries another."""
    kinds = {kind: items for entry in PUBLIC["vars"] for kind, items in entry.items()}
    assert set(kinds) == {"datasets", "diaries"}
    known = {name: load_dataset(name).card.module for name in dataset_ids()}
    for kind, items in kinds.items():
        chains = {key: item["module"] for key, item in items.items()}
        assert chains == {
            name: module
            for name, module in known.items()
            if profile_of(name) == "public"
            and (load_dataset(name).read_daily is not None) == (kind == "diaries")
        }
    for module in known.values():
        for ending in (".py", ".md", ".files.json"):
            assert (root / "pipelines" / "datasets" / f"{module}{ending}").is_file()
        assert (root / f"tests/unit/pipelines/datasets/test_{module}.py").is_file()


def test_dataset_modules_do_not_import_each_other(root):
    modules = {load_dataset(name).card.module for name in dataset_ids()}
    for module in modules:
        text = (root / "pipelines" / "datasets" / f"{module}.py").read_text(encoding="utf-8")
        assert not [other for other in modules - {module} if f"datasets.{other}" in text]
