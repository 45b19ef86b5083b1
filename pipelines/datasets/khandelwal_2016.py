"""Khandelwal & Wickström 2016: ankle acceleration of walking, a negative for running."""

from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from scipy.io import loadmat

from pipelines.datasets.base import (
    DatasetCard,
    Imported,
    ImportedRecording,
    Matrix,
    Reference,
    Sensor,
    UnusableRecordingError,
    apply_axes,
    read_or_leave_out,
    recording_row,
    reference_frame,
    signals_frame,
)

__all__ = ["CARD", "read_recordings"]

SAMPLING_RATE_HZ: Final = 128.0
AXES: Final[Matrix] = ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0))
"""y up = -raw y (it reads -11.5 m/s² in the mean); raw x has the greatest spread, so it lies in the
plane of progression, its sign is not documented. The sensor is tilted by about 20°."""

CARD: Final = DatasetCard(
    id="ankle_walk_khandelwal",
    module="khandelwal_2016",
    title="Ankle acceleration of walking, example of GaitEventDetection",
    citation=(
        "Khandelwal S, Wickström N. Gait Event Detection in Real-World Environment for Long-Term "
        "Applications: Incorporating Domain Knowledge Into Time-Frequency Analysis. IEEE Trans "
        "Neural Syst Rehabil Eng 2016; 24(12): 1363-1372."
    ),
    doi=None,
    home="https://github.com/kezhende/GaitEventDetection",
    licence="BSD-3-Clause (LICENSE.txt, copyright 2016 Siddhartha Khandelwal)",
    licence_kind="permissive",
    ethics="Approval and consent are not described in the repository; one person, no data on them.",
    n_runners=1,
    n_recordings=1,
    age="not stated",
    sex="not stated",
    speed="walking only, 1.94 to 2.06 steps/s",
    foot_strike="not applicable",
    surface="not stated",
    sensors=(
        Sensor(
            name="ankle",
            site="shank",
            side="unknown",
            placement="around the ankle, in any orientation; which leg is not stated",
            model="not stated",
            frame="sensor",
            sampling_rate_hz=SAMPLING_RATE_HZ,
            has_gyr=False,
            axes=AXES,
            axes_note="y up = -raw y, x in the plane of progression with unknown sign",
        ),
    ),
    references=(Reference(table="conditions", what="walking throughout", unit="-"),),
    cautions=(
        "Walking only: every step of running found here is false.",
        "No events, no speed.",
        "The mean of the acceleration's axes has a length of 12.4 m/s²: swing adds to gravity at "
        "the ankle, and no standing stretch tells them apart.",
    ),
)


def read_recordings(raw_dir: Path) -> Imported:
    """Read the one recording, or say why not."""
    yield read_or_leave_out("khandelwal_walk", partial(_read, raw_dir))


def _read(raw_dir: Path) -> ImportedRecording:
    """Put the three axes, one file each, together."""
    axes = []
    for axis in "XYZ":
        content = loadmat(raw_dir / f"acc{axis}.mat", variable_names=[f"acc{axis}"])
        axes.append(np.asarray(content[f"acc{axis}"], dtype=np.float64).ravel())
    sizes = {values.size for values in axes}
    if len(sizes) != 1:
        raise UnusableRecordingError(f"axes of different lengths {sorted(sizes)}")
    raw = np.column_stack(axes)
    time_s = np.arange(raw.shape[0]) / SAMPLING_RATE_HZ
    return ImportedRecording(
        row=recording_row(
            CARD,
            CARD.sensors[0],
            recording_id="khandelwal_walk",
            runner_id="khandelwal_walker",
            session_id="khandelwal_walk",
            surface=None,
        ),
        signals=signals_frame(time_s, apply_axes(raw, AXES)),
        references={
            "conditions": reference_frame(
                "conditions",
                {
                    "recording_id": "khandelwal_walk",
                    "start_s": 0.0,
                    "stop_s": raw.shape[0] / SAMPLING_RATE_HZ,
                    "activity": "walking",
                    "split_group": "khandelwal_walker",
                },
            )
        },
    )
