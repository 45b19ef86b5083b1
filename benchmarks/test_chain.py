"""The whole chain: how fast, on how many cores, in how much memory, and for how long a recording.

Single-core figures are processor time, which other programs on the machine disturb least. Nothing
here asserts a time: a test says that the work was done, the report says how fast.
"""

import json
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numba
import numpy as np
import pytest

from benchmarks.recordings import HOUR_S, RATES_HZ, SITES, signals, whole_chain
from pipelines.paths import project_root

ROUNDS = 11
ROUNDS_OF_TWO = 5
"""The fastest counts."""


@pytest.mark.benchmark(group="chain", timer=time.process_time)
@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("site", SITES)
def test_whole_chain_of_an_hour(benchmark, site, rate_hz):
    recording = signals(site, rate_hz)
    found, damage = benchmark.pedantic(whole_chain, (recording,), rounds=ROUNDS, warmup_rounds=1)
    benchmark.extra_info |= {
        "site": site,
        "sampling_rate_hz": rate_hz,
        "n_samples": recording.n_samples,
        "n_steps": len(found.steps),
    }
    assert damage[0].n_steps > 0.9 * len(found.steps) > HOUR_S


@numba.njit(fastmath=True)
def _sum(x):
    total = 0.0
    for i in range(x.size):
        total += x[i]
    return total


@pytest.mark.benchmark(group="read_limit", timer=time.process_time)
def test_reading_memory_once(benchmark):
    """A sum is as fast as memory gives: nothing that reads every sample can be faster."""
    values = np.ones(2**27)  # 1 GB: far more than any cache
    total = benchmark.pedantic(_sum, (values,), rounds=ROUNDS, warmup_rounds=1)
    benchmark.extra_info |= {"n_bytes": values.nbytes}
    assert total == values.size


HANDS = {
    "in turn": lambda: ThreadPoolExecutor(1),
    "threads": lambda: ThreadPoolExecutor(2),
    "processes": lambda: ProcessPoolExecutor(2, mp_context=get_context("fork")),
}
"""Who works on two recordings. Processes share nothing that threads could wait for: they show what
two workers can gain on a machine that others use as well."""

SHARED = []
"""The two recordings; forked workers see them where they are."""


def _count_steps(index):
    return len(whole_chain(SHARED[index])[0].steps)


@pytest.mark.benchmark(group="two_cores")
@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("hands", HANDS)
def test_two_recordings(benchmark, site, rate_hz, hands):
    SHARED[:] = [signals(site, rate_hz) for _ in range(2)]
    with HANDS[hands]() as pool:
        found = benchmark.pedantic(
            lambda: list(pool.map(_count_steps, (0, 1))), rounds=ROUNDS_OF_TWO, warmup_rounds=1
        )
    benchmark.extra_info |= {"site": site, "sampling_rate_hz": rate_hz, "hands": hands}
    assert found[0] == found[1] > 0


@pytest.mark.benchmark(group="duration", timer=time.process_time)
@pytest.mark.parametrize("duration_s", [60.0, 600.0, HOUR_S, 6 * HOUR_S, 24 * HOUR_S])
def test_from_a_minute_to_a_day(benchmark, duration_s):
    recording = signals("shank", 100, duration_s)
    found, _ = benchmark.pedantic(whole_chain, (recording,), rounds=3, warmup_rounds=1)
    benchmark.extra_info |= {"duration_s": duration_s, "n_samples": recording.n_samples}
    assert found.quality.duration_s == duration_s


@pytest.mark.benchmark(group="memory")
@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("site", SITES)
def test_peak_memory(benchmark, site, rate_hz):
    """In a process of its own, whose peak is the chain's."""
    command = [sys.executable, "-m", "benchmarks.peak_memory", site, str(rate_hz)]
    done = benchmark.pedantic(
        subprocess.run,
        (command,),
        {"cwd": project_root(), "capture_output": True, "text": True, "check": True},
        rounds=1,
    )
    benchmark.extra_info |= {"site": site, "sampling_rate_hz": rate_hz} | json.loads(done.stdout)
    assert benchmark.extra_info["peak_bytes"] > benchmark.extra_info["input_bytes"]
