"""What holds for every real dataset: counts of the card, contracts, gravity, plausible ranges."""

import importlib.util
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from pipelines.datasets.base import ImportedRecording, mask_signals
from pipelines.datasets.registry import dataset_ids, load_dataset
from tolerance.schemas import conform, validate

ReadReal = Callable[[str], list[ImportedRecording]]
NEEDS = {"adeptdata_run": "rdata", "rbds_fukuchi2017": "c3d"}
# The simulated set is made, not read from a mirror; the raw files of Bogutzky are nowhere here.
RECORDED = tuple(
    dataset_id
    for dataset_id in dataset_ids()
    if dataset_id not in {"synthetic", "bogutzky_shank_strides"}
    and load_dataset(dataset_id).read_recordings is not None
)
NO_GRAVITY = {
    "rbds_fukuchi2017": "virtual gyroscope only",
    "rbds_fukuchi2017_derived": "virtual gyroscope only",
    "recurrent_grf": "negative vertical acceleration was cut off",
}
ACC = ["acc_x_mps2", "acc_y_mps2", "acc_z_mps2"]


@pytest.fixture(params=RECORDED)
def dataset_id(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    needed = NEEDS.get(name)
    if needed and importlib.util.find_spec(needed) is None:
        pytest.skip(f"package {needed} is not installed")
    return name


@pytest.mark.mirror
class TestEveryRealDataset:
    def test_card_counts(self, dataset_id: str, read_real: ReadReal) -> None:
        card = load_dataset(dataset_id).card
        recordings = read_real(dataset_id)
        assert len(recordings) == card.n_recordings
        assert len({recording.row["runner_id"] for recording in recordings}) == card.n_runners

    def test_rows_agree_with_the_card(self, dataset_id: str, read_real: ReadReal) -> None:
        card = load_dataset(dataset_id).card
        sensors = {(s.site, s.side, s.frame) for s in card.sensors}
        for recording in read_real(dataset_id):
            row = recording.row
            assert row["dataset_id"] == dataset_id
            assert (row["sensor_site"], row["side"], row["frame"]) in sensors

    def test_tables_keep_their_contracts(self, dataset_id: str, read_real: ReadReal) -> None:
        recordings = read_real(dataset_id)
        ids = [recording.recording_id for recording in recordings]
        assert len(set(ids)) == len(ids)
        rows = pd.DataFrame([dict(recording.row) for recording in recordings])
        rows["started_at_utc"] = pd.to_datetime(rows["started_at_utc"], utc=True)
        validate("recordings", conform("recordings", rows))
        stated = {reference.table for reference in load_dataset(dataset_id).card.references}
        for recording in recordings:
            validate("signals", conform("signals", recording.signals))
            assert set(recording.references) == stated
            for name, table in recording.references.items():
                validate(name, conform(name, table))
                assert (table["recording_id"] == recording.recording_id).all()

    def test_references_lie_inside_the_recording(
        self, dataset_id: str, read_real: ReadReal
    ) -> None:
        for recording in read_real(dataset_id):
            end_s = recording.signals["time_s"].iloc[-1] + 0.02
            for name, table in recording.references.items():
                for column in table.columns.intersection(["stop_s", "terminal_contact_s"]):
                    late = table[column] > end_s
                    assert not late.any(), f"{recording.recording_id} {name}.{column}"

    def test_rate_follows_from_the_clock(self, dataset_id: str, read_real: ReadReal) -> None:
        for recording in read_real(dataset_id):
            period_s = recording.signals["time_s"].diff().median()
            assert 1 / period_s == pytest.approx(recording.row["sampling_rate_hz"], rel=1e-3)

    def test_mean_acceleration_is_gravity_upwards(
        self, dataset_id: str, read_real: ReadReal
    ) -> None:
        """Over many strides motion averages out: y is up and the length is near 1 g."""
        if dataset_id in NO_GRAVITY:
            pytest.skip(NO_GRAVITY[dataset_id])
        for recording in read_real(dataset_id):
            signals = mask_signals(recording.signals, recording.masks)
            mean = signals[ACC].mean().to_numpy()
            length = np.linalg.norm(mean[np.isfinite(mean)])
            trunk = recording.row["sensor_site"] in {"hip", "waist", "sacrum"}
            # At shank and foot the swing's centripetal acceleration adds, up to once gravity.
            assert 9.5 < length < (10.9 if trunk else 25.0), recording.recording_id
            assert mean[1] > (0.8 if trunk else 0.5) * length, recording.recording_id

    def test_signals_stay_within_the_stated_range(
        self, dataset_id: str, read_real: ReadReal
    ) -> None:
        for recording in read_real(dataset_id):
            full_scale_g = float(str(recording.row["acc_range_g"]))
            if np.isfinite(full_scale_g):
                # Sensors overshoot their nominal full scale by a few per cent.
                peak_g = np.nanmax(np.abs(recording.signals[ACC].to_numpy())) / 9.80665
                assert peak_g < 1.05 * full_scale_g
            full_scale_dps = float(str(recording.row["gyr_range_dps"]))
            if np.isfinite(full_scale_dps):
                gyr = recording.signals.filter(like="gyr").to_numpy()
                assert np.rad2deg(np.nanmax(np.abs(gyr))) < 1.05 * full_scale_dps
