"""Runs the peers in their own environment; the benchmarks talk to it line by line, in JSON.

Only permissively licensed parts: gaitmap (MIT) without ``gaitmap_mad`` (AGPL-3), and
scikit-digital-health (MIT). Conversions to what a peer expects are made when a recording is loaded,
outside the timing.
"""

import json
import sys
import time
import warnings

import gaitmap
import numpy as np
import pandas as pd
import skdh
from gaitmap.event_detection import HerzerEventDetection
from gaitmap.trajectory_reconstruction import MadgwickAHRS
from skdh.gait import GaitLumbar

STANDARD_GRAVITY_MPS2 = 9.80665
MADGWICK_BETA = 0.2  # the package's own default
HEIGHT_M = 1.75
ANY_MONDAY_S = 1.7e9


class Recording:
    """One recording in each peer's units and axes."""

    def __init__(self, path: str) -> None:
        with np.load(path) as stored:
            acc, gyr = stored["acc_mps2"], stored["gyr_radps"]
            self.rate_hz = float(stored["rate_hz"])
            strides = stored["strides"]
        turning = np.rad2deg(gyr)
        self.sensor_frame = pd.DataFrame(
            np.hstack((acc, turning)),
            columns=["acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z"],
        )
        # gaitmap's axes: pa and si along and up, ml to the side
        self.body_frame = pd.DataFrame(
            np.column_stack((acc[:, [0, 2, 1]], turning[:, [0, 2, 1]])),
            columns=["acc_pa", "acc_ml", "acc_si", "gyr_pa", "gyr_ml", "gyr_si"],
        )
        self.strides = pd.DataFrame(strides, columns=["start", "end"]).rename_axis("s_id")
        self.time_s = ANY_MONDAY_S + np.arange(acc.shape[0]) / self.rate_hz
        self.acc_g = acc / STANDARD_GRAVITY_MPS2
        self.gyr_radps = gyr


def madgwick(recording: Recording) -> int:
    """Orientation filter alone."""
    found = MadgwickAHRS(beta=MADGWICK_BETA).estimate(
        recording.sensor_frame, sampling_rate_hz=recording.rate_hz
    )
    return len(found.orientation_)


def events(recording: Recording) -> int:
    """Place the events of strides that are given."""
    found = HerzerEventDetection().detect(
        recording.body_frame, stride_list=recording.strides, sampling_rate_hz=recording.rate_hz
    )
    return len(found.annotated_original_event_list_)


def lumbar_gait(recording: Recording) -> int:
    """Gait events and metrics from the lower back; the whole recording is taken as gait."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = GaitLumbar().predict(
            time=recording.time_s,
            accel=recording.acc_g,
            gyro=recording.gyr_radps,
            fs=recording.rate_hz,
            height=HEIGHT_M,
            gait_pred=True,
        )
    return len(found["Bout N"])


TASKS = {"madgwick": madgwick, "events": events, "lumbar_gait": lumbar_gait}


def main() -> None:
    """Answer ``load PATH``, ``run TASK``, ``clock`` and ``versions`` until the input ends."""
    answers = sys.stdout
    sys.stdout = sys.stderr  # what a peer prints is no answer
    recording = None
    for line in sys.stdin:
        match json.loads(line):
            case ["load", path]:
                recording, answer = Recording(path), None
            case ["run", task]:
                answer = TASKS[task](recording)
            case ["clock"]:
                answer = time.process_time()
            case ["versions"]:
                answer = {"gaitmap": gaitmap.__version__, "skdh": skdh.__version__}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
