"""Peers on the very recordings that the chain is timed on, in the same run.

gaitmap's stride segmentation (`BarthDtw`) and its Rampp events are in `gaitmap_mad`, which is
AGPL-3, and are not run. Its MIT-licensed event detection is given the true strides: the peer
does less than the chain does, so the ratio is the least that it could be.
"""

import time

import pytest
from scipy import signal

from benchmarks.peers import PEERS
from benchmarks.recordings import HOUR_S, RATES_HZ, signals
from loadcore.filters import lowpass

ROUNDS = 3
ROUNDS_OF_SLOW = 1
"""A peer that needs many seconds for the hour."""
TEN_MINUTES_S = 600.0
"""For the peer that needs more than five minutes for the hour at 1000 Hz: its first ten minutes."""

TASKS = [
    ("madgwick", "shank", ROUNDS, HOUR_S),
    ("madgwick", "foot", ROUNDS, HOUR_S),
    ("madgwick", "sacrum", ROUNDS, HOUR_S),
    ("events", "foot", ROUNDS_OF_SLOW, HOUR_S),
    ("lumbar_gait", "sacrum", ROUNDS_OF_SLOW, TEN_MINUTES_S),
]
WARM_UP_S = 60.0
"""A peer compiles on a minute of data first, not on the hour."""


@pytest.mark.benchmark(group="peers", timer=PEERS.clock)
@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize(("task", "site", "rounds", "duration_s"), TASKS)
def test_peer(benchmark, peers, tmp_path, task, site, rounds, duration_s, rate_hz):
    peers.load(signals(site, rate_hz, WARM_UP_S), tmp_path)
    peers.run(task)
    recording = signals(site, rate_hz, duration_s)
    peers.load(recording, tmp_path)
    found = benchmark.pedantic(peers.run, (task,), rounds=rounds)
    benchmark.extra_info |= {
        "task": task,
        "site": site,
        "sampling_rate_hz": rate_hz,
        "n_samples": recording.n_samples,
        "n_found": found,
        "versions": peers.versions(),
    }
    assert found > 0


CUTOFF_HZ = 10.0


@pytest.mark.benchmark(group="filter", timer=time.process_time)
@pytest.mark.parametrize("who", ["scipy", "loadcore"])
def test_zero_lag_low_pass_of_three_axes(benchmark, who):
    acc = signals("shank", 1000).acc_mps2
    sections = signal.butter(2, CUTOFF_HZ, fs=1000, output="sos")
    run = {
        "scipy": lambda: signal.sosfiltfilt(sections, acc, axis=0),
        "loadcore": lambda: lowpass(acc, CUTOFF_HZ, 1000, convention="per_pass"),
    }[who]
    found = benchmark.pedantic(run, rounds=ROUNDS, warmup_rounds=1)
    benchmark.extra_info |= {"who": who, "n_samples": acc.shape[0]}
    assert found.shape == acc.shape
