from pathlib import Path

import pytest

from pipelines.datasets.thambawita_2020 import CARD
from pipelines.errors import WorkspaceError
from pipelines.soreness_response import (
    RESPONSE,
    PmdataResponse,
    read_response,
    response_set,
    write_response,
)
from pipelines.store import read_json, write_json

NUMBERS = {
    "median": 1.0, "low": 0.5, "high": 1.5, "prior_median": 0.5, "prior_low": -0.3,
    "prior_high": 1.3, "contraction": 0.6,
}  # fmt: skip


@pytest.fixture
def written(tmp_path: Path) -> Path:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "p01.csv").write_text("a")
    used = response_set(CARD, raw, {"n_people": 12, "n_rows": 975})
    response = PmdataResponse(
        format_version=1,
        trained_by="fit_pmdata",
        training_set=used,
        versions={"numpy": "2"},
        parameters={"load": NUMBERS},
        left_out_scores={"file": "x"},
    )
    write_response(tmp_path / "model", response)
    return tmp_path / "model" / RESPONSE


def test_the_licence_must_be_accepted_by_name(written: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"non commercial .* TOLERANCE_ACCEPT_LICENCES=pmdata"):
        read_response(written, {})
    response = read_response(written, {"TOLERANCE_ACCEPT_LICENCES": "other,pmdata"})
    assert response.training_set.licence_kind == "non_commercial"
    assert response.parameters["load"].median == 1.0


def test_a_damaged_file_is_one_clear_message(written: Path) -> None:
    content = read_json(written)
    write_json(written, content | {"parameters": {"load": {"median": "much"}}})
    with pytest.raises(WorkspaceError, match="not as expected"):
        read_response(written, {"TOLERANCE_ACCEPT_LICENCES": "pmdata"})


def test_no_default_reads_it(pytestconfig: pytest.Config) -> None:
    """Only the stage that writes it names the file; the default bundle's name is another."""
    root = pytestconfig.rootpath
    readers = [
        path.relative_to(root).as_posix()
        for folder in ("pipelines", "src", "loadcore")
        for path in (root / folder).rglob("*.py")
        if "soreness_response import" in path.read_text(encoding="utf-8")
        or "pmdata_response" in path.read_text(encoding="utf-8")
    ]
    allowed = {"pipelines/soreness_response.py", "pipelines/stages/fit_pmdata.py"}
    assert set(readers) <= allowed
    assert RESPONSE != "coefficients.json"
