"""Peak memory of the whole chain, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

MAX_PEAK_OVER_INPUT = 3.0
"""The input included."""

SCRIPT = """
import sys
import numpy as np
from loadcore.recording import analyse_recording

RATE_HZ = 200.0

def worn(seconds, per_s):
    # a landing at each turn of the phase, and before it a swing forward
    n = int(seconds * RATE_HZ)
    rng = np.random.default_rng(0)
    acc, gyr = np.empty((n, 3)), np.empty((n, 3))
    for signal in (acc, gyr):
        rng.standard_normal(out=signal)
        signal *= 0.2
    phase = 2 * np.pi * per_s / RATE_HZ * np.arange(n)
    wave = np.sin(phase)
    acc[:, 1] += 9.80665 + 60.0 * np.maximum(wave, 0.0) ** 4
    acc[:, 0] += 3.0 * np.cos(phase)
    gyr[:, 2] += 8.0 * np.maximum(-wave, 0.0) ** 2 - 3.0 * np.maximum(wave, 0.0) ** 2
    return acc, gyr

def resident(name):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name)) * 1024

def run(seconds):
    acc, gyr = worn(seconds, 2.8 if sys.argv[1] == "sacrum" else 1.4)
    side = "unknown" if sys.argv[1] == "sacrum" else "right"
    found = analyse_recording(acc, gyr, sampling_rate_hz=RATE_HZ, site=sys.argv[1], side=side)
    assert found.quality.running_s > 0.5 * seconds and len(found.steps) > seconds
    return acc.nbytes + gyr.nbytes

run(60.0)  # code and what is compiled are no cost of a recording
before = resident("VmRSS:")
size = run(2700.0)
print((resident("VmHWM:") - before) / size)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's own count")
@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="would take an hour")
@pytest.mark.parametrize("site", ["shank", "foot", "sacrum"])
def test_the_chain_needs_no_more_than_three_times_its_input(site):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, site], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) <= MAX_PEAK_OVER_INPUT
