"""The bundle of learned coefficients: what is loaded, refused, and where the files stand."""

import json
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from pipelines.calibration import ShankEventsFile, load_calibration, read_learned, write_learned
from pipelines.datasets import alcantara_2021
from pipelines.dependencies import PIPELINES, stages
from pipelines.errors import WorkspaceError
from pipelines.training import folder_sha256, training_set

ROOT = Path(__file__).resolve().parents[3]
COMMITTED = ROOT / "models" / "shank_events" / "coefficients.json"


def _changed(tmp_path: Path, change) -> Path:
    """Write the committed file with a change into a project of its own; return that project."""
    record = json.loads(COMMITTED.read_text(encoding="utf-8"))
    change(record)
    path = tmp_path / "models" / "shank_events" / "coefficients.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(record), encoding="utf-8")
    return tmp_path


def test_without_a_file_published_values_apply(tmp_path: Path) -> None:
    assert load_calibration(tmp_path).contacts is None


def test_the_committed_bundle_is_what_the_file_says() -> None:
    record = json.loads(COMMITTED.read_text(encoding="utf-8"))
    shank = load_calibration(ROOT).contacts.shank
    for chain in ("gyr_initial", "gyr_terminal", "acc_initial", "acc_terminal"):
        for model, stored in zip(getattr(shank, chain), record["coefficients"][chain], strict=True):
            np.testing.assert_array_equal(model.weight, stored["weight"])
            assert model.intercept_s == stored["intercept_s"]


def test_a_file_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_learned(tmp_path / "copy.json", read_learned(COMMITTED, ShankEventsFile))
    assert (tmp_path / "copy.json").read_bytes() == COMMITTED.read_bytes()


@pytest.mark.parametrize("kind", ["non_commercial", "not_stated", "copyleft"])
def test_no_other_licence_gets_into_the_bundle(tmp_path: Path, kind: str) -> None:
    def change(record):
        record["provenance"]["training_sets"][1]["licence_kind"] = kind

    with pytest.raises(WorkspaceError, match=r"training_sets\.1\.licence_kind"):
        load_calibration(_changed(tmp_path, change))
    card = alcantara_2021.CARD.model_copy(update={"licence_kind": kind})
    with pytest.raises(WorkspaceError, match="may not be trained on"):
        training_set(card, tmp_path, 1, 1)


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    def change(record):
        record["coefficients"]["gyr_initial"][0]["sd_s"] = -1.0
        del record["coefficients"]["acc_terminal"]
        record["extra"] = 1

    with pytest.raises(WorkspaceError) as told:
        load_calibration(_changed(tmp_path, change))
    for problem in ("gyr_initial.0.sd_s", "coefficients.acc_terminal", "extra", "make repro"):
        assert problem in str(told.value)


def test_arrays_of_a_model_belong_together(tmp_path: Path) -> None:
    def change(record):
        record["coefficients"]["gyr_initial"][0]["weight"].pop()

    with pytest.raises(WorkspaceError, match=r"gyr_initial\[0\]"):
        load_calibration(_changed(tmp_path, change))


def test_hash_of_a_folder_sees_names_and_contents_and_not_how_it_was_fetched(
    tmp_path: Path,
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.txt").write_bytes(b"1")
    first = folder_sha256(tmp_path)
    (tmp_path / "fetch_status.json").write_text("{}")
    assert folder_sha256(tmp_path) == first
    (tmp_path / "a" / "x.txt").rename(tmp_path / "a" / "y.txt")
    second = folder_sha256(tmp_path)
    (tmp_path / "a" / "y.txt").write_bytes(b"2")
    assert len({first, second, folder_sha256(tmp_path)}) == 3


def test_the_default_profile_needs_nothing_that_the_public_one_makes() -> None:
    """DVC follows a dependency into the other file, and would fetch data for ``make repro``."""
    root, public = (list(stages(YAML(typ="safe").load(ROOT / pipeline))) for pipeline in PIPELINES)
    made = [out for stage in public for out in map(_name, stage.body.get("outs", []))]
    needed = [path for stage in root for path in stage.deps]
    assert "models/shank_events/coefficients.json" in needed
    assert not [path for path in needed if any(path.startswith(out) for out in made)]


def _name(out: str | dict[str, object]) -> str:
    return out if isinstance(out, str) else next(iter(out))
