"""Real files of every format, cut short and overwritten: a reason or a checked recording.

Public files are guarded by their sha256; these tests ask what happens without that guard.
"""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.datasets.registry import load_dataset
from pipelines.params import load_params
from pipelines.stages import analyse_recordings, import_recordings
from tolerance.schemas import empty_table

pytestmark = [pytest.mark.mirror, pytest.mark.slow]

MIRROR = Path(os.environ.get("TOLERANCE_DATA_MIRROR", ""))
GREATEST_PEAK_BW = 6.0

CASES = {
    "gdlbio_foot": ("data/training/SensorConnectData_34_GDLBIO.mat",),
    "pyshoe_vicon": ("data/vicon/processed/2017-11-27-11-11-24.mat",),
    "ankle_walk_khandelwal": ("accX.mat", "accY.mat", "accZ.mat"),
    "rbds_fukuchi2017": ("data/RBDS001/RBDS001runT25.c3d", "RBDSinfo.csv"),
    "biomac_imu_cycle": ("derived_P01_normrunning.csv",),
    "sisfall_jog_adult": ("SisFall_dataset/SA01/D03_SA01_R01.txt", "SisFall_dataset/Readme.txt"),
    "harlab_ankle_jog": (
        "data/raw_accelerometer_data/003ankle.csv",
        "data/biometrics/biometrics.csv",
    ),
    "adeptdata_run": ("data/acc_running.rda",),
}
"""Files of one recording; the first is damaged."""

COMPANIONS = {
    "gdlbio_foot": "data/training/SensorConnectData_34_strideIndex_timestamp_gcpX_gcpY.csv",
}


@st.composite
def damage(draw):
    """Draw how much is kept, and where short runs of bytes are overwritten by what."""
    kept = draw(st.one_of(st.just(1.0), st.floats(0, 1)))
    strikes = draw(
        st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=12)), max_size=4)
    )
    return kept, strikes


def damaged(whole: bytes, kept: float, strikes: list[tuple[float, bytes]]) -> bytes:
    content = bytearray(whole[: round(kept * len(whole))])
    for place, written in strikes:
        at = int(place * max(len(content) - len(written), 0))
        content[at : at + len(written)] = written
    return bytes(content)


@pytest.mark.parametrize("dataset_id", CASES)
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(how=damage())
def test_damaged_real_file(dataset_id, how, tmp_path, pytestconfig):
    if not (MIRROR / dataset_id).is_dir() or not MIRROR.name:
        pytest.skip("TOLERANCE_DATA_MIRROR does not hold this dataset")
    shutil.rmtree(tmp_path / "raw", ignore_errors=True)
    for name in (*CASES[dataset_id], *filter(None, [COMPANIONS.get(dataset_id)])):
        target = tmp_path / "raw" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(MIRROR / dataset_id / name, target)
    first = tmp_path / "raw" / CASES[dataset_id][0]
    first.write_bytes(damaged(first.read_bytes(), *how))

    tables = import_recordings.Tables()
    opened = load_dataset(dataset_id).read_recordings(tmp_path / "raw")
    signals = dict(import_recordings.run(opened, tables))
    assert len(signals) == len(tables.rows)
    assert signals or tables.rejected  # nothing vanishes without a word
    for row in tables.rejected:
        assert row["problem"]

    params = load_params(pytestconfig.rootpath / "params.yaml").analyse_recordings
    found = analyse_recordings.run(
        tables.recordings(), empty_table("conditions"), signals.__getitem__, params
    )
    peaks = found["steps"]["peak_vgrf_bw"].dropna()
    assert (peaks <= GREATEST_PEAK_BW).all()
    analysed = set(found["quality"]["recording_id"]) | set(found["rejected"]["recording_id"])
    assert analysed == set(signals)
    assert np.isfinite(found["step_loads"]["load_rr"].dropna()).all()
